"""What kill -9 does to the embedded servers: nothing that the next start does not mend."""

import os
import signal
import time
from pathlib import Path

import pytest

from polyannot.embedded.postgres import Postgres
from polyannot.embedded.servers import Layout
from tests.embedded_homes import Home

pytestmark = pytest.mark.faults


def kill(*pids: int) -> None:
    """SIGKILL each."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_servers_whose_users_were_all_killed_stop_by_themselves(home: Home) -> None:
    first, second = home.joined(), home.joined()
    first.kill()
    second.kill()
    home.wait_until_gone()


def test_servers_die_with_a_killed_keeper_and_a_user_who_joins_again_has_them_back(home: Home) -> None:
    member = home.joined()
    member.ask("sql CREATE TABLE kept AS SELECT 42 AS value")
    keepers = home.keeper_pids()
    kill(*keepers.values())
    home.wait_until_gone()
    member.ask("join")
    assert member.ask("sql SELECT value FROM kept") == "42"
    assert member.ask("ping") == "True"
    assert not set(home.keeper_pids().values()) & set(keepers.values())


def test_a_start_right_after_a_killed_keeper_waits_for_its_server_to_end(home: Home) -> None:
    member = home.joined()
    kill(*home.keeper_pids().values())
    while home.keeper_pids():
        time.sleep(0.01)
    member.ask("join")
    assert member.ask("sql SELECT 1") == "1"


def test_everything_killed_at_once_starts_again_with_what_was_committed(home: Home) -> None:
    member = home.joined()
    member.ask("sql CREATE TABLE kept AS SELECT 42 AS value")
    kill(*home.keeper_pids().values(), *home.server_pids().values())
    member.kill()
    again = home.joined()
    assert again.ask("sql SELECT value FROM kept") == "42"
    assert again.ask("ping") == "True"


def test_a_killed_server_is_started_again_by_its_keeper(home: Home) -> None:
    member = home.joined()
    before = home.server_pids()
    kill(*before.values())
    assert member.ask_until_well("sql SELECT 1") == "1"
    assert member.ask_until_well("ping") == "True"
    assert not set(home.server_pids().values()) & set(before.values())


def test_a_note_of_a_dead_server_whose_id_belongs_to_another_now_harms_nobody(home: Home) -> None:
    home.joined().ask("leave")
    home.wait_until_gone()
    stranger = home.member()
    postgres = Postgres(Layout(home.path))
    for file in (postgres.cluster / "postmaster.pid", postgres.sockets / ".s.PGSQL.5432.lock"):
        file.write_text(f"{stranger.process.pid}\n{postgres.cluster}\n")
    (home.path / "valkey" / "valkey.pid").write_text(f"{stranger.process.pid}\n")
    assert home.joined().ask("sql SELECT 1") == "1"
    assert stranger.ask("ping") == "True"


def test_a_first_start_that_was_killed_half_way_is_begun_anew(home: Home) -> None:
    member = home.member()
    assert member.process.stdin is not None
    member.process.stdin.write("join\n")
    member.process.stdin.flush()
    unfinished = Postgres(Layout(home.path)).cluster.with_suffix(".unfinished")
    deadline = time.monotonic() + 20
    while not (unfinished / "PG_VERSION").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    kill(*home.keeper_pids().values())
    member.kill()
    home.wait_until_gone()
    assert home.joined().ask("sql SELECT 1") == "1"
    assert not unfinished.exists()


def test_a_removed_home_takes_its_servers_with_it(home: Home) -> None:
    home.joined()
    (home.path / "embedded").rename(home.path / "moved")
    home.wait_until_gone()
    assert Path(home.path / "moved").exists()
