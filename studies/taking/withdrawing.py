"""Leaving: withdrawing erases what a person gave, lapsing only lets their unanswered cards go to others."""

from datetime import timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.utils import timezone
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Missing
from studies.job_kinds import ask_for_results
from studies.models import (
    Answer,
    CardState,
    Participant,
    ParticipantState,
    PlatformIdentity,
    Study,
    StudyResult,
)
from studies.results.answers import breaks_a_rule
from studies.results.computing import forget_single_people
from studies.taking.keys import hashed, typed_code
from studies.taking.saying import forget_what_was_said

# One round of the scheduler returns the cards of at most so many people; the next goes on.
MOST_LAPSED = 200


def withdraw(*, participant: Participant) -> None:
    """Erase a person's answers, times and platform id; a tombstone stays. Withdrawing twice is harmless.

    Unanswered cards go back. Answered ones go back too where withdrawn people are replaced, so that the balance is
    repaired by whoever comes next. What the declared texts call consent stays named (which version), so that the flow
    of people can be told. Figures that were stored before lose at once what they say about one person each; a worker is
    asked for new ones without this person.
    """
    with transaction.atomic():
        person = Participant.objects.select_for_update(no_key=True, of=("self",)).get(pk=participant.pk)
        study = Study.objects.select_for_update(no_key=True).get(pk=person.study_id)
        if person.state == ParticipantState.WITHDRAWN:
            return
        Answer.objects.filter(card__participant=person).delete()
        forget_single_people(study)
        cards = person.cards.all()
        cards.update(shown_at=None)
        going_back = cards if study.replaces_withdrawn else cards.filter(state=CardState.LIVE)
        going_back.update(state=CardState.RETURNED)
        person.state = ParticipantState.WITHDRAWN
        person.withdrawn_at = timezone.now()
        PlatformIdentity.objects.filter(participant=person).delete()
        forget_what_was_said(person)
        person.is_excluded = False
        person.consented_at = person.began_at = person.finished_at = person.seen_at = None
        person.save(
            update_fields=[
                "state",
                "withdrawn_at",
                "is_excluded",
                "consented_at",
                "began_at",
                "finished_at",
                "seen_at",
            ]
        )
        if StudyResult.objects.filter(study=study).exists():
            ask_for_results(study=study, actor=None)


def withdraw_by_code(*, study: Study, code: str) -> None:
    """Withdraw whoever holds this code, from any device. Raises Missing for a code that is nobody's."""
    found = Participant.objects.filter(study=study, withdrawal_hash=hashed(typed_code(code))).first()
    if found is None:
        raise Missing(
            "code_unknown",
            _("This code is not known in this study. Check it letter by letter; nothing was erased."),
        )
    withdraw(participant=found)


def return_lapsed_cards() -> int:
    """Let the cards of everybody who was not seen for their study's time go to others; return how many people.

    They keep their answers, and their place: whoever comes back is not turned away.
    """
    patience = ExpressionWrapper(
        F("study__lapse_minutes") * timedelta(minutes=1), output_field=DurationField()
    )
    gone = (
        Participant.objects.filter(state=ParticipantState.ACTIVE)
        .annotate(patience=patience)
        .filter(seen_at__lt=timezone.now() - F("patience"))
        .order_by("pk")
    )
    return sum(lapse(participant) for participant in gone[:MOST_LAPSED])


def lapse(participant: Participant) -> bool:
    """Return one person's unanswered cards; false where they have answered, left or come back meanwhile."""
    with transaction.atomic():
        person = (
            Participant.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("study")
            .filter(pk=participant.pk, state=ParticipantState.ACTIVE, seen_at=participant.seen_at)
            .first()
        )
        if person is None:
            return False
        Study.objects.select_for_update(no_key=True).get(pk=person.study_id)
        person.cards.filter(state=CardState.LIVE).update(state=CardState.RETURNED)
        person.state = ParticipantState.LAPSED
        person.is_excluded = breaks_a_rule(person)
        person.save(update_fields=["state", "is_excluded"])
    return True
