"""Answering: the server owns the participant's place, and an answer counts once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Conflict, Invalid
from studies.design import grades
from studies.models import Answer, AnswerValue, Card, CardState, Participant, ParticipantState, Study
from studies.results.answers import breaks_a_rule
from studies.taking.saying import has_questions_left

# Times beyond this are somebody who left the page open; a column of 32 bits holds no more than 24 days.
MOST_MS = 24 * 60 * 60 * 1000


class Stage(StrEnum):
    """Where a participant is."""

    CONSENT = "consent"
    DECLINED = "declined"
    INSTRUCTIONS = "instructions"
    CARD = "card"
    QUESTIONS = "questions"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Place:
    """What a participant sees next; `card` and `following` only among the cards."""

    stage: Stage
    answered: int = 0
    total: int = 0
    card: Card | None = None
    following: Card | None = None


BEFORE_CARDS = {
    ParticipantState.ARRIVED: Stage.CONSENT,
    ParticipantState.DECLINED: Stage.DECLINED,
    ParticipantState.WITHDRAWN: Stage.WITHDRAWN,
    ParticipantState.FINISHED: Stage.DONE,
}


def place_of(participant: Participant) -> Place:
    """Return where the participant is, from the rows alone."""
    state = ParticipantState(participant.state)
    if has_questions_left(participant):
        return Place(Stage.QUESTIONS)
    if state in BEFORE_CARDS:
        return Place(BEFORE_CARDS[state])
    cards = list(participant.cards.order_by("position").values_list("pk", "state"))
    waiting = [pk for pk, card_state in cards if card_state != CardState.ANSWERED]
    answered = len(cards) - len(waiting)
    if not waiting:  # the last answer arrived since the participant's row was read
        return Place(Stage.DONE)
    if participant.began_at is None:
        return Place(Stage.INSTRUCTIONS, answered, len(cards))
    shown = participant.cards.select_related("pair__image", "pair__version", "pair__original")
    card, *following = shown.filter(pk__in=waiting[:2]).order_by("position")
    return Place(Stage.CARD, answered, len(cards), card, following[0] if following else None)


def show_card(*, participant: Participant, card: Card) -> None:
    """Note when a card was shown first, and that its participant is there; cards that went back are theirs again."""
    now = timezone.now()
    if participant.state == ParticipantState.LAPSED:
        with transaction.atomic():
            come_back(_locked(participant))
    Card.objects.filter(pk=card.pk, shown_at=None, participant__state=ParticipantState.ACTIVE).update(
        shown_at=now
    )
    Participant.objects.filter(pk=participant.pk, state=ParticipantState.ACTIVE).update(seen_at=now)


def record_answer(
    *, participant: Participant, card_id: UUID, value: str, focused_ms: int | None = None
) -> bool:
    """Write the answer to the participant's present card; return whether it is new.

    The same answer sent twice, or another one from a page that lay open, changes nothing: the first counts. Raises
    Invalid for an unknown value, Conflict for a card that is not theirs or not yet their turn, and for somebody who
    has no cards.
    """
    with transaction.atomic():
        person = _locked(participant)
        _refuse_unknown(person.study, value)
        if person.state == ParticipantState.LAPSED:
            come_back(person)
        card = Card.objects.filter(participant=person, public_id=card_id).first()
        if card is None:
            raise Conflict("card_of_another", _("This pair is not one of yours."))
        if card.state == CardState.ANSWERED:
            return False
        first = person.cards.filter(state=CardState.LIVE).order_by("position").first()
        if first is None or first.pk != card.pk:
            raise Conflict("card_not_yet", _("This pair is not the one that you were shown last."))
        _write(person, card, value, focused_ms)
    return True


def answers_of(study: Study) -> tuple[str, ...]:
    """Return what may be answered: good or bad, or a grade."""
    return grades.VALUES if study.is_graded else (AnswerValue.GOOD, AnswerValue.BAD)


def _refuse_unknown(study: Study, value: str) -> None:
    if value in answers_of(study):
        return
    told = (
        _("The answer is a grade from 0 to 5.") if study.is_graded else _("The answer is either good or bad.")
    )
    raise Invalid("answer_unknown", told)


def _locked(participant: Participant) -> Participant:
    return (
        Participant.objects.select_for_update(no_key=True, of=("self",))
        .select_related("study")
        .get(pk=participant.pk)
    )


def _write(person: Participant, card: Card, value: str, focused_ms: int | None) -> None:
    now = timezone.now()
    server_ms = _between(card.shown_at, now)
    card.state = CardState.ANSWERED
    card.save(update_fields=["state"])
    Answer.objects.create(
        card=card, value=value, focused_ms=_believable(focused_ms, server_ms), server_ms=server_ms
    )
    person.seen_at = now
    person.began_at = person.began_at or now
    person.save(update_fields=["seen_at", "began_at"])
    if not person.cards.filter(state=CardState.LIVE).exists():
        finish(person, now)


def _between(shown_at: datetime | None, now: datetime) -> int | None:
    if shown_at is None:
        return None
    return min(MOST_MS, max(0, round((now - shown_at) / timedelta(milliseconds=1))))


def _believable(focused_ms: int | None, server_ms: int | None) -> int | None:
    """A browser's own measure, never longer than the time the server saw; None where it makes no sense."""
    if focused_ms is None or focused_ms < 0 or server_ms is None:
        return None
    return min(focused_ms, server_ms)


def finish(person: Participant, now: datetime) -> None:
    """Note that the last card is answered, and what the declared rules say about this person's answers.

    The study's row is locked, since dealing reads who is excluded.
    """
    Study.objects.select_for_update(no_key=True).get(pk=person.study_id)
    person.state = ParticipantState.FINISHED
    person.finished_at = now
    person.is_excluded = breaks_a_rule(person)
    person.save(update_fields=["state", "finished_at", "is_excluded"])


def come_back(person: Participant) -> None:
    """Give somebody who stopped early their remaining cards again, even where others were dealt the same pairs.

    Call it with the participant's row locked.
    """
    if person.state != ParticipantState.LAPSED:
        return
    Study.objects.select_for_update(no_key=True).get(pk=person.study_id)
    person.cards.filter(state=CardState.RETURNED).update(state=CardState.LIVE)
    person.state = ParticipantState.ACTIVE
    person.is_excluded = False
    person.seen_at = timezone.now()
    person.save(update_fields=["state", "is_excluded", "seen_at"])
