"""Management commands that run a program of the model workers: found by name, so that the web never imports torch."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError


class ModelCommand(BaseCommand):
    """Give all arguments to `main(arguments) -> exit status` of the module that `program` names."""

    program: ClassVar[str]
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run and end with the program's exit status."""
        try:
            status = self.run(argv[2:])
        except CommandError as error:
            self.stderr.write(str(error))
            status = 1
        sys.exit(status)

    def handle(self, *args: Any, **_options: Any) -> None:
        """Run with the given arguments; raises CommandError for any other exit status than 0."""
        if (status := self.run([str(argument) for argument in args])) != 0:
            raise CommandError(f"{self.program} ended with status {status}.", returncode=status)

    def run(self, arguments: list[str]) -> int:
        """Return the exit status. Raises CommandError where the models are not installed."""
        if find_spec("torch") is None:
            raise CommandError(
                "This needs the models: pip install -c constraints.txt -e '.[web,ml,corpora,layout]'"
            )
        status: int = import_module(self.program).main(arguments)
        return status
