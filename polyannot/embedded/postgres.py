"""The embedded PostgreSQL 18 with pgvector: one cluster per home, reached through a socket only."""

import os
import pwd
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from polyannot.embedded.addresses import DATABASE, POSTGRES_SOCKET, runtime_folder
from polyannot.embedded.errors import EmbeddedError
from polyannot.embedded.launching import Account, Launcher, least_launcher, own_folder, server_account
from polyannot.embedded.linux import IS_LINUX
from polyannot.embedded.programs import postgres_program
from polyannot.embedded.servers import Layout, end_process, noted_pid

MAJOR_VERSION = 18
STATUS_LINE = 7
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "jit": "off",
    "cluster_name": "polyannot",
}


INITDB_OPTIONS = [
    f"--username={DATABASE}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth-local=peer",
    "--auth-host=reject",
]


@dataclass(frozen=True)
class Postgres:
    """The cluster in `postgres/` of the home; fsync stays on, and only its owner and root may connect."""

    layout: Layout
    name: str = "postgres"
    stop_signal: signal.Signals = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    @property
    def cluster(self) -> Path:
        """The data directory; a later major version gets another one."""
        return self.layout.postgres / f"cluster-{MAJOR_VERSION}"

    @property
    def sockets(self) -> Path:
        """The folder of the socket."""
        return runtime_folder(self.layout.home)

    def prepare(self) -> Launcher:
        """Create the cluster where there is none, and clear what a killed server left."""
        account = server_account([self.layout.postgres, self.layout.valkey, self.sockets])
        own_folder(self.layout.postgres, account)
        own_folder(self.sockets, account)
        launcher = least_launcher(account, self.layout.postgres, postgres_program("postgres"))
        if not self.cluster.exists():
            self.create(launcher)
        self.clear_remains()
        self.write_access_rules(account)
        return launcher

    def create(self, launcher: Launcher) -> None:
        """Make a cluster with its database beside the final place, bring it to the disk, move it there whole.

        Only the end is synced, with one call for the file system: a thousand small files take seconds one by one.
        """
        unfinished = self.cluster.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        initdb, folder = str(postgres_program("initdb")), f"--pgdata={unfinished}"
        single = [str(postgres_program("postgres")), "--single", "-F", "-D", str(unfinished), "postgres"]
        sync_method = ["--sync-method=syncfs"] if IS_LINUX else []
        steps = [
            ([initdb, folder, "--no-sync", *INITDB_OPTIONS], ""),
            (single, f"CREATE DATABASE {DATABASE}\n"),
            ([initdb, folder, "--sync-only", *sync_method], ""),
        ]
        for command, given in steps:
            done = launcher.run(command, given=given)
            if done.returncode != 0:
                raise EmbeddedError(
                    f"{Path(command[0]).name} could not make a database: {done.stdout.strip()}"
                )
        unfinished.rename(self.cluster)

    def clear_remains(self) -> None:
        """End a server of ours that outlived its keeper; forget a dead one whose id now belongs to another.

        PostgreSQL clears what a dead server left, but refuses to start where its id is in use again or its
        file is empty.
        """
        ours = " ".join(self.command()[:3])
        for file in (self.cluster / "postmaster.pid", self.sockets / f"{POSTGRES_SOCKET}.lock"):
            if not file.exists():
                continue
            pid = noted_pid(file)
            if pid is not None:
                end_process(pid, ours, [(signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)])
            file.unlink(missing_ok=True)

    def write_access_rules(self, account: Account) -> None:
        """Let the user of the home and root connect through the socket, and nobody else."""
        users = {0, os.getuid()}
        names = sorted({name for uid in users if (name := user_name(uid)) is not None})
        rules = {
            "pg_hba.conf": "local all all peer map=owners\n",
            "pg_ident.conf": "".join(f'owners "{name}" {DATABASE}\n' for name in names),
        }
        for name, text in rules.items():
            file = self.cluster / name
            file.write_text(text)
            if os.getuid() == 0:
                os.chown(file, account.uid, account.gid)

    def command(self) -> list[str]:
        """Return the program and its arguments; the first three name the cluster."""
        quoted = '"' + str(self.sockets).replace('"', '""') + '"'
        settings = {"unix_socket_directories": quoted, **SETTINGS}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(postgres_program("postgres")), "-D", str(self.cluster), *options]

    def is_ready(self, pid: int) -> bool:
        """Read the status that the server keeps in its pid file, as pg_ctl does."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"


def user_name(uid: int) -> str | None:
    """Return the name of a user, or None for one without an entry."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
