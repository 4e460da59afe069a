"""Which sets of pairs have a row in Table 1, fixed by the design before anybody answers (IMP §4.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies.analysis import SetFigures
from studies.dealing import split_into_blocks
from studies.rows import PairFacts
from studies.seeding import seeded

SUBSET = "subset"


@dataclass(frozen=True)
class SubsetMinima:
    """The lowest shares of equal subsets: each, and their mean with what equal pairs would give.

    The paper's minimum over 100 pairs "in four subsets of 25" is no single pair's share; the mean of four minima is one
    figure that it could be. `expected` is the mean of the minima expected if all pairs of a subset were equal.
    """

    count: int
    size: int
    lowest: tuple[float, ...]
    mean: float | None
    expected: float | None


def standard_sets(
    facts: Sequence[PairFacts],
    *,
    cards: int,
    seed: int,
    blocks: Sequence[Sequence[int]] = (),
) -> dict[str, tuple[int, ...]]:
    """The sets beside all pairs and each difficulty: the `cards` least similar, and equal subsets of `cards`.

    `facts` in the order of the study, hardest first. Subsets are the fixed blocks where the design has such, else the
    split that a design of blocks would have made from the same seed; there are none where the pairs do not divide.
    """
    pairs = [fact.pair for fact in facts]
    sets: dict[str, tuple[int, ...]] = {}
    if not 0 < cards < len(pairs):
        return sets
    known = [fact for fact in facts if fact.similarity is not None]
    if len(known) >= cards:
        nearest = sorted(known, key=lambda fact: (fact.similarity or 0.0, pairs.index(fact.pair)))
        sets[f"{cards} least similar"] = tuple(fact.pair for fact in nearest[:cards])
    if not blocks and len(pairs) % cards == 0:
        blocks = split_into_blocks(pairs, cards, rng=seeded(seed, "blocks"))
    for number, block in enumerate(blocks, start=1):
        sets[f"{SUBSET} {number}"] = tuple(block)
    return sets


def subset_minima(table: Sequence[SetFigures], sets: Mapping[str, Sequence[int]]) -> SubsetMinima | None:
    """The minima of the subsets among `sets`; None where there are none, no mean while one is unanswered."""
    names = {name for name in sets if name.startswith(f"{SUBSET} ")}
    found = [line for line in table if line.name in names]
    if not found:
        return None
    lowest = [line.minimum for line in found if line.minimum is not None]
    is_whole = len(lowest) == len(found)
    return SubsetMinima(
        count=len(found),
        size=found[0].pairs,
        lowest=tuple(minimum.share for minimum in lowest),
        mean=sum(minimum.share for minimum in lowest) / len(lowest) if is_whole else None,
        expected=sum(minimum.expected for minimum in lowest) / len(lowest) if is_whole else None,
    )
