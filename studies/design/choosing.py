"""Which pairs, distractors and positive controls a study shows (IMP §4.3).

Pure: candidates come in as plain rows, the choice goes out as pair ids with what a reader must know about it.
See docs/algorithms/study-design.md.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from studies.design.seeding import seeded, shuffled

MIN_BAD_VOTES = 2
MIN_GOOD_VOTES = 2
OTHER_SOURCE_IN_WORDS = 3.0
HARDEST_QUOTA: Mapping[str, int] = {"hard": 100}


class DesignError(ValueError):
    """The study cannot be laid out as asked; the message says what is missing."""


@dataclass(frozen=True)
class Candidate:
    """A pair that a study may show: one image with one caption version.

    `similarity` is the named model's image-text cosine, None where it was never computed. Votes count
    annotators, one each. `was_shown` is false for captions that no annotator ever saw.
    `confirmed_bad` is a person's confirmation that the caption is wrong for this image.
    """

    pair: int
    image: int
    words: int
    difficulty: str = ""
    similarity: float | None = None
    source: str = ""
    was_shown: bool = True
    good_votes: int = 0
    bad_votes: int = 0
    unsure_votes: int = 0
    confirmed_bad: bool = False


@dataclass(frozen=True)
class PairChoice:
    """The chosen pairs, hardest first within each difficulty, and what the choice left out.

    `ties` counts, per difficulty, the candidates that shared the last chosen similarity with the cut and
    were decided by the seed; `without_similarity` the candidates that could not be ranked.
    """

    pairs: tuple[int, ...]
    chosen: Mapping[str, int]
    ties: Mapping[str, int]
    without_similarity: int
    similarity_range: tuple[float, float]


@dataclass(frozen=True)
class MatchedChoice:
    """Distractors or controls and how well their length matches the study's pairs (words per caption)."""

    pairs: tuple[int, ...]
    eligible: int
    mean_words: float
    study_mean_words: float
    largest_gap_words: int


def choose_pairs(
    candidates: Sequence[Candidate],
    *,
    seed: int,
    quotas: Mapping[str, int] = HARDEST_QUOTA,
    one_per_image: bool = False,
) -> PairChoice:
    """The pairs with the lowest similarity of each difficulty, `quotas[difficulty]` of each.

    The seed decides only between pairs of equal similarity. Pairs without a similarity or never shown are
    not chosen. `one_per_image` takes at most one pair of an image over all quotas. Raises DesignError when
    a quota cannot be filled (IMP §4.3: the 100 hardest of the hard subset).
    """
    if not quotas or any(count < 1 for count in quotas.values()):
        raise DesignError("Ask for at least one pair of each difficulty named.")
    ranked = _ranked(candidates, seed)
    picked: list[Candidate] = []
    ties: dict[str, int] = {}
    used_images: set[int] = set()
    for difficulty, count in quotas.items():
        pool = [pair for pair in ranked if pair.difficulty == difficulty]
        got = _first(pool, count, used_images if one_per_image else None)
        if len(got) < count:
            raise DesignError(f"{count} {difficulty} pairs asked for, {len(got)} can be shown.")
        ties[difficulty] = _ties_at_the_cut(pool, got)
        picked += got
    similarities = [pair.similarity for pair in picked if pair.similarity is not None]
    return PairChoice(
        pairs=tuple(pair.pair for pair in picked),
        chosen=dict(Counter(pair.difficulty for pair in picked)),
        ties=ties,
        without_similarity=sum(pair.difficulty in quotas and pair.similarity is None for pair in candidates),
        similarity_range=(min(similarities), max(similarities)),
    )


def _ranked(candidates: Sequence[Candidate], seed: int) -> list[Candidate]:
    known = sorted(
        (pair for pair in candidates if pair.similarity is not None and pair.was_shown),
        key=lambda pair: pair.pair,
    )
    return sorted(shuffled(known, seeded(seed, "pairs")), key=lambda pair: pair.similarity or 0.0)


def _first(pool: Sequence[Candidate], count: int, used_images: set[int] | None) -> list[Candidate]:
    got: list[Candidate] = []
    for pair in pool:
        if len(got) == count:
            break
        if used_images is not None:
            if pair.image in used_images:
                continue
            used_images.add(pair.image)
        got.append(pair)
    return got


def _ties_at_the_cut(pool: Sequence[Candidate], got: Sequence[Candidate]) -> int:
    cut = got[-1].similarity
    chosen = {pair.pair for pair in got}
    tied_outside = sum(pair.similarity == cut and pair.pair not in chosen for pair in pool)
    tied_inside = sum(pair.similarity == cut for pair in got)
    return tied_outside + tied_inside if tied_outside else 0


