"""Middleware of the whole: the content security policy, and the one place that turns domain errors into answers."""

import logging
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from polyannot.kernel.errors import DomainError

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "style-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self' https://app.prolific.com",
        "frame-ancestors 'none'",
    ]
)


class ContentSecurityPolicyMiddleware:
    """Send the strict policy with every page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


def wants_json(request: HttpRequest) -> bool:
    """Say whether the caller is a script that asked for JSON."""
    return request.headers.get("Accept", "").startswith("application/json")


class DomainErrorMiddleware:
    """Turn a DomainError into a page, a partial or JSON with its status; give any other error a reference number."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a DomainError; other exceptions get a reference that the log and the page share."""
        if not isinstance(exception, DomainError):
            reference = secrets.token_hex(4)
            request.reference = reference  # type: ignore[attr-defined]
            log.error("reference %s: %s at %s", reference, type(exception).__name__, _place(request))
            return None
        if wants_json(request):
            return JsonResponse(
                {"code": exception.code, "message": str(exception.message)}, status=exception.status
            )
        template = "partials/refusal.html" if request.headers.get("HX-Request") else "error.html"
        return render(
            request, template, {"error": exception, "status": exception.status}, status=exception.status
        )


def _place(request: HttpRequest) -> str:
    """Return the name of the address, without what it was asked about."""
    match = request.resolver_match
    return match.view_name if match is not None else "unknown"


def server_error(request: HttpRequest) -> HttpResponse:
    """Show a fault of ours with the reference under which the log has it."""
    reference = getattr(request, "reference", "")
    response = render(request, "500.html", {"reference": reference}, status=500)
    response["X-Reference"] = reference
    return response
