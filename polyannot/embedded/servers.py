"""What the keeper must know of a server: how to prepare, start, greet and stop it."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from polyannot.embedded.launching import Launcher


class Server(Protocol):
    """One embedded server of one home."""

    @property
    def name(self) -> str:
        """The name of its lock files and log."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal on which it ends cleanly."""

    def prepare(self) -> Launcher:
        """Make the folders and files that the server needs, end a stale server, and return who runs it."""

    def command(self) -> list[str]:
        """Return the program and its arguments."""

    def is_ready(self, pid: int) -> bool:
        """Say whether the server with this process id takes connections."""


@dataclass(frozen=True)
class Layout:
    """The folders under POLYANNOT_HOME that the embedded servers use."""

    home: Path

    @property
    def locks(self) -> Path:
        """Where the lock files lie."""
        return self.home / "embedded"

    @property
    def logs(self) -> Path:
        """Where the keepers and servers write their logs."""
        return self.home / "log"

    @property
    def postgres(self) -> Path:
        """What PostgreSQL owns."""
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        """What Valkey owns."""
        return self.home / "valkey"

    def make(self) -> None:
        """Create the folders that belong to the one who starts; parents of the home keep the usual mode."""
        for folder in (self.home, self.locks, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def command_line(pid: int) -> str:
    """Return the arguments of a running process, joined by spaces; empty for none or a zombie."""
    proc = Path("/proc/self")
    if proc.exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ")
        except OSError:
            return ""
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout


def noted_pid(file: Path) -> int | None:
    """Return the process id in the first line of a file; None where there is no file or no number."""
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def end_process(pid: int, ours: str, signals: list[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait its seconds, as long as the process still has our arguments."""
    for number, seconds in signals:
        if ours not in command_line(pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and ours in command_line(pid):
            time.sleep(0.02)
