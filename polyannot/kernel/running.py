"""`manage.py up` and `manage.py demo`: everything on this machine, until Ctrl-C."""

import os
import socket
import sys
import time
from dataclasses import dataclass
from typing import TextIO

from django.conf import settings
from django.core.management import CommandError, call_command, get_commands

from polyannot import embedded, env
from polyannot.kernel import programs
from polyannot.kernel.asking import trouble_at
from polyannot.kernel.programs import Program
from polyannot.kernel.supervisor import Supervisor

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
REJOIN_SECONDS = 2.0
LOAD_DEMO = "load_demo"


@dataclass
class Startup:
    """What happens while the programs run: say when all is well, keep the embedded servers alive."""

    address: str
    once_well: Program | None
    is_announced: bool = False
    rejoin_at: float = 0.0

    def tick(self, supervisor: Supervisor) -> None:
        """Do what is due."""
        now = time.monotonic()
        if now >= self.rejoin_at:
            self.rejoin_at = now + REJOIN_SECONDS
            self.rejoin(supervisor)
            if not self.is_announced:
                self.announce(supervisor)

    def rejoin(self, supervisor: Supervisor) -> None:
        """Start an embedded server again whose keeper was killed."""
        try:
            embedded.join()
        except embedded.EmbeddedError as error:
            supervisor.say("up", str(error))

    def announce(self, supervisor: Supervisor) -> None:
        """Once all is well, run what is to run once, and then say where the site is."""
        if trouble_at(self.address):
            return
        if self.once_well is not None:
            child = supervisor.children.get(self.once_well.name)
            if child is None:
                supervisor.add(self.once_well)
            if child is None or not child.has_ended_well:
                return
        self.is_announced = True
        supervisor.say("", f"Ready: {self.address}")


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError where another program listens already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} cannot be used ({error.strerror}); set PORT to another."
            ) from error


def bring_up(output: TextIO, *, with_demo: bool) -> None:
    """Migrate, run everything until SIGINT or SIGTERM, stop everything. Raises CommandError."""
    host, port = env.text("HOST", DEFAULT_HOST), env.integer("PORT", DEFAULT_PORT)
    refuse_taken_port(host, port)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    settings.POLYANNOT_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    startup = Startup(address(host, port), load_demo() if with_demo else None)
    environment = {
        "POLYANNOT_HOME": str(settings.POLYANNOT_HOME),
        "HEALTH_EXPECTS": programs.expected_by_health(),
        "PYTHONUNBUFFERED": "1",
    }
    if with_demo:
        environment["POLYANNOT_DEMO"] = "yes"
    everything = programs.whole(host, port, settings.POLYANNOT_HOME)
    supervisor = Supervisor(everything, environment, output, startup.tick)
    try:
        supervisor.run()
    finally:
        embedded.leave(wait=True)
    if supervisor.failed:
        raise CommandError(supervisor.failed)


def address(host: str, port: int) -> str:
    """Return the address a browser on this machine would use."""
    shown = {"0.0.0.0": DEFAULT_HOST, "::": "[::1]"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"http://{shown}:{port}/"


def load_demo() -> Program | None:
    """Return the program that loads the demo (harmless when it is there), where this installation has one."""
    if LOAD_DEMO not in get_commands():
        return None
    manage = os.fspath(settings.BASE_DIR / "manage.py")
    return Program(LOAD_DEMO, (sys.executable, manage, LOAD_DEMO), runs_once=True)
