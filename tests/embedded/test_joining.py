"""Starting and joining the embedded servers."""

import os
import shutil
import time
from pathlib import Path

import pytest

from polyannot.embedded import addresses, linux
from polyannot.embedded.commands import needs_servers
from tests.embedded_homes import CHECKOUT, Home, permissions

EXTENSION = "SELECT name FROM pg_available_extensions WHERE name = 'vector'"


def test_the_first_user_starts_both_servers_and_the_last_one_to_leave_stops_them(home: Home) -> None:
    above = permissions(home.path.parent, CHECKOUT)
    member = home.joined()
    assert permissions(home.path.parent, CHECKOUT) == above, "no folder that was there is changed"
    assert above[home.path.parent][0] == 0o700
    for made in (home.path, *home.path.iterdir()):
        assert permissions(made)[made][0] & 0o077 == 0, f"{made} is open to others"
    assert member.ask("sql " + EXTENSION) == "vector"
    assert member.ask("sql SHOW fsync") == "on"
    assert member.ask("sql SHOW listen_addresses") == ""
    assert member.ask("sql SELECT usesuper FROM pg_user WHERE usename = current_user") == "True"
    assert member.ask("ping") == "True"
    member.ask("leave")
    home.wait_until_gone()


def test_a_second_user_joins_and_keeps_the_servers_when_the_first_one_leaves(home: Home) -> None:
    first, second = home.joined(), home.joined()
    keepers = home.keeper_pids()
    assert set(keepers) == {"postgres", "valkey"}
    first.ask("leave")
    time.sleep(0.3)
    assert home.keeper_pids() == keepers
    assert second.ask("ping") == "True"
    assert second.ask("sql SELECT 1") == "1"


def test_users_who_start_at_the_same_moment_share_one_server(home: Home) -> None:
    members = [home.member() for _ in range(3)]
    for member in members:
        assert member.process.stdin is not None
        member.process.stdin.write("join\n")
        member.process.stdin.flush()
    for member in members:
        assert member.process.stdout is not None
        assert member.process.stdout.readline() == '{"ok": "join"}\n'
    assert len({member.ask("sql SELECT pg_postmaster_start_time()") for member in members}) == 1


def test_what_was_written_is_there_after_a_restart(home: Home) -> None:
    first = home.joined()
    first.ask("sql CREATE TABLE kept AS SELECT 42 AS value")
    first.ask("leave")
    home.wait_until_gone()
    assert home.joined().ask("sql SELECT value FROM kept") == "42"


def test_two_homes_side_by_side_have_two_databases(folder: Path) -> None:
    homes = Home(folder / "one"), Home(folder / "two")
    try:
        one, two = (home.joined() for home in homes)
        one.ask("sql CREATE TABLE only_here AS SELECT 1 AS value")
        assert one.ask("sql SELECT to_regclass('only_here')") == "only_here"
        assert two.ask("sql SELECT to_regclass('only_here')") == "None"
    finally:
        for home in homes:
            home.clear()


def test_a_home_with_a_long_or_strange_path_has_its_sockets_in_a_closed_folder_of_its_own(
    folder: Path,
) -> None:
    home = Home(folder / ("a rather long name, with spaces & signs " * 3) / "home")
    home.path.parent.mkdir()
    sockets = addresses.runtime_folder(home.path)
    try:
        member = home.joined()
        assert member.ask("sql SELECT 1") == "1"
        assert member.ask("ping") == "True"
        assert sockets.parent == Path("/tmp")
        assert permissions(sockets)[sockets][0] == 0o700
    finally:
        home.clear()
        shutil.rmtree(sockets, ignore_errors=True)


def test_somebody_elses_folder_in_the_place_of_the_sockets_is_refused(home: Home) -> None:
    home.path.mkdir(mode=0o700)
    (home.path / "run").mkdir(mode=0o755)
    (home.path / "run").chmod(0o777)
    told = home.member().tell("join")
    assert "nobody else may enter" in told["error"]
    assert permissions(home.path / "run")[home.path / "run"][0] == 0o777


def test_an_unknown_account_is_refused_with_what_to_do(home: Home, nobody: int) -> None:
    told = home.member({"POLYANNOT_DB_USER": "no-such-user"}).tell("join")
    assert "no-such-user" in told["error"]
    assert "DATABASE_URL" in told["error"]


def test_root_leaves_the_servers_to_an_ordinary_account(home: Home, nobody: int) -> None:
    home.joined()
    servers = [pid for pid, line in home.processes().items() if "polyannot.embedded" not in line]
    assert len(servers) >= 2
    for pid in servers:
        assert Path(f"/proc/{pid}").stat().st_uid == nobody
        status = Path(f"/proc/{pid}/status").read_text()
        kept = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff"))
        assert kept in {0, 1 << linux.CAP_DAC_READ_SEARCH, 1 << linux.CAP_DAC_OVERRIDE}


def test_an_ordinary_user_runs_the_servers_as_themself(folder: Path, nobody: int) -> None:
    os.chown(folder, nobody, nobody)
    home = Home(folder / "home")
    try:
        member = home.member({"HOME": str(folder)}, user=nobody)
        member.ask("join")
        assert member.ask("sql SELECT 1") == "1"
        assert member.ask("ping") == "True"
        assert permissions(home.path)[home.path] == (0o700, nobody, nobody)
        refused = Home(home.path).member(user=1).tell("join")
        assert "another user" in refused["error"] or "Permission" in refused["error"]
    finally:
        home.clear()


def test_servers_named_by_the_environment_are_used_and_none_is_started(home: Home, folder: Path) -> None:
    ours = Home(folder / "elsewhere")
    try:
        there = ours.joined()
        there.ask("sql CREATE TABLE elsewhere AS SELECT 7 AS value")
        sockets = addresses.runtime_folder(ours.path)
        named = {
            "DATABASE_URL": f"postgresql://polyannot@/polyannot?host={sockets}",
            "REDIS_URL": f"unix://{sockets}/{addresses.VALKEY_SOCKET}?db=0",
        }
        guest = home.joined(named)
        assert guest.ask("sql SELECT value FROM elsewhere") == "7"
        assert guest.ask("ping") == "True"
        assert not home.path.exists()
    finally:
        ours.clear()


def test_only_the_server_that_is_not_named_is_started(home: Home) -> None:
    home.joined({"DATABASE_URL": "postgresql://somewhere/else"})
    assert set(home.keeper_pids()) == {"valkey"}


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ([], False),
        (["help"], False),
        (["migrate", "--help"], False),
        (["collectstatic", "--noinput"], False),
        (["check"], False),
        (["check", "--database", "default"], True),
        (["migrate"], True),
        (["makemigrations", "--check"], True),
        (["up"], True),
    ],
)
def test_commands_that_need_no_database_start_none(arguments: list[str], needed: bool) -> None:
    assert needs_servers(arguments) is needed
