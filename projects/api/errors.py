"""Errors of the API: one form for all, application/problem+json (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.exceptions import NotFound as ApiNotFound
from rest_framework.exceptions import PermissionDenied as ApiDenied
from rest_framework.response import Response
from rest_framework.views import set_rollback

from polyannot.kernel.errors import DomainError
from projects.http import PUBLIC

PROBLEM = "application/problem+json"
UNPROCESSABLE = 422


def problem(
    status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """Return the body of an error: `code` is for programs, `detail` for people, `errors` names fields."""
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return told | {"errors": errors} if errors else told


def answer_to(exception: Exception, _context: Mapping[str, Any]) -> Response | None:
    """Return the answer to an error that the API knows; None leaves it to be a fault of ours."""
    headers: dict[str, str] = {}
    if isinstance(exception, DomainError):
        body = problem(exception.status, exception.code, str(exception.message))
    elif isinstance(exception, ValidationError):
        errors = list(_flat(exception.detail))
        body = problem(
            UNPROCESSABLE, "invalid", _("Some of the values make no sense; nothing was done."), errors
        )
    elif isinstance(exception, RequestDataTooBig):
        body = problem(413, "too_large", _("This is more than a request may hold; nothing was done."))
    elif isinstance(known := _known(exception), APIException):
        headers = _headers(known)
        body = problem(known.status_code, _code(known), str(known.detail))
    else:
        return None
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=PROBLEM)


def _known(exception: Exception) -> Exception:
    if isinstance(exception, Http404):
        return ApiNotFound()
    return ApiDenied() if isinstance(exception, PermissionDenied) else exception


def _code(exception: APIException) -> str:
    codes = exception.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def _headers(exception: APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exception, "auth_header", ""):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exception, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers


def _flat(detail: Any, place: str = "") -> Any:
    """Yield each complaint of a serializer with the field it is about."""
    if isinstance(detail, ErrorDetail):
        yield {"field": place, "code": detail.code or "invalid", "message": str(detail)}
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _flat(inner, f"{place}.{name}".lstrip("."))
    else:
        for inner in detail:
            yield from _flat(inner, place)


@csrf_exempt
def nothing_here(_request: HttpRequest, **_path: str) -> JsonResponse:
    """Answer an address of the API that is none."""
    body = problem(404, "not_found", _("The API has no such address."))
    return JsonResponse(body, status=404, content_type=PROBLEM)


nothing_here.access_rule = (PUBLIC,)  # type: ignore[attr-defined]
