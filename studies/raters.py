"""How far participants agree with each other: raw and chance-corrected, with the share of good beside them.

Pure, from `AnswerRow`; coefficients from `measures.agreement`. See docs/algorithms/study-results.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measures.agreement.bootstrap import Bootstrap, Resampler
from measures.agreement.estimates import estimate
from measures.agreement.ratings import Ratings
from measures.agreement.results import Coefficient
from measures.agreement.scale import scale_of
from measures.agreement.table import tabulate
from measures.intervals import Interval
from studies.attention import CountedShare, counted_share
from studies.counting import AnswerTable
from studies.rows import AnswerRow

# In the order in which they are shown. Where nearly all answers are good, alpha is near 0 whatever people do.
KEYS = (
    "raw_agreement",
    "krippendorff_alpha_nominal",
    "gwet_ac1",
    "positive_agreement",
    "negative_agreement",
)
CATEGORIES = ("bad", "good")


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
    order = np.lexsort((people, places))
    # Codes by place and by line of the table, so that the draws follow from the answers alone.
    ratings = Ratings(
        item=places[order].astype(np.int64),
        rater=people[order].astype(np.int64),
        label=np.where(labels[order] == "good", 1, 0).astype(np.int64),
        items=tuple(map(str, range(len(pairs)))),
        raters=tuple(map(str, range(len(table.size)))),
        labels=CATEGORIES,
    )
    rated, _repeats = tabulate(ratings, scale_of(CATEGORIES, CATEGORIES, "nominal"))
    drawings = (Bootstrap("raters", replicates, seed), Bootstrap("items+raters", replicates, seed))
    found = estimate(Resampler(rated, with_raters=False), (), "good", "bad", drawings, 0.95, KEYS)
    by_key = {each.key: each for each in found}
    return RaterAgreement(good, tuple(_told(by_key[key]) for key in KEYS))


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
