"""Starting a server as the right user with the least it needs, tied to the life of its keeper.

PostgreSQL refuses to run as root. A root keeper therefore starts the servers as an existing unprivileged
account (`nobody`, or the one POLYANNOT_DB_USER names) and hands only their own folders to it. Where a folder
above those is closed to that account (a home directory with mode 0700, say) its mode stays as it is: the
server keeps the one capability that lets it pass, the weaker CAP_DAC_READ_SEARCH where that is enough.
"""

import contextlib
import os
import pwd
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from polyannot.embedded import linux
from polyannot.embedded.errors import EmbeddedError

DEFAULT_ACCOUNT = "nobody"
CAPABILITIES: tuple[int | None, ...] = (None, linux.CAP_DAC_READ_SEARCH, linux.CAP_DAC_OVERRIDE)


@dataclass(frozen=True)
class Account:
    """The user and group that own and run the servers."""

    uid: int
    gid: int


def server_account(folders: list[Path]) -> Account:
    """Return who runs the servers: we ourselves, or as root the owner of existing folders, or `nobody`.

    Raises EmbeddedError where the account that root should use does not exist or is root itself.
    """
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid())
    for folder in folders:
        if folder.exists() and (found := folder.stat()).st_uid != 0:
            return Account(found.st_uid, found.st_gid)
    name = os.environ.get("POLYANNOT_DB_USER", DEFAULT_ACCOUNT)
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and there is no account {name!r} to run it as. Set "
            "POLYANNOT_DB_USER to an existing unprivileged account, start polyannot as an ordinary user, or "
            "set DATABASE_URL and REDIS_URL to servers of your own."
        ) from error
    if entry.pw_uid == 0:
        raise EmbeddedError("PostgreSQL does not run as root: POLYANNOT_DB_USER must name another account.")
    return Account(entry.pw_uid, entry.pw_gid)


def own_folder(path: Path, account: Account) -> None:
    """Make sure that the folder exists with mode 0700 and belongs to the account.

    Only a folder that polyannot makes is changed; raises EmbeddedError for a link or somebody else's folder.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and os.getuid() == 0:
        os.chown(path, account.uid, account.gid)
        found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedError(
            f"{path} must be a folder of user {account.uid} that nobody else may enter. Move it away, or set "
            "POLYANNOT_HOME to another folder, or start polyannot as the user whom it belongs to."
        )


@dataclass(frozen=True)
class Launcher:
    """Starts programs as one account in one folder, with at most one capability."""

    account: Account
    folder: Path
    capability: int | None = None

    def enter(self, death_signal: int, parent: int) -> None:
        """Become the account between fork and exec; changing user would clear the death signal."""
        if os.getuid() != self.account.uid:
            linux.become(self.account.uid, self.account.gid, self.capability)
        linux.die_with_parent(death_signal, parent)
        os.umask(0o077)
        os.chdir(self.folder)

    def start(self, command: list[str], *, log: IO[bytes], death_signal: int) -> subprocess.Popen[bytes]:
        """Start a server in a process group of its own; it gets the signal when we die. Main thread only.

        The kernel ties the signal to the thread that forks. Raises OSError, subprocess.SubprocessError.
        """
        parent = os.getpid()
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            process_group=0,
            preexec_fn=lambda: self.enter(death_signal, parent),  # noqa: PLW1509 (the keeper has one thread)
        )

    def run(self, command: list[str], *, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end and return its output, both streams in one."""
        parent = os.getpid()
        return subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            check=False,
            preexec_fn=lambda: self.enter(signal.SIGKILL, parent),
        )

    def can_run(self, program: Path) -> bool:
        """Say whether the program starts this way and the folder can be entered."""
        try:
            return self.run([str(program), "--version"]).returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False


def least_launcher(account: Account, folder: Path, program: Path) -> Launcher:
    """Return the launcher with the least privilege under which the account can run the program in the folder.

    Raises EmbeddedError where none is enough.
    """
    choices = CAPABILITIES if account.uid != os.getuid() and linux.IS_LINUX else CAPABILITIES[:1]
    for capability in choices:
        launcher = Launcher(account, folder, capability)
        if launcher.can_run(program):
            return launcher
    raise EmbeddedError(
        f"User {account.uid} cannot run {program} in {folder}: a folder above them is closed to that user "
        "and the system lets no capability be kept. Install polyannot and set POLYANNOT_HOME where that user "
        "may enter, name another account by POLYANNOT_DB_USER, start polyannot as an ordinary user, or set "
        "DATABASE_URL and REDIS_URL to servers of your own."
    )
