"""Encrypt what points to a person, and the secrets of webhooks, with the first key of PERSONAL_DATA_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from projects.webhooks import reseal_secrets
from studies.taking.identities import reseal_identities


class Command(BaseCommand):
    """Afterwards the older keys may be taken out of the settings."""

    help = "Encrypt the ids of survey platforms and the secrets of webhooks with the first key of PERSONAL_DATA_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Reseal, and say how many rows."""
        self.stdout.write(f"{reseal_identities() + reseal_secrets()} sealed with the first key")
