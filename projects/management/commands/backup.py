"""`manage.py backup FILE.tar`: everything stored in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polyannot.kernel.errors import DomainError
from projects.backing_up import back_up


class Command(BaseCommand):
    """Write a backup, while polyannot runs or not."""

    help = "Write the database and all stored files into one tar file; polyannot may go on running meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file to write."""
        parser.add_argument("file", type=Path, help="the tar file to write; must not be there yet")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write it and say what it holds. Raises CommandError when it cannot be written."""
        try:
            contents = back_up(options["file"].resolve())
        except (DomainError, OSError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        for content in contents.missing:
            self.stderr.write(f"not in the file store, so not in the backup: {content}")
        n_rows = sum(contents.rows.values())
        self.stdout.write(
            f"{n_rows:,} rows of {len(contents.rows)} tables, {contents.n_files:,} files"
            f" ({contents.n_bytes:,} bytes) in {options['file']}"
        )
