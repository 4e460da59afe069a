"""What participants say beside their answers: taking it, and counting it so that nobody stands out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import one_line
from studies.models import (
    AgeBand,
    Background,
    Card,
    LanguageLevel,
    PairReport,
    Participant,
    ParticipantState,
    ReportReason,
    Study,
)

# An answer about oneself that fewer people gave is shown only together with the other rare ones.
SMALLEST_CELL = 5
UNSAID = "unsaid"

# The field of the study that asks, the field that holds what was said, and what people call it.
QUESTIONS: tuple[tuple[str, str, str | Promise], ...] = (
    ("asks_language", "language", _("Language proficiency")),
    ("asks_country", "country", _("Country of residence")),
    ("asks_age", "age_band", _("Age")),
)


def questions_of(study: Study) -> list[str]:
    """Return the names of what the study asks its participants about themselves."""
    return [name for asks, name, _label in QUESTIONS if getattr(study, asks)]


def has_questions_left(participant: Participant) -> bool:
    """Say whether a finished participant has yet to be asked, or to decline to say."""
    return (
        participant.state == ParticipantState.FINISHED
        and bool(questions_of(participant.study))
        and not Background.objects.filter(participant=participant).exists()
    )


def say_background(*, participant: Participant, said: Mapping[str, str]) -> None:
    """Keep what somebody says about themselves; what they leave out counts as not said. The first time counts.

    What the study does not ask is not kept. Raises Conflict before the last pair is answered.
    """
    with transaction.atomic():
        person = (
            Participant.objects.select_for_update(no_key=True, of=("self",))
            .select_related("study")
            .get(pk=participant.pk)
        )
        if person.state != ParticipantState.FINISHED:
            raise Conflict("not_finished", _("This is asked at the end."))
        if Background.objects.filter(participant=person).exists():
            return
        kept = {name: one_line(said.get(name, ""))[:60] or UNSAID for name in questions_of(person.study)}
        Background.objects.create(participant=person, **kept)


def report_pair(*, participant: Participant, card: Card, reason: str, note: str) -> None:
    """Keep a report about a card; a second one about the same card takes its place. It answers nothing.

    Raises Invalid for an unknown reason, Conflict for somebody else's card and for whoever has withdrawn.
    """
    if reason not in ReportReason.values:
        raise Invalid("reason_unknown", _("Choose what is wrong."))
    with transaction.atomic():
        person = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        if person.state == ParticipantState.WITHDRAWN or card.participant_id != person.pk:
            raise Conflict("card_of_another", _("This pair is not one of yours."))
        PairReport.objects.update_or_create(
            card=card, defaults={"reason": reason, "note": one_line(note)[:500]}
        )


def forget_what_was_said(participant: Participant) -> None:
    """Erase what somebody said about themselves and about pairs; call it when they withdraw."""
    Background.objects.filter(participant=participant).delete()
    PairReport.objects.filter(card__participant=participant).delete()


@dataclass(frozen=True)
class SaidCounts:
    """How many people gave each answer to one question; `rare` sums the answers that too few gave to be shown."""

    name: str
    label: str | Promise
    n: int
    counts: tuple[tuple[str | Promise, int], ...]
    rare: int


def background_counts(study: Study) -> list[SaidCounts]:
    """Return the counts of each question asked, over people who finished, without test runs and made-up people."""
    rows = list(
        Background.objects.filter(
            participant__study=study, participant__is_test=False, participant__is_simulated=False
        ).values_list("language", "country", "age_band")
    )
    told = []
    for place, (asks, name, label) in enumerate(QUESTIONS):
        if getattr(study, asks):
            told.append(_counted(label, name, Counter(row[place] for row in rows)))
    return told


def _counted(label: str | Promise, name: str, found: Counter[str]) -> SaidCounts:
    known: Mapping[str, str | Promise] = {
        "language": dict(LanguageLevel.choices),
        "age_band": dict(AgeBand.choices),
        "country": {UNSAID: _("I prefer not to say")},
    }[name]
    shown = [(value, n) for value, n in found.items() if n >= SMALLEST_CELL]
    counts = tuple((known.get(value, value), n) for value, n in sorted(shown, key=lambda row: -row[1]))
    total = sum(found.values())
    return SaidCounts(name, label, total, counts, total - sum(n for _value, n in counts))
