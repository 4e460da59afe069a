"""What the navigation shows to whom."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the template variables of the app's frame."""
    return {}
