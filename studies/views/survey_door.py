"""The door of a study: whoever comes is sent on to a clean address at once, so that no id stays in one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from polyannot.kernel.errors import Conflict
from polyannot.kernel.sealing import seal, unseal
from projects.http import participant_view
from studies.access import open_study, participant_of
from studies.models import Study
from studies.taking.enrolling import arrive
from studies.taking.inviting import is_link_of, secret_for_somebody_new
from studies.taking.keys import platform_secret
from studies.taking.platforms import PlatformVisit, platform_of, return_address, visit_from
from studies.views.visits import (
    LINK_PARAMETER,
    keep_secret,
    keep_while_here,
    secret_of,
    survey_page,
    to_place,
)

# Holds, encrypted, the id of somebody whom a platform sent in vain, until the page has shown the way back.
SENT_COOKIE = "sent"
SENT_SECONDS = 3600
# The one reason of somebody who has answers here.
KNOWN = "participant_known"

# Heading and words, by the reason.
REASONS = {
    "study_not_open": (
        gettext_lazy("Not open at the moment"),
        gettext_lazy("This study takes no new participants at the moment."),
    ),
    "study_full": (
        gettext_lazy("All places are taken"),
        gettext_lazy("This study has all the participants it needs at the moment."),
    ),
    "link_needed": (
        gettext_lazy("You need a link of your own"),
        gettext_lazy(
            "This study is open to people with a link of their own. Use the one that you were sent."
        ),
    ),
    "link_unknown": (
        gettext_lazy("This link does not work"),
        gettext_lazy(
            "This link is not known in this study. Check that it is complete; perhaps it was called back."
        ),
    ),
    KNOWN: (
        gettext_lazy("You have begun already"),
        gettext_lazy(
            "You have begun already, and this link no longer leads there. Use your personal link instead."
        ),
    ),
}


@participant_view
@require_safe
def door(request: HttpRequest, slug: str) -> HttpResponse:
    """Let somebody in: by a personal link, by a platform's id, by the cookie, or as somebody new."""
    study = open_study(slug, _told(request), secret_of(request))
    visit = visit_from(request.GET, study)
    secret = _secret(request, study, visit)
    is_new = visit is not None or participant_of(study, secret) is None
    if is_new:
        try:
            secret = secret if visit is not None else secret_for_somebody_new(study, _told(request))
            arrive(
                study=study,
                secret=secret,
                visit=visit,
                is_test=platform_of(study) is not None and visit is None,
            )
        except Conflict as refusal:
            return _sent_away(study, refusal.code, visit)
    return keep_secret(to_place(study), study, secret)


def _secret(request: HttpRequest, study: Study, visit: PlatformVisit | None) -> str:
    if visit is not None:
        return platform_secret(study.pk, visit.person)
    told = _told(request)
    is_own = participant_of(study, told) is not None or is_link_of(study, told)
    return told if is_own else secret_of(request)


def _told(request: HttpRequest) -> str:
    return request.GET.get(LINK_PARAMETER, "")


def _sent_away(study: Study, reason: str, visit: PlatformVisit | None) -> HttpResponse:
    response = redirect("survey-closed", study.slug, reason)
    response.status_code = 303
    if visit is not None and platform_of(study) is not None:
        keep_while_here(response, study, SENT_COOKIE, seal(visit.person), seconds=SENT_SECONDS)
    return response


@participant_view
@require_safe
def closed(request: HttpRequest, slug: str, reason: str) -> HttpResponse:
    """Say why somebody cannot begin; whom a platform sent is shown the code for that and the way back."""
    study = open_study(slug, secret_of(request))
    if reason not in REASONS:
        return redirect("survey-door", study.slug)
    heading, why = REASONS[reason]
    sent = request.COOKIES.get(SENT_COOKIE)
    person = unseal(sent, max_age=SENT_SECONDS) if sent else None
    code = study.screened_out_code if person is not None else ""
    return survey_page(
        request,
        study,
        "closed",
        heading=heading,
        why=why,
        has_begun=reason == KNOWN,
        code=code,
        return_url=return_address(study, person or "", code),
        withdraw_url="",
    )
