"""`manage.py demo`: the whole of polyannot with a project to look at."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from polyannot.kernel.running import bring_up


class Command(BaseCommand):
    """Run everything, load the demo project once, and show its accounts."""

    help = "Like `up`, with the demo project loaded once; its accounts are shown."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until told to stop; raises CommandError where the port is taken or the demo cannot be loaded."""
        bring_up(sys.stdout, with_demo=True)
