"""Typed requests and partials: a partial's name is the element's id is the htmx target."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from accounts.models import User


class Request(HttpRequest):
    """A request with htmx details."""

    htmx: HtmxDetails


class SignedInRequest(Request):
    """A request by a person who is signed in."""

    user: "User"


def render_partial(
    request: HttpRequest, page: str, partial: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render the partial when htmx asks for exactly that element, the whole page otherwise."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    template = partial if details and details.target and partial.endswith(f"/{details.target}.html") else page
    return render(request, template, dict(context), status=status)
