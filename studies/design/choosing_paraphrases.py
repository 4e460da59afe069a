"""Which paraphrases a study has graded, and its checks: identical and unrelated pairs of captions.

Pure and seeded. See docs/algorithms/paraphrase-grading.md.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from studies.design.choosing import DesignError
from studies.design.seeding import seeded, shuffled

WORD = re.compile(r"\w+")
# The largest share of common words (of all words of both) that an unrelated pair may have.
MOST_COMMON_WORDS = 0.1


@dataclass(frozen=True)
class Text:
    """One caption version with its image."""

    version: int
    image: int
    text: str

    @property
    def words(self) -> frozenset[str]:
        """Its words in small letters, each once."""
        return frozenset(WORD.findall(self.text.lower()))


@dataclass(frozen=True)
class ParaphrasePair:
    """An original and what is shown beside it."""

    original: Text
    shown: Text


@dataclass(frozen=True)
class ParaphraseChoice:
    """The chosen pairs by role, how many could be chosen, and how many repeat the original or one another."""

    pairs: tuple[ParaphrasePair, ...]
    identical: tuple[ParaphrasePair, ...]
    unrelated: tuple[ParaphrasePair, ...]
    eligible: int
    duplicates: int


def without_duplicates(pairs: Sequence[ParaphrasePair]) -> list[ParaphrasePair]:
    """Leave out what says the original in the same words in the same order, or another paraphrase of it."""
    seen: set[tuple[int, tuple[str, ...]]] = set()
    kept = []
    for pair in sorted(pairs, key=lambda pair: pair.shown.version):
        said = tuple(WORD.findall(pair.shown.text.lower()))
        key = (pair.original.version, said)
        if key in seen or said == tuple(WORD.findall(pair.original.text.lower())):
            continue
        seen.add(key)
        kept.append(pair)
    return kept


def choose_paraphrases(pairs: Sequence[ParaphrasePair], *, count: int, seed: int) -> list[ParaphrasePair]:
    """Draw `count` of the pairs, every choice equally likely. Raises DesignError when there are fewer."""
    if count < 1:
        raise DesignError("Ask for at least one paraphrase.")
    if len(pairs) < count:
        raise DesignError(f"{count} paraphrases asked for, {len(pairs)} can be shown.")
    ordered = sorted(pairs, key=lambda pair: pair.shown.version)
    return shuffled(ordered, seeded(seed, "paraphrases"))[:count]


def choose_identical(
    originals: Sequence[Text], *, count: int, seed: int, taken: Collection[int] = ()
) -> list[ParaphrasePair]:
    """Draw originals that are shown beside themselves, each once. Raises DesignError when there are too few."""
    free = [text for text in _ordered(originals) if text.version not in taken]
    if len(free) < count:
        raise DesignError(f"{count} identical pairs asked for, {len(free)} can be made.")
    return [ParaphrasePair(text, text) for text in shuffled(free, seeded(seed, "identical"))[:count]]


def choose_unrelated(
    originals: Sequence[Text], *, count: int, seed: int, taken: Collection[int] = ()
) -> list[ParaphrasePair]:
    """Put originals of two images side by side that have at most `MOST_COMMON_WORDS` of their words in common.

    Each original is shown once as the second of a pair; of those that fit, the nearest in length is taken. Raises
    DesignError when there are too few. Two captions may still mean something alike: the builder shows every pair.
    """
    free = [text for text in _ordered(originals) if text.version not in taken]
    found: list[ParaphrasePair] = []
    used: set[int] = set()
    for first in shuffled(_ordered(originals), seeded(seed, "unrelated")):
        if len(found) == count:
            break
        fitting = [text for text in free if text.version not in used and are_unrelated(first, text)]
        if not fitting:
            continue
        nearest = min(fitting, key=lambda text: (abs(len(text.words) - len(first.words)), text.version))
        used.add(nearest.version)
        found.append(ParaphrasePair(first, nearest))
    if len(found) < count:
        raise DesignError(f"{count} unrelated pairs asked for, {len(found)} can be made.")
    return found


def are_unrelated(first: Text, second: Text) -> bool:
    """Whether two texts are of different images and share next to no words."""
    both, either = first.words & second.words, first.words | second.words
    return first.image != second.image and bool(either) and len(both) <= MOST_COMMON_WORDS * len(either)


def _ordered(texts: Sequence[Text]) -> list[Text]:
    return sorted(texts, key=lambda text: text.version)
