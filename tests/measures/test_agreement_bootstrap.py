"""Resampling: exact against plain resampling, seeded, and wide where it must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.agreement import KINDS, Bootstrap, Ratings, report
from measures.agreement.bootstrap import Resampler, drawn_counts
from measures.agreement.coefficients import alpha, conger, fleiss, level_distance, raw
from measures.agreement.ratings import FloatArray
from measures.agreement.scale import scale_of
from measures.agreement.sums import PairSums, Sample, sums_of_weighted
from measures.agreement.table import Table, tabulate

LABELS = np.array(["bad", "unsure", "good"])


def survey(seed: int, items: int = 60, raters: int = 12, per_item: int = 5, spread: float = 0.0) -> Ratings:
    """Items with a true label; rater g keeps to it with a chance that ``spread`` makes differ."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, items, p=[0.3, 0.1, 0.6])
    care = np.clip(0.7 + spread * rng.standard_normal(raters), 0.05, 0.98)
    item = np.repeat(np.arange(items), per_item)
    rater = np.concatenate([rng.choice(raters, per_item, replace=False) for _ in range(items)])
    label = np.where(rng.random(len(item)) < care[rater], truth[item], rng.integers(0, 3, len(item)))
    return Ratings.from_columns(item, rater, LABELS[label], item // 4)


def table_of(ratings: Ratings) -> Table:
    return tabulate(ratings, scale_of(ratings.labels, None, "nominal"))[0]


def by_hand(table: Table, raters: FloatArray, items: FloatArray) -> tuple[float, float]:
    """Raw agreement and nominal alpha of a resample, pair by pair, copies of a rater never compared."""
    shares, weight, same, total, of_label = 0.0, 0.0, 0.0, 0.0, np.zeros(3)
    own = 0.0
    for item, times in enumerate(items):
        rows = np.flatnonzero(table.item == item)
        drawn = [(table.rater[r], table.label[r]) for r in rows for _ in range(int(raters[table.rater[r]]))]
        met = [
            (a, b) for i, (g, a) in enumerate(drawn) for j, (h, b) in enumerate(drawn) if i != j and g != h
        ]
        if not met:
            continue
        agreeing = sum(a == b for a, b in met)
        shares, weight = shares + times * agreeing / len(met), weight + times
        same += times * len(drawn) * (1 - agreeing / len(met))
        total += times * len(drawn)
        of_label += times * np.array(
            [sum(1 for pair in met if pair[0] == k) * len(drawn) / len(met) for k in range(3)]
        )
        own += times * (len(drawn) ** 2 - len(met))
    expected = (of_label.sum() ** 2 - (of_label**2).sum()) / (total**2 - own)
    return shares / weight, 1 - (same / total) / expected


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000))
def test_a_resample_of_raters_and_items_equals_counting_pair_by_pair(seed: int) -> None:
    table = table_of(survey(3, items=12, raters=5, per_item=3))
    rng = np.random.default_rng(seed)
    raters = rng.integers(0, 3, len(table.raters)).astype(float)
    raters[:2] = np.maximum(raters[:2], 1)
    items = rng.integers(0, 3, len(table.items)).astype(float) + 1
    shape = (3, len(table.items))
    drawn, copies = np.zeros(shape), np.zeros(shape)
    np.add.at(drawn, (table.label, table.item), raters[table.rater])
    np.add.at(copies, (table.label, table.item), raters[table.rater] ** 2)
    sums = sums_of_weighted(drawn, copies, items)
    agreed, corrected = by_hand(table, raters, items)
    assert raw(sums, np.eye(3))[0] == pytest.approx(agreed)
    assert alpha(sums, level_distance("nominal", table.scale))[0] == pytest.approx(corrected)


