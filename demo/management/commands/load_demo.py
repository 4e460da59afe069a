"""manage.py load_demo: make the demo project once, through the acts that people use."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.demo import DEMO_ACCOUNTS
from demo.loading import load_demo


class Command(BaseCommand):
    """Load the demonstration; its accounts have passwords that everybody may know, so it needs POLYANNOT_DEMO."""

    help = "Make the demo project once (needs POLYANNOT_DEMO=yes and running workers)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and list the accounts."""
        if not settings.DEMO:
            raise CommandError(
                "The demo has accounts with known passwords: set POLYANNOT_DEMO=yes to load it."
            )
        load_demo(say=self.stdout.write)
        self.stdout.write("Accounts of the demonstration (name / password):")
        for account in DEMO_ACCOUNTS:
            self.stdout.write(f"  {account.role!s:<16}{account.username:<14}{account.password}")
