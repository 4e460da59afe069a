"""Withdrawing: on every page, and later by the code."""

from django.http import HttpRequest, HttpResponse

from polyannot.kernel.errors import Missing
from projects.http import participant_view
from studies.access import open_study, participant_of
from studies.models import ParticipantState
from studies.taking.withdrawing import withdraw, withdraw_by_code
from studies.views.visits import secret_of, survey_page, to_place


@participant_view
def withdraw_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask once, then erase; without a cookie ask for the code."""
    study = open_study(slug, secret_of(request))
    participant = participant_of(study, secret_of(request))
    if participant is None:
        return survey_page(request, study, "withdraw_by_code", withdraw_url="")
    if request.method == "POST":
        withdraw(participant=participant)
        return to_place(study)
    if participant.state == ParticipantState.WITHDRAWN:
        return to_place(study)
    return survey_page(request, participant, "withdraw", withdraw_url="")


@participant_view
def withdraw_with_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Erase the answers of whoever holds the code."""
    study = open_study(slug, secret_of(request))
    if request.method != "POST":
        return survey_page(request, study, "withdraw_by_code", withdraw_url="")
    typed = request.POST.get("code", "")[:40]
    try:
        withdraw_by_code(study=study, code=typed)
    except Missing as unknown:
        told = {"withdraw_url": "", "error": unknown.message, "typed": typed}
        return survey_page(request, study, "withdraw_by_code", status=422, **told)
    return survey_page(request, study, "withdrawn", withdraw_url="")
