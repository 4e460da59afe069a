"""Which sets of pairs have a row in Table 1 (IMP §4.3): those of the design, and those that a researcher declares."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from studies.design.dealing import split_into_blocks
from studies.design.rows import PairFacts
from studies.design.seeding import seeded
from studies.results.analysis import SetFigures, sets_by_difficulty

ALL_PAIRS = "all pairs"
NO_DIFFICULTY = "no difficulty"
SUBSET = "subset"
# Names that rows of the design have, whatever its numbers.
TAKEN = re.compile(
    rf"({ALL_PAIRS}|hard|medium|easy|{NO_DIFFICULTY}|\d+ least similar|{SUBSET}( .*)?)", re.IGNORECASE
)

# Where a set comes from: the design, the researcher before launch, or the researcher afterwards (exploratory).
Origin = Literal["design", "declared", "added"]


@dataclass(frozen=True)
class TableSet:
    """A set of pairs with its name in Table 1, by study pair, in the order of the study."""

    name: str
    pairs: tuple[int, ...]
    origin: Origin = "design"


@dataclass(frozen=True)
class SetRule:
    """What a researcher asks of a set: all that is given has to hold; `at_least` is in the band, `below` is not."""

    name: str
    difficulty: str = ""
    at_least: float | None = None
    below: float | None = None
    captions: frozenset[str] = frozenset()
    is_declared: bool = True

    def holds(self, fact: PairFacts) -> bool:
        """Whether a pair belongs to the set; a pair of unknown similarity is in no band."""
        if self.difficulty and fact.difficulty != self.difficulty:
            return False
        if self.captions and fact.caption not in self.captions:
            return False
        if self.at_least is None and self.below is None:
            return True
        cosine = fact.similarity
        if cosine is None or (self.at_least is not None and cosine < self.at_least):
            return False
        return self.below is None or cosine < self.below

    def explain(self) -> str:
        """Return the rule in English words, as declarations print it."""
        low, high = self.at_least, self.below
        told = [self.difficulty] if self.difficulty else []
        if low is not None and high is not None:
            told.append(f"similarity from {low:g} to below {high:g}")
        elif low is not None:
            told.append(f"similarity at least {low:g}")
        elif high is not None:
            told.append(f"similarity below {high:g}")
        if self.captions:
            told.append(f"{len(self.captions)} listed caption{'s' if len(self.captions) > 1 else ''}")
        return ", ".join(told)


def chosen_set(rule: SetRule, facts: Sequence[PairFacts]) -> TableSet:
    """Return the pairs that a rule takes."""
    members = tuple(fact.pair for fact in facts if rule.holds(fact))
    return TableSet(rule.name, members, "declared" if rule.is_declared else "added")


def readings(line: str) -> Iterator[tuple[str, str]]:
    """Return how a line of a list may be read: as a caption's key, or as a key and a label after a tab or comma.

    Keys may hold commas, so that the whole line is tried first, then the part before the last comma.
    """
    yield line.strip(), ""
    for separator in ("\t", ","):
        key, found, label = line.rpartition(separator)
        if found and key.strip() and label.strip():
            yield key.strip(), " ".join(label.split())


def read_list(text: str, known: Collection[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the listed captions by label ("" where a line has none), and the lines that name no known caption."""
    by_label: dict[str, list[str]] = {}
    unknown: list[str] = []
    for line in filter(str.strip, text.splitlines()):
        found = next(((key, label) for key, label in readings(line) if key in known), None)
        if found is None:
            unknown.append(line.strip())
        else:
            by_label.setdefault(found[1], []).append(found[0])
    return by_label, unknown


def standing_sets(facts: Sequence[PairFacts]) -> dict[str, tuple[int, ...]]:
    """All pairs, and each difficulty where there is more than one: rows that every Table 1 has."""
    levels = {name or NO_DIFFICULTY: pairs for name, pairs in sets_by_difficulty(facts).items()}
    return {ALL_PAIRS: tuple(fact.pair for fact in facts)} | (levels if len(levels) > 1 else {})


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
