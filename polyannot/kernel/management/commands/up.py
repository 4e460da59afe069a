"""`manage.py up`: the whole of polyannot on this machine, until Ctrl-C."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from polyannot.kernel.running import bring_up


class Command(BaseCommand):
    """Run the web server, the workers and the scheduler; HOST and PORT say where."""

    help = "Migrate and run everything on this machine until Ctrl-C (PORT, HOST, POLYANNOT_HOME)."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until told to stop; raises CommandError where the port is taken."""
        bring_up(sys.stdout, with_demo=False)
