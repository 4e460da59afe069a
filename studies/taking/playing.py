"""Made-up participants who go through a launched study by the real acts; every row of theirs is marked simulated."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Conflict
from studies.design.grades import made_up_grade
from studies.design.seeding import seeded
from studies.drafting.wording import current_text
from studies.models import AnswerValue, Card, Participant, Study, TextKind
from studies.results.answers import ROLES
from studies.taking.answering import record_answer
from studies.taking.enrolling import arrive, begin, give_consent
from studies.taking.keys import new_secret
from studies.taking.withdrawing import lapse


@dataclass(frozen=True)
class Character:
    """How somebody made up answers: the chance of good by role, how much pairs differ, the median time.

    `pair_spread` is the standard deviation of the targets' true shares on the logit scale.
    """

    good: Mapping[str, float] = field(
        default_factory=lambda: {"target": 0.92, "distractor": 0.08, "control": 0.98}
    )
    pair_spread: float = 0.8
    median_ms: float = 5200.0
    ms_spread: float = 0.45


def play_participants(
    *, study: Study, people: int, seed: int, character: Character | None = None, leavers: int = 0
) -> list[Participant]:
    """Let so many made-up people take part, the last `leavers` of them only half of the way; return them.

    Ends early when the study has all it needs. The same study and seed give the same answers. Raises Conflict for a
    study that takes nobody new.
    """
    played: list[Participant] = []
    for number in range(people):
        try:
            played.append(
                _play(study, number, seed, character or Character(), leaves=number >= people - leavers)
            )
        except Conflict as refusal:
            if refusal.code != "study_full":
                raise
            break
    return played


def _play(study: Study, number: int, seed: int, character: Character, *, leaves: bool) -> Participant:
    rng = seeded(seed, "played", number)
    person = arrive(study=study, secret=new_secret(), is_simulated=True)
    text = current_text(study, TextKind.CONSENT)
    if text is None:
        raise Conflict("consent_missing", _("The study has no consent text."))
    person = give_consent(participant=person, text=text)
    begin(participant=person)
    cards = list(person.cards.select_related("pair").order_by("position"))
    for card in cards[: len(cards) // 2] if leaves else cards:
        _answer(person, card, seed, character, rng)
    person.refresh_from_db()
    if leaves:
        lapse(person)
        person.refresh_from_db()
    return person


def _answer(person: Participant, card: Card, seed: int, character: Character, rng: random.Random) -> None:
    ms = round(character.median_ms * math.exp(character.ms_spread * _normal(rng)))
    Card.objects.filter(pk=card.pk).update(shown_at=timezone.now() - timedelta(milliseconds=ms))
    is_good = rng.random() < _chance(card, seed, character)
    record_answer(
        participant=person,
        card_id=card.public_id,
        value=_said(person.study, card, rng, is_good=is_good),
        focused_ms=ms,
    )


def _said(study: Study, card: Card, rng: random.Random, *, is_good: bool) -> str:
    if study.is_graded:
        return str(made_up_grade(ROLES[card.pair.role], rng, is_high=is_good))
    return AnswerValue.GOOD if is_good else AnswerValue.BAD


def _chance(card: Card, seed: int, character: Character) -> float:
    """The pair's own chance of good: targets differ, the same for everybody who meets the pair."""
    share = character.good[card.pair.role]
    if card.pair.role != "target" or share in {0.0, 1.0}:
        return share
    shift = character.pair_spread * _normal(seeded(seed, "pair", card.pair.role, card.pair.position))
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) + shift)))


def _normal(rng: random.Random) -> float:
    """A standard normal draw by Box and Muller, from the generator's stable method."""
    return math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(2 * math.pi * rng.random())
