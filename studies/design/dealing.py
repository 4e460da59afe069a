"""Who gets which cards, so that every pair ends with the same number of answers.

Pure: the act that deals reads the loads inside its transaction, calls one function here and stores the pair
ids that come back. See docs/algorithms/study-design.md for the balance rule and its proof.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from studies.design.choosing import DesignError

StateName = Literal["arrived", "declined", "active", "finished", "lapsed", "withdrawn"]


@dataclass(frozen=True)
class PairLoad:
    """How much a pair has: answers kept for the balance and cards in the hands of active participants."""

    pair: int
    kept: int = 0
    live: int = 0

    @property
    def total(self) -> int:
        """Kept answers and live cards together: what dealing levels out."""
        return self.kept + self.live


@dataclass(frozen=True)
class Replacement:
    """Whose answers leave a gap that a new participant fills. Declared before launch.

    With `excluded` or `withdrawn` false, such a person's answered cards go on counting as kept, so that
    nobody is recruited in their place. `lapsed` false keeps the answers that somebody gave before
    leaving (their unanswered cards are dealt again in any case).
    """

    excluded: bool = True
    withdrawn: bool = True
    lapsed: bool = False


def counts_as_kept(
    state: StateName, replacement: Replacement, *, is_excluded: bool = False, is_test: bool = False
) -> bool:
    """Whether an answered target card of this person counts as kept for the balance."""
    if is_test or (is_excluded and replacement.excluded):
        return False
    if state == "withdrawn":
        return not replacement.withdrawn
    if state == "lapsed":
        return not replacement.lapsed
    return True


def deal(
    loads: Sequence[PairLoad],
    count: int,
    *,
    rng: random.Random,
    seen: Collection[int] = (),
    avoid: Collection[int] = (),
) -> tuple[int, ...]:
    """`count` different pairs with the smallest loads; equal loads are decided by `rng`.

    Pairs in `seen` are never dealt. Pairs in `avoid` come last whatever their load (for distractors and
    controls: those on an image that the person already meets as a target). The result does not depend on
    the order of `loads`. Raises DesignError when fewer than `count` pairs are left.
    """
    left = sorted((load for load in loads if load.pair not in seen), key=lambda load: load.pair)
    if count < 0 or len(left) < count:
        raise DesignError(
            f"{count} cards asked for, {len(left)} pairs are left that the person has not seen."
        )
    drawn = [(load.pair in avoid, load.total, rng.random(), load.pair) for load in left]
    return tuple(pair for *_, pair in sorted(drawn)[:count])


def deal_block(
    loads: Sequence[PairLoad],
    blocks: Sequence[Sequence[int]],
    *,
    target: int,
    rng: random.Random,
    seen: Collection[int] = (),
) -> tuple[int, ...]:
    """One whole block, until every block has a pair with `target` answers; then the fewest of all pairs.

    The block is the one whose fullest pair has least: what single drop-outs took from a block is not made
    up by giving everybody's cards of that block again, but at the end, card by card, as in `deal`. Those
    last participants hold pairs of several blocks and are shown apart. Blocks with a seen pair are skipped.
    """
    totals = {load.pair: load.total for load in loads}
    open_blocks = [block for block in blocks if not set(block) & set(seen)]
    drawn = [
        (max(totals[pair] for pair in block), rng.random(), place) for place, block in enumerate(open_blocks)
    ]
    if drawn and min(drawn)[0] < target:
        return tuple(open_blocks[min(drawn)[2]])
    return deal(loads, len(blocks[0]), rng=rng, seen=seen)


def split_into_blocks(pairs: Sequence[int], cards: int, *, rng: random.Random) -> tuple[tuple[int, ...], ...]:
    """Blocks of `cards` pairs that are equally hard: each run of neighbours in `pairs` is spread over all.

    `pairs` come hardest first, as `choosing.choose_pairs` gives them. Raises DesignError when they do not
    divide into whole blocks.
    """
    if cards < 1 or not pairs or len(pairs) % cards:
        raise DesignError(f"{len(pairs)} pairs do not divide into blocks of {cards}.")
    count = len(pairs) // cards
    blocks: list[list[int]] = [[] for _ in range(count)]
    for start in range(0, len(pairs), count):
        order = sorted((rng.random(), place) for place in range(count))
        for (_, place), pair in zip(order, pairs[start : start + count], strict=True):
            blocks[place].append(pair)
    return tuple(tuple(block) for block in blocks)


def places_needed(loads: Sequence[PairLoad], *, target: int, cards: int) -> int:
    """The fewest further participants who bring every pair to `target`, if all of them finish.

    A person answers a pair once, so it is at least the largest gap; they answer `cards` pairs each, so it
    is at least the sum of the gaps over `cards`. Dealing the fewest first reaches that number exactly.
    """
    gaps = [max(0, target - load.total) for load in loads]
    return max(max(gaps, default=0), -(-sum(gaps) // cards))


def is_filled(loads: Sequence[PairLoad], *, target: int) -> bool:
    """Whether every pair has its target in kept answers and live cards: nobody new is let in just now."""
    return all(load.total >= target for load in loads)


def is_complete(loads: Sequence[PairLoad], *, target: int) -> bool:
    """Whether every pair has its target in kept answers alone: the study can be closed."""
    return all(load.kept >= target for load in loads)
