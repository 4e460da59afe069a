"""The whole of cleaning: repairs, rules and near-duplicates in their order, counted by step, nothing thrown away."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ml_workers.cleaning.dropping import Rule
from ml_workers.cleaning.duplicates import LEAST_JACCARD, near_duplicates
from ml_workers.cleaning.repairs import REPAIRS, hide_placeholders, show_placeholders

PLACEHOLDERS, NEAR_DUPLICATES = "placeholders", "near_duplicates"
DROPPING = ("language", "repetition", "parts_of_speech", "too_short")
STEPS = (PLACEHOLDERS, *(name for name, _repair in REPAIRS), *DROPPING, NEAR_DUPLICATES)


@dataclass(frozen=True, slots=True)
class GivenCaption:
    """A caption to clean: its text, the pool that it belongs to, and whether its source is cleaned at all.

    One of a source that is not cleaned keeps its text and takes part in near-duplicates alone (IMP cleans web titles,
    then merges them with the captions of corpora).
    """

    text: str
    pool: str = ""
    is_cleaned: bool = True


@dataclass(frozen=True, slots=True)
class CleanedCaption:
    """What became of one caption: its text now, what changed it, and the step that dropped it with the reason.

    The text as it was given is kept, so nothing is lost: a step is undone by leaving it out. `same_as` is the place of
    the caption that says what a near-duplicate says.
    """

    given: str
    text: str
    changed_by: tuple[str, ...] = ()
    dropped_by: str = ""
    reason: str = ""
    same_as: int | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it goes on into the pool."""
        return not self.dropped_by


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many captions came to a step, and how many it changed and dropped."""

    step: str
    n: int
    n_changed: int
    n_dropped: int


@dataclass(frozen=True, slots=True)
class CleaningResult:
    """Every caption that was given, in its order, and the counts of each step in theirs."""

    captions: Sequence[CleanedCaption]
    counts: Sequence[StepCount]


def clean(
    given: Sequence[GivenCaption],
    rules: Mapping[str, Rule],
    *,
    without: Collection[str] = (),
    least_jaccard: float = LEAST_JACCARD,
) -> CleaningResult:
    """Clean captions by all steps but those named in `without`; the same input gives the same result.

    Raises ValueError for a step that there is not.
    """
    if unknown := sorted(set(without) - set(STEPS)):
        raise ValueError(f"There is no step {', '.join(unknown)}; there are {', '.join(STEPS)}.")
    made = [
        _cleaned(one, rules, without) if one.is_cleaned else CleanedCaption(one.text, one.text)
        for one in given
    ]
    if NEAR_DUPLICATES not in without:
        made = _without_duplicates(given, made, least_jaccard)
    return CleaningResult(made, _counts(given, made, without))


def _cleaned(one: GivenCaption, rules: Mapping[str, Rule], without: Collection[str]) -> CleanedCaption:
    changed: list[str] = []
    text = one.text if PLACEHOLDERS in without else hide_placeholders(one.text)
    if PLACEHOLDERS not in without and show_placeholders(text) != one.text:
        changed.append(PLACEHOLDERS)
    for name, repair in REPAIRS:
        if name not in without and (repaired := repair(text)) != text:
            text = repaired
            changed.append(name)
    text = show_placeholders(text)
    told = CleanedCaption(one.text, text, tuple(changed))
    for name in DROPPING:
        if name not in without and (reason := rules[name](text)):
            return replace(told, dropped_by=name, reason=reason)
    return told


def _without_duplicates(
    given: Sequence[GivenCaption], made: Sequence[CleanedCaption], least: float
) -> list[CleanedCaption]:
    pools: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(made):
        if one.is_kept:
            pools[given[place].pool].append(place)
    after = list(made)
    for places in pools.values():
        for found in near_duplicates([made[place].text for place in places], least):
            place, kept = places[found.place], places[found.kept]
            reason = f"says what row {kept + 1} says, Jaccard {found.jaccard:.2f}"
            after[place] = replace(made[place], dropped_by=NEAR_DUPLICATES, reason=reason, same_as=kept)
    return after


def _counts(
    given: Sequence[GivenCaption], made: Sequence[CleanedCaption], without: Collection[str]
) -> list[StepCount]:
    dropped = Counter(one.dropped_by for one in made)
    changed = Counter(step for one in made for step in one.changed_by)
    n = sum(one.is_cleaned for one in given)
    counts = []
    for step in STEPS:
        if step == NEAR_DUPLICATES:
            n += sum(not one.is_cleaned for one in given)
        if step not in without:
            counts.append(StepCount(step, n, changed[step], dropped[step]))
        n -= dropped[step]
    return counts
