"""What all pages of a participant share: the cookie with the link's secret, and the way back to their place."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from polyannot.kernel.errors import Conflict
from polyannot.kernel.middleware import wants_json
from projects.http import View, participant_view
from studies.access import open_study, participant_of
from studies.models import Participant, Study

COOKIE = "participant"
COOKIE_DAYS = 60
# The parameter of a personal link; never in a path, since paths may reach a log.
LINK_PARAMETER = "link"


def cookie_path(study: Study) -> str:
    """Return the part of the site to which the secret is sent: this study alone."""
    return reverse("survey-door", args=[study.slug])


def keep_secret(response: HttpResponse, study: Study, secret: str) -> HttpResponse:
    """Put the secret where only this study's pages and no script get it."""
    keep_while_here(response, study, COOKIE, secret, seconds=COOKIE_DAYS * 24 * 3600)
    return response


def keep_while_here(response: HttpResponse, study: Study, name: str, value: str, *, seconds: int) -> None:
    """Put a value for a short while where only this study's pages and no script get it."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=cookie_path(study),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def secret_of(request: HttpRequest) -> str:
    """Return the secret that the browser holds for this study, empty without one."""
    return request.COOKIES.get(COOKIE, "")


def personal_address(request: HttpRequest, study: Study, secret: str) -> str:
    """Return the link with which whoever holds the secret goes on, on any device."""
    address = reverse("survey-door", args=[study.slug])
    return request.build_absolute_uri(f"{address}?{LINK_PARAMETER}={secret}")


def to_place(study: Study) -> HttpResponse:
    """Send the participant to their place, at the clean address; 303 so that a form is never sent again."""
    response = redirect("survey", study.slug)
    response.status_code = 303
    return response


def visit(view: Callable[..., HttpResponseBase]) -> View:
    """Give a view the participant of the cookie; somebody without one is sent to the study's door.

    A page is never kept by the browser: going back asks the server, which knows the place.
    """

    @wraps(view)
    def visited(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        secret = secret_of(request)
        study = open_study(slug, secret)
        participant = participant_of(study, secret)
        if participant is None:
            return redirect("survey-door", study.slug)
        participant.study = study
        try:
            response = view(request, participant, *args, **kwargs)
        except Conflict:
            if wants_json(request):
                raise
            return to_place(study)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return participant_view(visited)


def survey_page(
    request: HttpRequest, whose: Study | Participant, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a page of the survey with what stands on every one; a participant's test run says that it is one."""
    study = whose.study if isinstance(whose, Participant) else whose
    shared = {
        "study": study,
        "study_title": study.title,
        "is_test": isinstance(whose, Participant) and whose.is_test,
        "contact": study.contact,
        "withdraw_url": reverse("survey-withdraw", args=[study.slug]),
    }
    response = render(request, f"survey/{template}.html", shared | context, status=status)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
