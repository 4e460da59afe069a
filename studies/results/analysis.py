"""The figures of a study: share good by pair, Table 1's mean and minimum, intervals (IMP §4.3, Table 1).

Rows come in as `AnswerRow`; only targets enter shares, repeats never do. Words: *share good* is Table 1's
"agreement". Rules, stated in docs/algorithms/study-results.md: a pair with n = 0 has no share and is left
out of the mean over pairs and of the minimum, and is counted beside them; the minimum is never resampled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from measures.intervals import Interval
from measures.proportions import expected_minimum, simultaneous_wilson, wilson
from measures.shrinkage import shrink
from studies.design.cards import Role
from studies.design.rows import AnswerRow, PairFacts
from studies.results.counting import AnswerTable, Counts

REPLICATES = 2000
SEED = 0


@dataclass(frozen=True)
class PairShare:
    """One pair's share good with its n and what may be said about it.

    `share` is None where n = 0. `simultaneous` holds for all pairs together (Sidak). `shrunken` is the
    beta-binomial estimate over all pairs given, None with fewer than two answered pairs.
    """

    pair: int
    good: int
    n: int
    share: float | None
    interval: Interval
    simultaneous: Interval
    shrunken: float | None
    shrunken_interval: Interval | None


@dataclass(frozen=True)
class Estimate:
    """A mean with its participant-clustered interval; `value` is None where nothing was answered.

    `interval` is None with fewer than two participants; `reason` says so.
    """

    value: float | None
    interval: Interval | None
    n: int
    participants: int
    reason: str = ""


@dataclass(frozen=True)
class MinimumShare:
    """The lowest share good of a set, with its own pair's n and intervals; never resampled.

    Among equally low pairs the one with most answers is shown; `ties` counts them all. `expected` is the
    minimum to be expected if every pair had the pooled share: a low minimum alone shows nothing.
    """

    share: float
    pair: int
    good: int
    n: int
    interval: Interval
    simultaneous: Interval
    expected: float
    ties: int


@dataclass(frozen=True)
class SetFigures:
    """One row of Table 1 for a chosen set of pairs.

    `mean` is over pairs, each pair counting the same; `pooled` over answers. `unanswered` counts the pairs
    with n = 0.
    """

    name: str
    pairs: int
    unanswered: int
    ratings: int
    fewest: int
    most: int
    mean: Estimate
    pooled: Estimate
    minimum: MinimumShare | None


@dataclass(frozen=True)
class Difference:
    """Mean over pairs of the first set minus that of the second, people resampled together."""

    first: str
    second: str
    estimate: Estimate


def pair_shares(
    rows: Sequence[AnswerRow], pairs: Sequence[int], *, with_shrunken: bool = True
) -> tuple[PairShare, ...]:
    """The share good of every named pair, in the order of `pairs`; answers to other pairs are ignored.

    `with_shrunken` false leaves the shrunken estimates out, which take most of the time.
    """
    table = AnswerTable(rows, pairs)
    good = [int(count) for count in table.good.sum(axis=0)]
    size = [int(count) for count in table.size.sum(axis=0)]
    together = simultaneous_wilson(good, size)
    shrunken = shrink(good, size) if with_shrunken and sum(n > 0 for n in size) > 1 else None
    return tuple(
        PairShare(
            pair=pair,
            good=good[place],
            n=size[place],
            share=good[place] / size[place] if size[place] else None,
            interval=wilson(good[place], size[place]),
            simultaneous=together[place],
            shrunken=shrunken.estimates[place] if shrunken else None,
            shrunken_interval=shrunken.intervals[place] if shrunken else None,
        )
        for place, pair in enumerate(pairs)
    )


def set_figures(
    name: str,
    rows: Sequence[AnswerRow],
    pairs: Sequence[int],
    *,
    seed: int = SEED,
    replicates: int = REPLICATES,
) -> SetFigures:
    """Mean over pairs, pooled share and minimum of one set of pairs.

    Means get a percentile interval from resampling participants with everything they answered. A pair that
    nobody answered in a resample is left out of that resample's mean over pairs; the interval's note counts
    such resamples.
    """
    table = AnswerTable(rows, pairs)
    size = table.size.sum(axis=0)
    return SetFigures(
        name=name,
        pairs=len(pairs),
        unanswered=int((size == 0).sum()),
        ratings=int(size.sum()),
        fewest=int(size.min()) if len(pairs) else 0,
        most=int(size.max()) if len(pairs) else 0,
        mean=_clustered(table, _mean_over_pairs, seed, replicates),
        pooled=_clustered(table, _pooled, seed, replicates),
        minimum=minimum_share(pair_shares(rows, pairs, with_shrunken=False)),
    )


def minimum_share(shares: Sequence[PairShare]) -> MinimumShare | None:
    """The lowest share among the answered pairs; None where no pair was answered."""
    answered = [(pair.share, -pair.n, pair.pair, pair) for pair in shares if pair.share is not None]
    if not answered:
        return None
    share, _, _, lowest = min(answered, key=lambda entry: entry[:3])
    sizes = [pair.n for pair in shares]
    return MinimumShare(
        share=share,
        pair=lowest.pair,
        good=lowest.good,
        n=lowest.n,
        interval=lowest.interval,
        simultaneous=lowest.simultaneous,
        expected=expected_minimum(sizes, sum(pair.good for pair in shares) / sum(sizes)),
        ties=sum(entry[0] == share for entry in answered),
    )


def table_rows(
    rows: Sequence[AnswerRow],
    sets: Mapping[str, Sequence[int]],
    *,
    seed: int = SEED,
    replicates: int = REPLICATES,
) -> tuple[SetFigures, ...]:
    """Table 1: the figures of every chosen set, in the order given. Sets may overlap."""
    return tuple(
        set_figures(name, rows, pairs, seed=seed, replicates=replicates) for name, pairs in sets.items()
    )


def sets_by_difficulty(facts: Sequence[PairFacts]) -> dict[str, tuple[int, ...]]:
    """The pairs of each difficulty, ready for `table_rows`, in the order hard, medium, easy, then others."""
    order = {"hard": 0, "medium": 1, "easy": 2}
    names = sorted({fact.difficulty for fact in facts}, key=lambda name: (order.get(name, 3), name))
    return {name: tuple(fact.pair for fact in facts if fact.difficulty == name) for name in names}


def share_difference(
    rows: Sequence[AnswerRow],
    first: tuple[str, Sequence[int]],
    second: tuple[str, Sequence[int]],
    *,
    seed: int = SEED,
    replicates: int = REPLICATES,
) -> Difference:
    """How much better the first set's mean over pairs is than the second's, inside the same people."""
    table = AnswerTable(rows, [*first[1], *second[1]])
    cut = len(first[1])

    def difference(good: Counts, size: Counts) -> Counts:
        left = _mean_over_pairs(good[:, :cut], size[:, :cut])
        right = _mean_over_pairs(good[:, cut:], size[:, cut:])
        return np.asarray(left - right, dtype=np.float64)

    return Difference(first[0], second[0], _clustered(table, difference, seed, replicates))


def pooled_share(
    rows: Sequence[AnswerRow], role: Role, *, seed: int = SEED, replicates: int = REPLICATES
) -> Estimate:
    """Share good over all answers in one role, its interval from resampling participants."""
    pairs = sorted({row.pair for row in rows if row.role == role})
    return _clustered(AnswerTable(rows, pairs, role), _pooled, seed, replicates)


def mean_grade(
    rows: Sequence[AnswerRow], pairs: Sequence[int], *, seed: int = SEED, replicates: int = REPLICATES
) -> Estimate:
    """The mean of all grades of these targets, 0 to 5, its interval from resampling participants."""
    return _clustered(AnswerTable(rows, pairs, by_grade=True), _pooled, seed, replicates)


class _Statistic(Protocol):
    """A figure of each row of pair counts: replicates x pairs in, replicates out, NaN where undefined."""

    def __call__(self, good: Counts, size: Counts, /) -> Counts: ...


def _mean_over_pairs(good: Counts, size: Counts) -> Counts:
    answered = (size > 0).sum(axis=1)
    total = np.divide(good, size, out=np.zeros(good.shape), where=size > 0).sum(axis=1)
    return _ratio(total, answered)


def _pooled(good: Counts, size: Counts) -> Counts:
    return _ratio(good.sum(axis=1), size.sum(axis=1))


def _ratio(above: Counts, below: Counts) -> Counts:
    ratio: Counts = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio


def _clustered(table: AnswerTable, statistic: _Statistic, seed: int, replicates: int) -> Estimate:
    """The statistic and its percentile interval over resampled participants."""
    people, n = len(table.size), int(table.size.sum())
    value = float(statistic(table.good.sum(axis=0, keepdims=True), table.size.sum(axis=0, keepdims=True))[0])
    if np.isnan(value):
        return Estimate(None, None, n, people, "no answers")
    if people < 2:
        return Estimate(value, None, n, people, "one participant: no interval over participants")
    weights = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=replicates)
    good, size = weights @ table.good, weights @ table.size
    drawn = statistic(good, size)
    kept = drawn[~np.isnan(drawn)]
    low, high = np.quantile(kept, [0.025, 0.975])
    answered = table.size.sum(axis=0) > 0
    thin = int((size[:, answered] == 0).any(axis=1).sum())
    interval = Interval(
        float(low),
        float(high),
        0.95,
        "percentile bootstrap over participants",
        replicates=replicates,
        undefined=len(drawn) - len(kept),
        seed=seed,
        note=f"resamples that left out a pair without answers: {thin}" if thin else "",
    )
    return Estimate(value, interval, n, people)
