"""Giving out the OpenAPI document."""

from functools import cache
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from projects.http import PUBLIC


@cache
def document() -> dict[str, Any]:
    """Return the document of all addresses of the API, made from the views once."""
    told: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return told


@require_safe
def openapi(_request: HttpRequest) -> JsonResponse:
    """Send the document to whoever writes a client; it holds nothing of any project."""
    return JsonResponse(document())


openapi.access_rule = (PUBLIC,)  # type: ignore[attr-defined]
