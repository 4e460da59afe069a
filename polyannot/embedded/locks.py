"""Advisory locks on files: the kernel drops them when their process dies, however it dies."""

import fcntl
import os
from pathlib import Path
from typing import Self


class FileLock:
    """A file that several processes may lock, shared or for one alone, and write a word of state into.

    The descriptor is closed on exec, so a started program never inherits the lock; a forked child does.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, creating it for its owner only; raises OSError where that is not allowed."""
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        """Return the lock; it is dropped and closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Lock the file and return whether it is ours now; without `wait` answer at once."""
        mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(self.descriptor, mode)
        except BlockingIOError:
            return False
        return True

    def drop(self) -> None:
        """Unlock the file but keep it open."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which unlocks it unless a forked child still has it open."""
        os.close(self.descriptor)

    def write(self, text: str) -> None:
        """Replace the content of the file."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)

    def read(self) -> str:
        """Return the content of the file (at most 200 bytes)."""
        return os.pread(self.descriptor, 200, 0).decode()

    def is_in_place(self) -> bool:
        """Say whether the path still names the open file (false after somebody removed the folder)."""
        try:
            return self.path.stat().st_ino == os.fstat(self.descriptor).st_ino
        except FileNotFoundError:
            return False
