"""`manage.py healthcheck`: for container health checks; exit status 0 when well."""

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from polyannot import env
from polyannot.kernel.asking import trouble_at
from projects.heartbeats import host_is_alive


class Command(BaseCommand):
    """Ask the web server of this host about the whole, or the database about the worker of this host."""

    help = "Exit with 0 when polyannot is well here."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the choice of what to ask about."""
        parser.add_argument(
            "--worker", action="store_true", help="ask about the worker or scheduler of this host"
        )

    def handle(self, *_args: Any, worker: bool, **_options: Any) -> None:
        """Raise CommandError, which makes the exit status 1, where something is gone."""
        if worker:
            check_worker()
        else:
            check_web(env.integer("PORT", 8000))


def check_worker() -> None:
    """Raise CommandError unless a worker or scheduler on this host gave a sign of life lately."""
    try:
        is_alive = host_is_alive(socket.gethostname())
    except Error as error:
        raise CommandError(f"The database does not answer: {error}") from error
    if not is_alive:
        raise CommandError("No worker on this host gave a sign of life lately.")


def check_web(port: int) -> None:
    """Raise CommandError unless /healthz of the local web server answers 200."""
    if trouble := trouble_at(f"http://127.0.0.1:{port}/"):
        raise CommandError(f"/healthz on port {port}: {trouble}")
