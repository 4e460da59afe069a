"""The plan of one study and the cards of one participant (IMP §4.3).

Pure and seeded: the same design, loads and participant give the same cards. Acts call `deal_participant`
inside their transaction. See docs/algorithms/study-design.md.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from studies.design.choosing import DesignError
from studies.design.dealing import PairLoad, Replacement, deal, deal_block, split_into_blocks
from studies.design.seeding import below, seeded, shuffled

Role = Literal["target", "distractor", "control", "repeat"]
DesignKind = Literal["balanced", "blocks"]

CARDS = 25
DISTRACTORS_EACH = 10
CONTROLS_EACH = 5
PARTICIPANTS = 40
REPEAT_GAP = 10


@dataclass(frozen=True)
class StudyPlan:
    """Everything that decides which cards participants get. Checked when made; raises DesignError.

    `pairs` come hardest first. `repeats` target cards are shown a second time, at least `repeat_gap` cards
    later; they measure test-retest agreement and stay out of the balance and of the shares.
    """

    pairs: tuple[int, ...]
    distractors: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()
    kind: DesignKind = "balanced"
    participants: int = PARTICIPANTS
    cards: int = CARDS
    distractors_each: int = DISTRACTORS_EACH
    controls_each: int = CONTROLS_EACH
    repeats: int = 0
    repeat_gap: int = REPEAT_GAP
    seed: int = 0
    replacement: Replacement = field(default_factory=Replacement)

    def __post_init__(self) -> None:
        for called, pool, each in (
            ("pairs", self.pairs, self.cards),
            ("distractors", self.distractors, self.distractors_each),
            ("positive controls", self.controls, self.controls_each),
        ):
            if not 0 <= each <= len(pool):
                raise DesignError(f"{each} {called} for each participant, but {len(pool)} are chosen.")
        shown = (*self.pairs, *self.distractors, *self.controls)
        if len(set(shown)) < len(shown):
            raise DesignError("A pair is chosen twice.")
        if self.cards < 1 or self.participants < 1:
            raise DesignError("A study needs at least one participant with one card.")
        if self.repeats and (self.repeats < 0 or self.repeat_gap < 1 or self.repeats > self._repeatable):
            raise DesignError(
                f"With {self.cards} cards and a gap of {self.repeat_gap}, "
                f"at most {max(0, self._repeatable)} can be repeated."
            )
        if self.kind == "blocks" and len(self.pairs) % self.cards:
            raise DesignError(f"{len(self.pairs)} pairs do not divide into blocks of {self.cards}.")

    @property
    def _repeatable(self) -> int:
        return self.cards - self.repeat_gap + 1

    @property
    def target(self) -> int:
        """Kept answers that every pair has at least, once all participants are through."""
        return self.participants * self.cards // len(self.pairs)

    @property
    def sequence_length(self) -> int:
        """Cards that one participant answers."""
        return self.cards + self.distractors_each + self.controls_each + self.repeats

    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """The fixed blocks, equally hard; the same at every call."""
        return split_into_blocks(self.pairs, self.cards, rng=seeded(self.seed, "blocks"))


@dataclass(frozen=True)
class Card:
    """One place in a participant's sequence; positions count from 1."""

    position: int
    pair: int
    role: Role


@dataclass(frozen=True)
class StudyLoads:
    """What every pair has at the moment of dealing, read under the study's lock."""

    targets: Sequence[PairLoad]
    distractors: Sequence[PairLoad] = ()
    controls: Sequence[PairLoad] = ()


def deal_participant(
    plan: StudyPlan,
    loads: StudyLoads,
    *,
    ordinal: int,
    seen: Collection[int] = (),
    image_of: Mapping[int, int] | None = None,
) -> tuple[Card, ...]:
    """The cards of the participant with this ordinal, in the order in which they are shown.

    `ordinal` is unique within the study and with the plan's seed fixes every random choice. `seen` are
    pairs that this person met before (an earlier session); they are not dealt. With `image_of`, distractors
    and controls stand back where the person meets the same image as a target, as long as others are left.
    """
    rng = seeded(plan.seed, "participant", ordinal)
    if plan.kind == "blocks":
        targets = deal_block(loads.targets, plan.blocks(), target=plan.target, rng=rng, seen=seen)
    else:
        targets = deal(loads.targets, plan.cards, rng=rng, seen=seen)
    twins = _on_the_same_images(targets, image_of or {})
    return build_sequence(
        targets,
        distractors=deal(loads.distractors, plan.distractors_each, rng=rng, seen=seen, avoid=twins),
        controls=deal(loads.controls, plan.controls_each, rng=rng, seen=seen, avoid=twins),
        repeats=plan.repeats,
        repeat_gap=plan.repeat_gap,
        rng=rng,
    )


def _on_the_same_images(targets: Collection[int], image_of: Mapping[int, int]) -> set[int]:
    images = {image_of[pair] for pair in targets if pair in image_of}
    return {pair for pair, image in image_of.items() if image in images}


def build_sequence(
    targets: Sequence[int],
    *,
    distractors: Sequence[int] = (),
    controls: Sequence[int] = (),
    repeats: int = 0,
    repeat_gap: int = REPEAT_GAP,
    rng: random.Random,
) -> tuple[Card, ...]:
    """All cards in plain random order, every order without a distractor at the front equally likely.

    Repeats of targets are then put in at random, each at least `repeat_gap` places after its first showing.
    Raises DesignError when there is no card to begin with or the repeats find no room.
    """
    shown: list[tuple[int, Role]] = [(pair, "target") for pair in targets]
    shown += [(pair, "control") for pair in controls]
    wrong: list[tuple[int, Role]] = [(pair, "distractor") for pair in distractors]
    if not shown:
        raise DesignError("A sequence needs a card that is no distractor.")
    opening = shown.pop(below(len(shown), rng))
    order = [opening, *shuffled([*shown, *wrong], rng)]
    order = _with_repeats(order, repeats, repeat_gap, rng)
    return tuple(Card(place, pair, role) for place, (pair, role) in enumerate(order, start=1))


def _with_repeats(
    order: list[tuple[int, Role]], repeats: int, gap: int, rng: random.Random
) -> list[tuple[int, Role]]:
    early = [pair for pair, role in order[: max(0, len(order) - gap + 1)] if role == "target"]
    if len(early) < repeats:
        raise DesignError(f"{repeats} cards to repeat, {len(early)} come early enough for a gap of {gap}.")
    for pair in shuffled(early, rng)[:repeats]:
        first = order.index((pair, "target"))
        slot = first + gap + below(len(order) - first - gap + 1, rng)
        order.insert(slot, (pair, "repeat"))
    return order
