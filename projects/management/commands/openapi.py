"""`manage.py openapi`: print the OpenAPI document, as docs/api/openapi.json holds it."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from projects.api.serving import document


class Command(BaseCommand):
    """Print the contract of the API."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it with sorted keys."""
        self.stdout.write(json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False))
