"""The doors: a view says whom it is for, and gets the person's access instead of looking rows up by itself."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from projects import access as doors
from projects.access import Access

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]

# What a view may declare itself to be; the sweep over all addresses reads it.
PUBLIC, SIGNED_IN, SITE_ADMIN, PARTICIPANT = "public", "signed-in", "site-admin", "participant"


def project_view(
    *roles: str,
) -> Callable[[Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase]], View]:
    """Let in members of the project in the address whose role includes one of `roles` (any member without roles)."""

    def decorate(view: Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase]) -> View:
        @wraps(view)
        @login_required
        def guarded(
            request: HttpRequest, project_slug: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            access = doors.project_access(request.user, project_slug, *roles)
            request.project_access = access  # type: ignore[attr-defined]
            return view(request, access, *args, **kwargs)

        return _declared(guarded, roles)

    return decorate


def site_admin_view(view: Callable[Concatenate[HttpRequest, User, P], HttpResponseBase]) -> View:
    """Let in the administrators of the site, and give the view who it is."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, doors.site_admin(request.user), *args, **kwargs)

    return _declared(guarded, (SITE_ADMIN,))


def signed_in_view(view: Callable[Concatenate[HttpRequest, User, P], HttpResponseBase]) -> View:
    """Let in anybody who is signed in, and give the view who it is."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        assert isinstance(request.user, User)
        return view(request, request.user, *args, **kwargs)

    return _declared(guarded, (SIGNED_IN,))


def participant_view(view: View) -> View:
    """Say that a view is for participants of studies, who have a link and no account."""
    return _declared(view, (PARTICIPANT,))


def _declared(view: View, roles: tuple[str, ...]) -> View:
    view.access_rule = roles  # type: ignore[attr-defined]
    return view


def access_rule(view: Any) -> tuple[str, ...] | None:
    """Return whom a view says it is for: roles, or one of the words above; None when it does not say."""
    return getattr(view, "access_rule", None)
