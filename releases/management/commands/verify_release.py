"""manage.py verify_release FILE: check a downloaded release; exit status 1 when anything is wrong."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from releases.verifying import verify


class Command(BaseCommand):
    """Check checksums, structure and counts of a release, and build its files again from the snapshot inside."""

    help = "Check a release file: checksums, structure, counts, and that its files can be built again."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Print what was checked."""
        checked = verify(file)
        for problem in checked.problems:
            self.stderr.write(problem)
        if checked.problems:
            raise CommandError(f"{file.name}: {len(checked.problems)} problems in {checked.n_files} files.")
        self.stdout.write(f"{file.name}: {checked.n_files} files, all as they should be.")
