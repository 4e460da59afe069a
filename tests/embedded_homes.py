"""Homes of the embedded servers and processes that use them, for tests that kill both."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyannot.embedded import linux
from polyannot.embedded.locks import FileLock
from polyannot.embedded.servers import command_line

MEMBER = Path(__file__).parent / "embedded_member.py"
CHECKOUT = Path(__file__).parents[1]


@dataclass
class Member:
    """A running `embedded_member.py`."""

    process: subprocess.Popen[str]

    def ask(self, line: str) -> str:
        """Send a line and return the answer; fails on an error."""
        told = self.tell(line)
        assert "ok" in told, told
        return told["ok"]

    def tell(self, line: str) -> dict[str, str]:
        """Send a line and return the whole answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        told: dict[str, str] = json.loads(self.process.stdout.readline())
        return told

    def ask_until_well(self, line: str, seconds: float = 120.0) -> str:
        """Ask again and again while a server restarts."""
        deadline = time.monotonic() + seconds
        while "ok" not in (told := self.tell(line)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "ok" in told, told
        return told["ok"]

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


@dataclass
class Home:
    """A POLYANNOT_HOME and those who use it."""

    path: Path
    members: list[Member] = field(default_factory=list)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which only this home is known."""
        kept = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
        }
        return {**kept, "POLYANNOT_HOME": str(self.path), **more}

    def member(self, more: Mapping[str, str] | None = None, *, user: int | None = None) -> Member:
        """Start a process that may join this home, as another user if asked.

        That user may pass through every folder: root's Python often lies in one that is closed to others.
        """

        def become() -> None:
            if user is not None:
                linux.become(user, user, linux.CAP_DAC_READ_SEARCH)

        process = subprocess.Popen(
            [sys.executable, str(MEMBER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment(more or {}),
            cwd=CHECKOUT,
            preexec_fn=become,  # noqa: PLW1509
        )
        self.members.append(Member(process))
        return self.members[-1]

    def joined(self, more: Mapping[str, str] | None = None) -> Member:
        """Start a process that has joined."""
        member = self.member(more)
        member.ask("join")
        return member

    def keeper_pids(self) -> dict[str, int]:
        """Return the process ids of the keepers that run."""
        found = {}
        for file in (self.path / "embedded").glob("*.keeper"):
            with FileLock(file) as lock:
                pid = lock.read().partition(" ")[0]
                if not lock.take(shared=True, wait=False) and pid:
                    found[file.stem] = int(pid)
        return found

    def processes(self) -> dict[int, str]:
        """Return every process whose arguments or environment name this home, except our members."""
        ours = {member.process.pid for member in self.members}
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) not in ours:
                line = command_line(int(entry.name))
                if line and (str(self.path) in line or str(self.path) in environment_of(entry)):
                    found[int(entry.name)] = line
        return found

    def server_pids(self) -> dict[str, int]:
        """Return the process ids of the two servers (of PostgreSQL its main process)."""
        found = {}
        for pid, line in self.processes().items():
            if "/postgres -D " in line:
                found["postgres"] = pid
            elif "valkey-server" in line:
                found["valkey"] = pid
        return found

    def wait_until_gone(self, seconds: float = 300.0) -> None:
        """Fail unless every server and keeper of this home ends by itself."""
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        left = self.processes()
        assert left == {}, f"still there after {seconds:.0f} s: {left}"

    def clear(self) -> None:
        """End members, keepers and servers of this home."""
        for member in self.members:
            member.kill()
        for _ in range(200):
            if not self.processes():
                return
            time.sleep(0.05)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def environment_of(process: Path) -> str:
    """Return the environment of a process as it began; empty where it has gone or may not be read."""
    try:
        return (process / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def permissions(*paths: Path) -> Mapping[Path, tuple[int, int, int]]:
    """Return mode, owner and group of each path and of all folders above it."""
    every = {folder for path in paths for folder in (path, *path.parents)}
    return {
        path: (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid, path.stat().st_gid) for path in every
    }