@pytest.mark.parametrize("kind", KINDS)
def test_drawing_everything_once_gives_the_observed_values(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(rng: np.random.Generator, units: int, many: int) -> FloatArray:
        return np.ones((units, many))

    monkeypatch.setattr("measures.agreement.bootstrap.drawn_counts", once)
    resampler = Resampler(table_of(survey(1)))
    seen = resampler.observed

    def everything(sample: Sample) -> FloatArray:
        tables = sample.tables
        assert tables is not None
        rows = [getattr(sample.sums, name) for name in PairSums.__dataclass_fields__]
        flat = [
            np.broadcast_to(row.reshape(len(row), -1), (len(sample.sums.shares), row[0].size)) for row in rows
        ]
        flat.append(np.broadcast_to(tables.reshape(len(tables), -1), (len(flat[0]), tables[0].size)))
        flat.append(conger(sample, np.eye(3)).corrected[:, None])
        return np.concatenate(flat, axis=1).T

    found = resampler.replicates(Bootstrap(kind, 3), everything)
    assert found == pytest.approx(np.broadcast_to(everything(seen), found.shape))


def test_drawing_items_by_count_rows_and_one_by_one_give_the_same_interval() -> None:
    table = table_of(survey(2, items=400))
    figure = lambda sample: fleiss(sample.sums, np.eye(3)).corrected  # noqa: E731
    fast = Resampler(table, with_raters=False).replicates(Bootstrap("items", 4000, 1), figure)
    full = Resampler(table).replicates(Bootstrap("items", 4000, 1), figure)
    rng = np.random.default_rng(9)
    slow = []
    for _ in range(1500):
        counts = table.counts[rng.integers(0, len(table.items), len(table.items))]
        size = counts.sum(1)
        share = ((counts * (counts - 1)).sum(1) / (size * (size - 1))).mean()
        chance = ((counts / size[:, None]).mean(0) ** 2).sum()
        slow.append((share - chance) / (1 - chance))
    for values in (fast, full):
        assert np.quantile(values, [0.025, 0.975]) == pytest.approx(
            np.quantile(slow, [0.025, 0.975]), abs=0.006
        )


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    ratings = survey(4)
    for kind in KINDS:
        first, again, other = (
            report(ratings, bootstraps=[Bootstrap(kind, 300, seed)]).coefficient("gwet_ac1").intervals
            for seed in (5, 5, 6)
        )
        assert first == again
        assert first[0].low != other[0].low
        assert (first[0].replicates, first[0].seed) == (300, 5)
        assert kind in first[0].method


def test_raters_of_differing_care_widen_the_interval_and_two_way_is_the_widest() -> None:
    ratings = survey(6, items=200, raters=20, per_item=8, spread=0.25)
    kinds = ("items", "raters", "items+raters")
    rows = report(ratings, bootstraps=[Bootstrap(kind, 1000, 1) for kind in kinds])
    items, raters, both = rows.coefficient("krippendorff_alpha_nominal").intervals
    assert raters.width > items.width
    assert both.width > items.width


def test_a_rater_drawn_twice_does_not_agree_with_itself() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, (300, 6))
    ratings = Ratings.from_columns(
        np.repeat(np.arange(300), 6), np.tile(np.arange(6), 300), LABELS[2 * label.ravel()]
    )
    interval = (
        report(ratings, bootstraps=[Bootstrap("raters", 500)]).coefficient("raw_agreement").intervals[0]
    )
    assert interval.high < 0.6  # with self-pairs the mean alone would be near 0.58 and the end far above


def test_captions_of_one_image_that_share_a_truth_need_the_cluster_bootstrap() -> None:
    rng = np.random.default_rng(3)
    item = np.repeat(np.arange(400), 2)
    hard = np.repeat(rng.random(40) < 0.4, 20)
    label = np.where(hard, rng.integers(0, 2, 800), np.repeat(rng.integers(0, 2, 400), 2))
    ratings = Ratings.from_columns(item, np.tile([0, 1], 400), LABELS[2 * label], item // 10)
    rows = report(ratings, bootstraps=[Bootstrap("items", 1000), Bootstrap("clusters", 1000)])
    items, clusters = rows.coefficient("raw_agreement").intervals
    assert clusters.width > 1.3 * items.width


def test_an_interval_that_cannot_be_drawn_is_withheld_with_a_reason() -> None:
    pair = Ratings.from_columns([1, 1, 2, 2, 3, 3, 4, 4], [1, 2] * 4, [*"aabbabab"])
    row = report(pair, bootstraps=[Bootstrap("raters", 100), Bootstrap("items", 100)]).coefficient("gwet_ac1")
    assert [interval.method for interval in row.intervals] == ["percentile bootstrap over items"]
    assert "only 4 to draw from" in row.intervals[0].note
    assert row.withheld == ("raters: 2 to draw from are too few for a bootstrap",)
    with pytest.raises(ValueError, match="cluster"):
        report(pair, bootstraps=[Bootstrap("clusters", 10)])
    with pytest.raises(ValueError, match="must draw one of"):
        Bootstrap("people")
    with pytest.raises(ValueError, match="at least one replicate"):
        Bootstrap("items", 0)


def test_undefined_replicates_are_counted_and_left_out() -> None:
    rare = Ratings.from_columns(np.repeat(np.arange(20), 2), [1, 2] * 20, ["a"] * 38 + ["b", "b"])
    interval = report(rare, bootstraps=[Bootstrap("items", 1000)]).coefficient("cohen_kappa").intervals[0]
    assert interval.undefined == pytest.approx(1000 * (19 / 20) ** 20, rel=0.15)
    assert "no width" in interval.note


@given(st.integers(1, 5000), st.integers(1, 40), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_counts_of_drawn_units_add_up(units: int, many: int, seed: int) -> None:
    counts = drawn_counts(np.random.Generator(np.random.SFC64(seed)), units, many)
    assert counts.shape == (units, many)
    assert (counts.sum(axis=0) == units).all()


def test_counts_of_drawn_units_are_multinomial() -> None:
    counts = drawn_counts(np.random.Generator(np.random.SFC64(1)), 4500, 400)
    assert counts.mean() == 1.0
    assert counts.var() == pytest.approx(1 - 1 / 4500, abs=0.01)
    by_unit = counts.mean(axis=1)
    assert by_unit.std() == pytest.approx(400**-0.5, rel=0.1)
    assert np.corrcoef(counts[:2048].sum(axis=0), counts[2048:4096].sum(axis=0))[0, 1] < 0
