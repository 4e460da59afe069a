"""`manage.py restore FILE.tar`: bring a backup into a new installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from polyannot.kernel.errors import DomainError
from projects.backing_up import restore


class Command(BaseCommand):
    """Restore, check, and bring the database up to this version."""

    help = "Bring a backup into an installation without projects, while nothing else of polyannot runs."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file to read."""
        parser.add_argument("file", type=Path, help="a tar file that `manage.py backup` wrote")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore it, say what came, and migrate. Raises CommandError; then the database is as it was."""
        try:
            contents = restore(options["file"].resolve())
        except (DomainError, OSError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        for content in contents.missing:
            self.stderr.write(f"was missing when the backup was written: {content}")
        self.stdout.write(
            f"{sum(contents.rows.values()):,} rows of {len(contents.rows)} tables as in the backup,"
            f" {contents.n_files:,} files checked ({contents.n_bytes:,} bytes)"
        )
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