def is_confirmed_bad(pair: Candidate, min_bad_votes: int = MIN_BAD_VOTES) -> bool:
    """True when the caption is known to be wrong for this very image.

    A person confirmed it, or at least `min_bad_votes` annotators said bad and nobody said anything else.
    A caption that was never shown is never a negative.
    """
    undisputed = pair.bad_votes >= min_bad_votes and not pair.good_votes and not pair.unsure_votes
    return pair.was_shown and (pair.confirmed_bad or undisputed)


def is_positive_control(pair: Candidate, min_good_votes: int = MIN_GOOD_VOTES) -> bool:
    """True for an easy pair that all of its annotators, at least `min_good_votes`, judged good."""
    undisputed = pair.good_votes >= min_good_votes and not pair.bad_votes and not pair.unsure_votes
    return pair.was_shown and pair.difficulty == "easy" and undisputed and not pair.confirmed_bad


def choose_distractors(
    candidates: Sequence[Candidate],
    *,
    study_pairs: Sequence[Candidate],
    count: int,
    seed: int,
    per_image: int = 1,
    min_bad_votes: int = MIN_BAD_VOTES,
) -> MatchedChoice:
    """Pairs confirmed bad for their image, matched to the study's pairs in length and caption source.

    `per_image` is the most distractors that one image may give. Raises DesignError when fewer than `count`
    qualify.
    """
    eligible = _eligible(candidates, study_pairs, lambda pair: is_confirmed_bad(pair, min_bad_votes))
    rng = seeded(seed, "distractors")
    return _matched(eligible, study_pairs, count, per_image, rng, "distractors")


def choose_controls(
    candidates: Sequence[Candidate],
    *,
    study_pairs: Sequence[Candidate],
    count: int,
    seed: int,
    per_image: int = 1,
    min_good_votes: int = MIN_GOOD_VOTES,
) -> MatchedChoice:
    """Easy pairs that all annotators judged good, outside the study's pairs and matched to them in length."""
    eligible = _eligible(candidates, study_pairs, lambda pair: is_positive_control(pair, min_good_votes))
    rng = seeded(seed, "controls")
    return _matched(eligible, study_pairs, count, per_image, rng, "positive controls")


def _eligible(
    candidates: Sequence[Candidate],
    study_pairs: Sequence[Candidate],
    qualifies: Callable[[Candidate], bool],
) -> list[Candidate]:
    taken = {pair.pair for pair in study_pairs}
    found = [pair for pair in candidates if pair.pair not in taken and qualifies(pair)]
    return sorted(found, key=lambda pair: pair.pair)


def _matched(
    eligible: Sequence[Candidate],
    study_pairs: Sequence[Candidate],
    count: int,
    per_image: int,
    rng: random.Random,
    called: str,
) -> MatchedChoice:
    """Greedy match to `count` study pairs taken at even steps of their length distribution."""
    if not study_pairs or count < 1:
        raise DesignError(f"Choose the study's pairs, and at least one of the {called}.")
    pool = shuffled(eligible, rng)
    used: Counter[int] = Counter()
    picked: list[tuple[Candidate, int]] = []
    for model in shuffled(_even_steps(study_pairs, count), rng):
        free = [pair for pair in pool if used[pair.image] < per_image]
        if not free:
            raise DesignError(f"{count} {called} asked for, {len(picked)} can be shown.")
        best = min(free, key=lambda pair: _mismatch(pair, model))
        pool.remove(best)
        used[best.image] += 1
        picked.append((best, abs(best.words - model.words)))
    return MatchedChoice(
        pairs=tuple(sorted(pair.pair for pair, _ in picked)),
        eligible=len(eligible),
        mean_words=fmean(pair.words for pair, _ in picked),
        study_mean_words=fmean(pair.words for pair in study_pairs),
        largest_gap_words=max(gap for _, gap in picked),
    )


def _even_steps(pairs: Sequence[Candidate], count: int) -> list[Candidate]:
    by_length = sorted(pairs, key=lambda pair: (pair.words, pair.pair))
    return [by_length[int((step + 0.5) * len(by_length) / count)] for step in range(count)]


def _mismatch(pair: Candidate, model: Candidate) -> float:
    other_source = OTHER_SOURCE_IN_WORDS if pair.source != model.source else 0.0
    return abs(pair.words - model.words) + other_source


def images_of(pairs: Collection[int], candidates: Sequence[Candidate]) -> dict[int, int]:
    """The image of each named pair, for keeping a distractor away from its own image's target card."""
    wanted = set(pairs)
    return {pair.pair: pair.image for pair in candidates if pair.pair in wanted}
