"""The participant's way: consent, instructions, pairs, thanks. The server owns the place."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from annotation.models.images import DerivativeKind
from annotation.views.serving import picture_of
from polyannot.kernel.errors import Conflict
from projects.http import participant_view
from projects.storage import open_stored
from studies.access import open_study, picture_for
from studies.design.grades import ANCHORS
from studies.drafting.wording import current_text, markdown_of, shown
from studies.forms import AnswerForm, ConsentForm
from studies.models import Participant, ParticipantState, TextKind
from studies.taking.answering import Place, Stage, place_of, record_answer, show_card
from studies.taking.enrolling import begin, decline, give_consent
from studies.taking.identities import platform_id
from studies.taking.keys import withdrawal_code
from studies.taking.platforms import code_for, return_address
from studies.views.survey_saying import questions_page
from studies.views.visits import (
    personal_address,
    secret_of,
    survey_page,
    to_place,
    visit,
)


@visit
@require_safe
def show_place(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Show what is next for this participant; the same address all the way."""
    if request.GET:
        return to_place(participant.study)
    place = place_of(participant)
    return PAGES[place.stage](request, participant, place)


def _consent(request: HttpRequest, participant: Participant, place: Place) -> HttpResponse:
    study = participant.study
    text = current_text(study, TextKind.CONSENT)
    is_declined = place.stage == Stage.DECLINED
    code = code_for(study, participant) if is_declined else ""
    return survey_page(
        request,
        participant,
        "consent",
        text=shown(text.markdown if text else "", study),
        version=text,
        is_declined=is_declined,
        return_url=return_address(study, platform_id(participant), code),
        code=code,
    )


def _instructions(request: HttpRequest, participant: Participant, place: Place) -> HttpResponse:
    study = participant.study
    return survey_page(
        request,
        participant,
        "instructions",
        text=shown(markdown_of(study, TextKind.INSTRUCTIONS), study),
        place=place,
        personal_link=personal_address(request, study, secret_of(request)),
    )


def _card(request: HttpRequest, participant: Participant, place: Place) -> HttpResponse:
    assert place.card is not None
    show_card(participant=participant, card=place.card)
    is_graded = participant.study.is_graded
    return survey_page(
        request,
        participant,
        "grade" if is_graded else "card",
        card=place.card,
        anchors=ANCHORS if is_graded else (),
        following=place.following,
        progress={"value": place.answered, "max": place.total},
    )


def _done(request: HttpRequest, participant: Participant, place: Place) -> HttpResponse:
    study = participant.study
    code = code_for(study, participant)
    return survey_page(
        request,
        participant,
        "done",
        text=shown(markdown_of(study, TextKind.DEBRIEFING), study, heading_shift=1),
        code=code,
        return_url=return_address(study, platform_id(participant), code),
        withdrawal_code=withdrawal_code(secret_of(request)),
    )


def _withdrawn(request: HttpRequest, participant: Participant, place: Place) -> HttpResponse:
    return survey_page(request, participant, "withdrawn", withdraw_url="")


PAGES = {
    Stage.CONSENT: _consent,
    Stage.DECLINED: _consent,
    Stage.INSTRUCTIONS: _instructions,
    Stage.CARD: _card,
    Stage.QUESTIONS: questions_page,
    Stage.DONE: _done,
    Stage.WITHDRAWN: _withdrawn,
}


@visit
def consent(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Agree to the text that was shown, or decline."""
    if request.method != "POST":
        return to_place(participant.study)
    form = ConsentForm(participant.study, request.POST)
    if not form.is_valid():
        return to_place(participant.study)
    if not form.cleaned_data["agrees"]:
        decline(participant=participant)
        return to_place(participant.study)
    try:
        give_consent(participant=participant, text=form.cleaned_data["version"])
    except Conflict as refusal:
        if refusal.code not in {"study_full", "study_not_open"}:
            raise
        return redirect("survey-closed", participant.study.slug, refusal.code)
    return to_place(participant.study)


@visit
def begin_cards(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Go on from the instructions to the first pair."""
    if request.method == "POST":
        begin(participant=participant)
    return to_place(participant.study)


@visit
def answer(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Take the answer to one card; whatever it came to, the next page is the participant's place."""
    if request.method == "POST":
        form = AnswerForm(participant.study, request.POST)
        if form.is_valid():
            record_answer(
                participant=participant,
                card_id=form.cleaned_data["card"],
                value=form.cleaned_data["answer"],
                focused_ms=form.cleaned_data["focused_ms"],
            )
    return to_place(participant.study)


@visit
@require_safe
def instructions(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Show the instructions again, with the way back to the pair."""
    if participant.state not in {ParticipantState.ACTIVE, ParticipantState.LAPSED}:
        return to_place(participant.study)
    return _instructions(request, participant, place_of(participant))


@visit
@require_safe
def personal_link(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Show the link with which the participant goes on at another device."""
    code = withdrawal_code(secret_of(request))
    return survey_page(
        request,
        participant,
        "link",
        personal_link=personal_address(request, participant.study, secret_of(request)),
        withdrawal_code=code,
    )


@visit
@require_safe
def picture(request: HttpRequest, participant: Participant, card_id: UUID) -> HttpResponseBase:
    """Send the picture of one of the participant's own cards."""
    stored, keep = picture_of(picture_for(participant, card_id), DerivativeKind.DISPLAY)
    response = FileResponse(open_stored(stored), content_type=stored.media_type)
    response.headers["Content-Length"] = str(stored.size)
    response.headers["Cache-Control"] = keep
    return response


@participant_view
def elsewhere(request: HttpRequest, slug: str, _rest: str) -> HttpResponse:
    """Send whoever is anywhere else inside a study to their place."""
    study = open_study(slug, secret_of(request))
    return redirect("survey", study.slug)
