"""Near-duplicates: captions of a pool whose word 3-grams overlap; the longer one stays. Exact, no sampling."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ml_workers.cleaning.dropping import words_of

LEAST_JACCARD = 0.6
GRAM = 3


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A caption (its place) that says what a longer, kept one says, and the Jaccard similarity of their 3-grams."""

    place: int
    kept: int
    jaccard: float


def grams_of(text: str, size: int = GRAM) -> frozenset[tuple[str, ...]]:
    """The word n-grams of a text, in small letters; of a shorter text the whole of it."""
    words = [word.casefold() for word in words_of(text)]
    if len(words) < size:
        return frozenset([tuple(words)] if words else [])
    return frozenset(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def _longest_first(texts: Sequence[str]) -> list[int]:
    lengths = [(len(words_of(text)), len(text)) for text in texts]
    return sorted(range(len(texts)), key=lambda place: (-lengths[place][0], -lengths[place][1], place))


def near_duplicates(texts: Sequence[str], least: float = LEAST_JACCARD) -> list[NearDuplicate]:
    """Those of a pool's captions that are dropped, in the order of their places.

    From the longest (words, then characters, then the earlier) on, a caption stays unless it has a Jaccard similarity
    of at least `least` with one that stayed. Whoever reaches it shares one of a caption's rarest grams, so only these
    are looked up; the answer is that of comparing all pairs. Raises ValueError for a `least` outside (0, 1].
    """
    if not 0 < least <= 1:
        raise ValueError("The least similarity lies above 0 and not above 1.")
    grams = [grams_of(text) for text in texts]
    spread = Counter(gram for own in grams for gram in own)
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    found: list[NearDuplicate] = []
    for place in _longest_first(texts):
        own = grams[place]
        if not own:
            continue
        # Two sets that share at least least * n of n grams share one of the first n - least * n + 1 in any one order.
        n_rare = len(own) - math.ceil(least * len(own) - 1e-9) + 1
        rare = sorted(own, key=lambda gram: (spread[gram], gram))[:n_rare]
        candidates = {holder for gram in rare for holder in holders[gram]}
        best = max(((_jaccard(own, grams[one]), -one) for one in candidates), default=(0.0, 0))
        if best[0] >= least - 1e-9:
            found.append(NearDuplicate(place, -best[1], best[0]))
            continue
        for gram in rare:
            holders[gram].append(place)
    return sorted(found, key=lambda one: one.place)


def _jaccard(first: frozenset[tuple[str, ...]], second: frozenset[tuple[str, ...]]) -> float:
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)
