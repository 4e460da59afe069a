#!/usr/bin/env python
"""The one command of polyannot: `manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    """Run a management command; those that need a database or broker start or join the embedded ones."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
