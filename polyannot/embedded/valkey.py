"""The embedded Valkey, the Redis-compatible broker: one per home, reached through a socket only."""

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from polyannot.embedded.addresses import VALKEY_SOCKET, runtime_folder
from polyannot.embedded.launching import Launcher, least_launcher, own_folder, server_account
from polyannot.embedded.programs import valkey_program
from polyannot.embedded.servers import Layout, end_process, noted_pid

# The broker may lose everything (jobs live in PostgreSQL), yet a restart should find its messages again.
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "loglevel": "warning",
    "maxmemory-policy": "noeviction",
    "logfile": "",
}


@dataclass(frozen=True)
class Valkey:
    """The server with its append-only file in `valkey/` of the home."""

    layout: Layout
    name: str = "valkey"
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def socket(self) -> Path:
        """The address of the server."""
        return runtime_folder(self.layout.home) / VALKEY_SOCKET

    @property
    def pid_file(self) -> Path:
        """Where the server notes its process id."""
        return self.layout.valkey / "valkey.pid"

    def prepare(self) -> Launcher:
        """Make the folders and end a server of ours that outlived its keeper."""
        account = server_account([self.layout.postgres, self.layout.valkey, self.socket.parent])
        own_folder(self.layout.valkey, account)
        own_folder(self.socket.parent, account)
        if (pid := noted_pid(self.pid_file)) is not None:
            end_process(pid, str(self.socket), [(signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)])
        return least_launcher(account, self.layout.valkey, valkey_program())

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        settings = {
            "unixsocket": str(self.socket),
            "dir": str(self.layout.valkey),
            "pidfile": str(self.pid_file),
            **SETTINGS,
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(valkey_program()), *options]

    def is_ready(self, pid: int) -> bool:
        """Ask for a PING; a server that still loads its file answers something else."""
        del pid
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(7).startswith(b"+PONG")
            except OSError:
                return False
