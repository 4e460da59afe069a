"""How far participants agree with each other: raw and chance-corrected, with the share of good beside them.

Pure, from `AnswerRow`; coefficients from `measures.agreement`. See docs/algorithms/study-results.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measures.agreement.bootstrap import Bootstrap, Resampler
from measures.agreement.estimates import estimate
from measures.agreement.ratings import IntArray, Ratings
from measures.agreement.results import Coefficient
from measures.agreement.scale import scale_of
from measures.agreement.table import tabulate
from measures.intervals import Interval
from studies.design.grades import VALUES
from studies.design.rows import AnswerRow
from studies.results.attention import CountedShare, counted_share
from studies.results.counting import AnswerTable

# In the order in which they are shown. Where nearly all answers are good, alpha is near 0 whatever people do.
KEYS = (
    "raw_agreement",
    "krippendorff_alpha_nominal",
    "gwet_ac1",
    "positive_agreement",
    "negative_agreement",
)
CATEGORIES = ("bad", "good")
# Of grades: plain, by rank, and by squared distance.
GRADE_KEYS = ("raw_agreement", "krippendorff_alpha_ordinal", "gwet_ac2_quadratic")


@dataclass(frozen=True)
class RaterCoefficient:
    """One coefficient over the targets that two people or more answered; None with a reason where it is undefined.

    `over_people` resamples participants with all they answered (these pairs, other people), `over_both` also
    resamples pairs. Somebody drawn twice is never compared with themselves.
    """

    key: str
    name: str
    value: float | None
    reason: str
    pairs: int
    answers: int
    people: int
    over_people: Interval | None
    over_both: Interval | None
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class RaterAgreement:
    """The coefficients, and the share of all answers to targets that were good."""

    good: CountedShare
    coefficients: tuple[RaterCoefficient, ...]


def rater_agreement(
    rows: Sequence[AnswerRow], pairs: Sequence[int], *, seed: int, replicates: int
) -> RaterAgreement:
    """Agreement on the targets among `pairs`; repeats, distractors and controls never enter."""
    table = AnswerTable(rows, pairs)
    people, places = np.nonzero(table.size)
    labels = np.where(table.good[people, places] > 0, "good", "bad")
    good = counted_share(bool(label == "good") for label in labels)
    if not len(people):
        return RaterAgreement(good, ())
    codes = np.where(labels == "good", 1, 0).astype(np.int64)
    scale = RatedScale(CATEGORIES, "nominal", (), "good", "bad", KEYS)
    return RaterAgreement(good, _coefficients(people, places, codes, table, scale, seed, replicates))


@dataclass(frozen=True)
class RatedScale:
    """The categories in order, their level, weights beside identity, and the coefficients that are shown."""

    categories: tuple[str, ...]
    level: str
    weights: tuple[str, ...]
    positive: str | None
    negative: str | None
    keys: tuple[str, ...]


GRADES = RatedScale(VALUES, "ordinal", ("quadratic",), None, None, GRADE_KEYS)


def grader_agreement(
    rows: Sequence[AnswerRow], pairs: Sequence[int], *, seed: int, replicates: int
) -> tuple[RaterCoefficient, ...]:
    """Agreement of the grades of the targets among `pairs`; repeats and checks never enter."""
    table = AnswerTable(rows, pairs, by_grade=True)
    people, places = np.nonzero(table.size)
    if not len(people):
        return ()
    codes = table.good[people, places].astype(np.int64)
    return _coefficients(people, places, codes, table, GRADES, seed, replicates)


def _coefficients(
    people: IntArray,
    places: IntArray,
    codes: IntArray,
    table: AnswerTable,
    scale: RatedScale,
    seed: int,
    replicates: int,
) -> tuple[RaterCoefficient, ...]:
    order = np.lexsort((people, places))
    # Codes by place and by line of the table, so that the draws follow from the answers alone.
    ratings = Ratings(
        item=places[order].astype(np.int64),
        rater=people[order].astype(np.int64),
        label=codes[order],
        items=tuple(map(str, range(table.size.shape[1]))),
        raters=tuple(map(str, range(len(table.size)))),
        labels=scale.categories,
    )
    rated, _repeats = tabulate(ratings, scale_of(scale.categories, scale.categories, scale.level))
    drawings = (Bootstrap("raters", replicates, seed), Bootstrap("items+raters", replicates, seed))
    resampler = Resampler(rated, with_raters=False)
    found = estimate(resampler, scale.weights, scale.positive, scale.negative, drawings, 0.95, scale.keys)
    by_key = {each.key: each for each in found}
    return tuple(_told(by_key[key]) for key in scale.keys)


def _told(found: Coefficient) -> RaterCoefficient:
    drawn = {interval.method.rsplit(" ", 1)[-1]: interval for interval in found.intervals}
    return RaterCoefficient(
        key=found.key,
        name=found.name,
        value=found.value,
        reason=found.reason,
        pairs=found.items,
        answers=found.ratings,
        people=found.raters,
        over_people=drawn.get("raters"),
        over_both=drawn.get("items+raters"),
        withheld=found.withheld,
    )
