#!/usr/bin/env python
"""The one command of polyannot: `manage.py help` lists what it can do."""

import os
import sys

from django.core.management import execute_from_command_line

from polyannot.embedded import EmbeddedError
from polyannot.embedded.commands import join_for


def main() -> None:
    """Run a management command; those that need a database or broker start or join the embedded ones."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    try:
        join_for(sys.argv[1:])
    except EmbeddedError as error:
        raise SystemExit(str(error)) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
