"""`manage.py healthcheck`: for container health checks; exit status 0 when well."""

import os
import socket
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from projects.heartbeats import host_is_alive

ANSWER_SECONDS = 5.0


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
            check_web(int(os.environ.get("PORT", "8000")))


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
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=ANSWER_SECONDS) as answer:
            answer.read()
    except (URLError, OSError) as error:
        raise CommandError(f"/healthz on port {port}: {error}") from error
