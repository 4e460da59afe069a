"""`manage.py up` as a person runs it: ready, interrupted, killed; nothing is left running."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded_homes import CHECKOUT, Home
from tests.faults.killing import PATIENCE, wait_until
from tests.live import free_port

pytestmark = pytest.mark.faults

# From an empty home: every migration, and workers that load their models, on a machine that has other work.
READY_SECONDS = 600.0


class Up:
    """A running `manage.py up`."""

    def __init__(self, home: Home, log: Path, **more: str) -> None:
        """Start it on a free port."""
        self.log = log
        self.url = f"http://127.0.0.1:{(port := free_port())}/"
        self.started = time.monotonic()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=CHECKOUT,
                env=home.environment({"PORT": str(port), **more}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, seconds: float) -> None:
        """Return when it says where the site is."""
        while time.monotonic() < self.started + seconds and self.process.poll() is None:
            if f"Ready: {self.url}" in self.log.read_text():
                return
            time.sleep(0.1)
        pytest.fail(f"not ready:\n{self.log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for the whole file, so that the second start is one."""
    home = Home(tmp_path_factory.mktemp("up") / "home")
    yield home
    for pid in home.processes():
        os.kill(pid, signal.SIGKILL)
    home.clear()


def test_ctrl_c_stops_everything_and_leaves_no_process(home: Home, tmp_path: Path) -> None:
    up = Up(home, tmp_path / "up.log")
    up.wait_until_ready(READY_SECONDS)
    assert len(home.processes()) > 8
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE) == 0, up.log.read_text()[-2000:]
    home.wait_until_gone()


def test_a_killed_worker_is_started_again_and_a_killed_up_takes_all_with_it(
    home: Home, tmp_path: Path
) -> None:
    up = Up(home, tmp_path / "up.log")
    up.wait_until_ready(READY_SECONDS)
    worker = next(pid for pid, line in home.processes().items() if "-Q default" in line)
    os.kill(worker, signal.SIGKILL)
    said = "default | ended with -9; starting it again"
    wait_until(lambda: said in up.log.read_text(), f"up never said: {said}")
    for keeper in home.keeper_pids().values():
        os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: len(home.keeper_pids()) == 2, "up has not its servers again")
    up.process.kill()
    up.process.wait()
    home.wait_until_gone()


def test_a_port_that_is_taken_is_said_so_before_anything_runs(home: Home, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=CHECKOUT,
            env=home.environment({"PORT": str(port)}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert told.returncode == 1
    assert f"127.0.0.1:{port}" in told.stderr
    assert "set PORT" in told.stderr
