"""Joining the embedded servers, starting them where nobody has, and leaving them again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from polyannot.embedded.addresses import home
from polyannot.embedded.errors import EmbeddedError
from polyannot.embedded.keeper import READY
from polyannot.embedded.locks import FileLock
from polyannot.embedded.servers import Layout

VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
START_SECONDS = 120.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.02
LOG_BYTES = 1_000_000
CHECKOUT = Path(__file__).parents[2]


@dataclass
class Membership:
    """Our share in one embedded server: the lock that keeps it running, and its keeper if we started it."""

    name: str
    layout: Layout
    users: FileLock
    keeper: subprocess.Popen[bytes] | None = None


memberships: dict[str, Membership] = {}


def missing_servers() -> list[str]:
    """Return the servers that no variable names (X_FILE, a file that holds the address, counts too)."""
    return [
        name
        for name, variable in VARIABLES.items()
        if not os.environ.get(variable) and not os.environ.get(f"{variable}_FILE")
    ]


def join() -> None:
    """Start or join the embedded servers that no variable names, and use them until this process ends.

    Asking again is harmless and starts a server anew whose keeper was killed. Raises EmbeddedError with the
    end of the server's log where one does not start, or where POLYANNOT_HOME belongs to somebody else.
    """
    names = missing_servers()
    layout = Layout(home())
    try:
        if names:
            layout.make()
        for name in names:
            if name not in memberships:
                users = FileLock(layout.locks / f"{name}.users")
                users.take(shared=True)
                memberships[name] = Membership(name, layout, users)
    except PermissionError as error:
        raise EmbeddedError(
            f"{error.filename} belongs to another user: start polyannot as that user, or set POLYANNOT_HOME."
        ) from error
    for name in names:
        start_keeper(memberships[name])
    for name in names:
        wait_until_ready(memberships[name])


def leave(*, wait: bool) -> None:
    """Give up our share; with `wait`, return when the servers that nobody else uses have stopped."""
    left = list(memberships.values())
    memberships.clear()
    for membership in left:
        membership.users.close()
        if wait and (pid := keeper_state(membership)[0]) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + STOP_SECONDS
    for membership in left:
        while wait and keeper_runs(membership) and not is_used(membership) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if membership.keeper is not None and wait:
            membership.keeper.poll()


def keeper_runs(membership: Membership) -> bool:
    """Say whether some process keeps the server."""
    with FileLock(membership.layout.locks / f"{membership.name}.keeper") as lock:
        return not lock.take(shared=True, wait=False)


def keeper_state(membership: Membership) -> tuple[int | None, str]:
    """Return the keeper's process id and the state it noted; None and "" where nobody keeps the server."""
    with FileLock(membership.layout.locks / f"{membership.name}.keeper") as lock:
        if lock.take(shared=True, wait=False):
            return None, ""
        pid, _, state = lock.read().partition(" ")
        return (int(pid), state) if pid else (None, "")


def is_used(membership: Membership) -> bool:
    """Say whether another user (we have left) holds the users' lock; a stopping keeper does not count."""
    with FileLock(membership.layout.locks / f"{membership.name}.users") as lock:
        if lock.take(wait=False):
            return False
        return lock.take(shared=True, wait=False)


def log_file(membership: Membership) -> Path:
    """Return the file into which the keeper and its server write."""
    return membership.layout.logs / f"{membership.name}.log"


def start_keeper(membership: Membership) -> None:
    """Start a keeper where none runs; of several who try at once, one succeeds and the others see it."""
    with FileLock(membership.layout.locks / f"{membership.name}.start") as lock:
        lock.take()
        if keeper_runs(membership):
            return
        log = log_file(membership)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        arguments = ["keep", membership.name, str(membership.layout.home)]
        with log.open("ab") as output:
            membership.keeper = subprocess.Popen(
                [sys.executable, "-m", "polyannot.embedded", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=CHECKOUT,
                start_new_session=True,
            )
        while not keeper_runs(membership) and membership.keeper.poll() is None:
            time.sleep(POLL_SECONDS)


def wait_until_ready(membership: Membership) -> None:
    """Return when the server takes connections; raises EmbeddedError when its keeper gave up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid, state = keeper_state(membership)
        if state == READY:
            return
        if pid is None and not keeper_runs(membership):
            if membership.keeper is not None and membership.keeper.poll() not in (None, 0):
                break
            start_keeper(membership)
        time.sleep(POLL_SECONDS)
    lines = log_file(membership).read_text(errors="replace").splitlines()[-12:]
    raise EmbeddedError("\n".join([f"The embedded {membership.name} did not start:", *lines]))
