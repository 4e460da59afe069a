"""A simulated pilot: participants made up under named assumptions go through the real dealing.

It fills the results page before launch, so that the analysis can be tried; its rows are never a result.
"""

import math
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from studies.design.cards import Card, Role, StudyLoads, StudyPlan, deal_participant
from studies.design.dealing import PairLoad, is_complete
from studies.design.exclusion import ExclusionOutcome, ExclusionRule, judge_participant
from studies.design.grades import made_up_grade
from studies.design.planning import COIN, HONEST, Behaviour
from studies.design.rows import AnswerName, AnswerRow
from studies.design.seeding import seeded

FIRST_CARD_FACTOR = 2.0
MOST_PLACES = 3


@dataclass(frozen=True)
class PilotAssumptions:
    """What the simulation supposes. Shares lie between 0 and 1.

    `pair_spread` is the standard deviation of the pairs' true shares on the logit scale (0: all equally
    good). `drop_out` is the chance that a person leaves before the end, at a card chosen at random. Times
    are log-normal around `median_ms`; the first card takes twice as long.
    """

    honest: Behaviour = HONEST
    guesser: Behaviour = COIN
    share_guessing: float = 0.0
    drop_out: float = 0.05
    pair_spread: float = 0.0
    median_ms: float = 6000.0
    ms_spread: float = 0.5


@dataclass(frozen=True)
class PilotParticipant:
    """One simulated person: their cards and the answers to the first of them."""

    ordinal: int
    behaviour: str
    cards: tuple[Card, ...]
    answers: tuple[AnswerRow, ...]
    outcome: ExclusionOutcome

    @property
    def has_finished(self) -> bool:
        """Whether every card is answered."""
        return len(self.answers) == len(self.cards)


@dataclass(frozen=True)
class Pilot:
    """The whole simulated study; `is_complete` says whether every pair reached its target."""

    participants: tuple[PilotParticipant, ...]
    is_complete: bool
    seed: int

    @property
    def rows(self) -> tuple[AnswerRow, ...]:
        """All answers, those of excluded people too, as analysis takes them."""
        return tuple(row for participant in self.participants for row in participant.answers)


def simulate_pilot(
    plan: StudyPlan,
    *,
    seed: int,
    assumptions: PilotAssumptions | None = None,
    rules: Sequence[ExclusionRule] = (),
    image_of: Mapping[int, int] | None = None,
    is_graded: bool = False,
) -> Pilot:
    """People arrive one after the other until every pair has its target.

    Stops at three times the planned participants. Drop-outs keep their answers and excluded people are
    replaced as the plan's replacement rule says. With `is_graded` every answer is a grade. The same arguments give the
    same pilot.
    """
    supposed = assumptions or PilotAssumptions()
    quality = _true_shares(plan, supposed, seed)
    kept: Counter[int] = Counter()
    shown: Counter[int] = Counter()
    people: list[PilotParticipant] = []
    while not is_complete(_loads(plan.pairs, kept), target=plan.target):
        if len(people) == MOST_PLACES * plan.participants:
            break
        ordinal = len(people) + 1
        loads = StudyLoads(
            _loads(plan.pairs, kept), _loads(plan.distractors, shown), _loads(plan.controls, shown)
        )
        cards = deal_participant(plan, loads, ordinal=ordinal, image_of=image_of)
        person = _person(
            ordinal, cards, quality, supposed, rules, seeded(seed, "pilot", ordinal), is_graded=is_graded
        )
        people.append(person)
        shown.update(row.pair for row in person.answers)
        if _counts(person, plan):
            kept.update(row.pair for row in person.answers if row.role == "target")
    return Pilot(tuple(people), is_complete(_loads(plan.pairs, kept), target=plan.target), seed)


def _counts(person: PilotParticipant, plan: StudyPlan) -> bool:
    excluded = plan.replacement.excluded and not person.outcome.is_included
    lapsed = plan.replacement.lapsed and not person.has_finished
    return not excluded and not lapsed


def _loads(pairs: Collection[int], kept: Mapping[int, int]) -> list[PairLoad]:
    return [PairLoad(pair, kept=kept.get(pair, 0)) for pair in pairs]


def _true_shares(plan: StudyPlan, supposed: PilotAssumptions, seed: int) -> dict[int, float]:
    rng = seeded(seed, "pilot pairs")
    middle = supposed.honest.good_on_target
    if supposed.pair_spread == 0 or middle in {0.0, 1.0}:
        return dict.fromkeys(plan.pairs, middle)
    logit = math.log(middle / (1 - middle))
    return {pair: _logistic(logit + supposed.pair_spread * _normal(rng)) for pair in plan.pairs}


def _person(
    ordinal: int,
    cards: tuple[Card, ...],
    quality: Mapping[int, float],
    supposed: PilotAssumptions,
    rules: Sequence[ExclusionRule],
    rng: random.Random,
    *,
    is_graded: bool,
) -> PilotParticipant:
    guesses = rng.random() < supposed.share_guessing
    behaviour = supposed.guesser if guesses else supposed.honest
    leaves = rng.random() < supposed.drop_out
    answered = int(rng.random() * len(cards)) if leaves else len(cards)
    answers = []
    for card in cards[:answered]:
        chance = _chance(behaviour, card.role)
        if not guesses and card.role in {"target", "repeat"}:
            chance = quality[card.pair]
        is_high = rng.random() < chance
        answer: AnswerName = "good" if is_high else "bad"
        ms = _time(card, supposed, rng)
        grade = made_up_grade(card.role, rng, is_high=is_high) if is_graded else None
        answers.append(AnswerRow(ordinal, card.pair, card.role, answer, card.position, ms, grade))
    outcome = judge_participant(ordinal, answers, cards_dealt=len(cards), rules=rules)
    return PilotParticipant(ordinal, behaviour.name, cards, tuple(answers), outcome)


def _chance(behaviour: Behaviour, role: Role) -> float:
    if role == "distractor":
        return behaviour.good_on_distractor
    return behaviour.good_on_control if role == "control" else behaviour.good_on_target


def _time(card: Card, supposed: PilotAssumptions, rng: random.Random) -> int:
    slower = FIRST_CARD_FACTOR if card.position == 1 else 1.0
    return round(supposed.median_ms * slower * math.exp(supposed.ms_spread * _normal(rng)))


def _normal(rng: random.Random) -> float:
    return NormalDist().inv_cdf(max(rng.random(), 1e-12))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
