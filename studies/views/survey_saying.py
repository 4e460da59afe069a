"""What participants say beside their answers: the questions at the end, and a report about a pair."""

from django.http import HttpRequest, HttpResponse

from studies.access import card_of
from studies.models import Participant
from studies.taking.answering import Place, Stage, place_of
from studies.taking.said_forms import BackgroundForm, ReportForm
from studies.taking.saying import report_pair, say_background
from studies.views.visits import survey_page, to_place, visit


def questions_page(request: HttpRequest, participant: Participant, place: Place) -> HttpResponse:
    """Ask what the study asks about people; the answers to the pairs are saved already."""
    study = participant.study
    return survey_page(request, participant, "questions", form=BackgroundForm(study))


@visit
def questions(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Keep what somebody says about themselves, or that they do not say."""
    study = participant.study
    if request.method != "POST" or place_of(participant).stage != Stage.QUESTIONS:
        return to_place(study)
    form = BackgroundForm(study, {} if "skip" in request.POST else request.POST)
    if not form.is_valid():
        return survey_page(request, participant, "questions", form=form, status=422)
    say_background(participant=participant, said=form.cleaned_data)
    return to_place(study)


@visit
def report(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Take a report about the present pair; its answer is still to be given."""
    study = participant.study
    place = place_of(participant)
    if request.method != "POST":
        if place.card is None:
            return to_place(study)
        form = ReportForm(initial={"card": place.card.public_id})
        return survey_page(request, participant, "report", form=form, card=place.card)
    form = ReportForm(request.POST)
    if not form.is_valid():
        return survey_page(request, participant, "report", form=form, card=place.card, status=422)
    said = form.cleaned_data
    card = card_of(participant, said["card"])
    report_pair(participant=participant, card=card, reason=said["reason"], note=said["note"])
    return survey_page(request, participant, "report", card=card, is_sent=True)
