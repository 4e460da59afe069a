"""The keeper: one small process per server that owns it for as long as somebody uses it.

It holds the lock `NAME.keeper` all its life and has the server as its child. Whoever uses the server holds a
shared lock on `NAME.users`; when nobody has held it for a grace period the keeper takes it for itself, so
that no new user can slip in, stops the server and ends. Killed, the keeper takes its server along by the
parent-death signal.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from polyannot.embedded.errors import EmbeddedError
from polyannot.embedded.locks import FileLock
from polyannot.embedded.postgres import Postgres
from polyannot.embedded.servers import Layout, Server
from polyannot.embedded.valkey import Valkey

STARTING, READY, STOPPING = "starting", "ready", "stopping"
POLL_SECONDS = 0.05
LOCK_TRIES = 20
GRACE_SECONDS = 2.0
STOP_SECONDS = 30.0
RESTARTS = 5
CALM_SECONDS = 60.0


def server_named(name: str, home: Path) -> Server:
    """Return the server with this name in this home; raises KeyError for another name."""
    servers: dict[str, Server] = {"postgres": Postgres(Layout(home)), "valkey": Valkey(Layout(home))}
    return servers[name]


class Keeper:
    """Runs one server until nobody uses it, starting it again (with back-off) when it dies."""

    def __init__(self, server: Server, home: Path, own: FileLock) -> None:
        """Take the lock that is already ours, and the server to run."""
        self.server = server
        self.own = own
        self.users = FileLock(Layout(home).locks / f"{server.name}.users")
        self.grace = GRACE_SECONDS
        self.unused_since: float | None = None
        self.must_stop = False
        self.deaths: list[float] = []

    def listen_to_signals(self) -> None:
        """SIGTERM stops the server at once; SIGHUP (the last user is leaving and waits) forgoes the grace."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.must_stop = True

        def hurry(_number: int, _frame: FrameType | None) -> None:
            self.grace = 0.0

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, hurry)

    def note(self, state: str) -> None:
        """Write our process id and the state of the server into the lock, for those who wait."""
        self.own.write(f"{os.getpid()} {state}")

    def run(self) -> None:
        """Prepare, start and watch the server; return when it has been stopped.

        Raises EmbeddedError where it cannot be prepared or dies too often.
        """
        self.listen_to_signals()
        self.note(STARTING)
        launcher = self.server.prepare()
        while not self.is_over():
            process = launcher.start(
                self.server.command(), log=sys.stdout.buffer, death_signal=self.server.stop_signal
            )
            try:
                self.watch(process)
            finally:
                self.note(STOPPING if self.must_stop else STARTING)
                self.stop(process)

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the server dies (counting it) or is no longer wanted."""
        ready = False
        while not self.is_over():
            if process.poll() is not None:
                self.count_death(process.returncode)
                return
            if not ready and self.server.is_ready(process.pid):
                ready = True
                self.note(READY)
            time.sleep(POLL_SECONDS)

    def count_death(self, code: int) -> None:
        """Wait a little longer after each death; raises EmbeddedError after too many in a short time."""
        now = time.monotonic()
        self.deaths = [moment for moment in self.deaths if now - moment < CALM_SECONDS] + [now]
        if len(self.deaths) > RESTARTS:
            raise EmbeddedError(
                f"{self.server.name} ended {len(self.deaths)} times in a row, last with {code}."
            )
        self.note(STARTING)
        time.sleep(0.2 * 2 ** len(self.deaths))

    def is_over(self) -> bool:
        """Say whether to stop: told to, the home is gone, or unused for the grace period.

        In the last case the users' lock stays ours until we end.
        """
        if self.must_stop:
            return True
        self.must_stop = not self.own.is_in_place() or self.is_unused()
        return self.must_stop

    def is_unused(self) -> bool:
        """Say whether nobody has held the users' lock since the grace period began, and then hold it."""
        if not self.users.take(wait=False):
            self.unused_since = None
            return False
        now = time.monotonic()
        if self.unused_since is None:
            self.unused_since = now
        if now - self.unused_since >= self.grace:
            return True
        self.users.drop()
        return False

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop the server kindly, then firmly."""
        for number in (self.server.stop_signal, signal.SIGQUIT, signal.SIGKILL):
            if process.poll() is not None:
                return
            process.send_signal(number)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue


def take_patiently(lock: FileLock) -> bool:
    """Lock the file for us alone, unless somebody holds it for longer than a look at it takes."""
    for _ in range(LOCK_TRIES):
        if lock.take(wait=False):
            return True
        time.sleep(POLL_SECONDS)
    return False


def keep(name: str, home: Path) -> int:
    """Become the keeper of a server unless there is one already; return the exit status."""
    server = server_named(name, home)
    with FileLock(Layout(home).locks / f"{name}.keeper") as own:
        if not take_patiently(own):
            return 0
        try:
            Keeper(server, home, own).run()
        except (EmbeddedError, OSError, subprocess.SubprocessError) as error:
            sys.stdout.write(f"{error}\n")
            return 1
        finally:
            own.write("")
    return 0
