"""Cells of the annotator table that stand out, the items behind figures, and agreement over time."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from measures.agreement import Bootstrap, Ratings, report
from measures.agreement.behind import items_behind
from measures.agreement.pair_tests import benjamini_hochberg, pair_tests
from measures.agreement.preparing import Reading, prepare
from measures.agreement.trend import series

READING = Reading(categories=("bad", "good"), positive="good", negative="bad")


def simulated(
    seed: int, *, raters: int, images: int, each: int, overlap: int, careless: tuple[int, ...] = ()
) -> Ratings:
    """Images with captions that share a truth; careless raters answer at random, images are dealt at random."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, str, str]] = []
    for image in range(images):
        ease = rng.beta(2, 1)
        truth = rng.random(each) < 0.7
        for rater in rng.choice(raters, overlap, replace=False).tolist():
            keep = 0.5 if rater in careless else 0.6 + 0.4 * ease
            for caption in range(each):
                said = truth[caption] if rng.random() < keep else not truth[caption]
                rows.append((f"{image}.{caption}", f"r{rater:02d}", "good" if said else "bad", str(image)))
    items, people, labels, clusters = zip(*rows, strict=True)
    return Ratings.from_columns(items, people, labels, clusters)


@pytest.mark.parametrize(("overlap", "images"), [(4, 40), (4, 150), (2, 120), (2, 900)])
def test_cells_of_equal_annotators_stand_out_no_more_often_than_the_test_says(
    overlap: int, images: int
) -> None:
    p_values = [
        each.p
        for seed in range(25)
        for each in pair_tests(
            prepare(simulated(seed, raters=6, images=images, each=4, overlap=overlap), READING)
        )
        or ()
        if each.p is not None
    ]
    assert len(p_values) == 25 * 15
    below = np.mean(np.array(p_values) < 0.05)
    assert below < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p_values))
    assert 0.4 < np.mean(p_values) < 0.6


@pytest.mark.parametrize(("overlap", "images"), [(4, 120), (2, 700)])
def test_the_cells_of_a_careless_annotator_stand_out(overlap: int, images: int) -> None:
    ratings = simulated(3, raters=6, images=images, each=4, overlap=overlap, careless=(2,))
    table = prepare(ratings, READING)
    names = [ratings.raters[code] for code in table.raters]
    found = pair_tests(table) or ()
    careless = {
        names[each.first] == "r02" or names[each.second] == "r02" for each in found if each.differs == "less"
    }
    assert careless == {True}
    assert sum(each.differs == "less" for each in found) >= 4
    assert pair_tests(table) == found


def test_cells_are_not_tested_where_nothing_can_be_exchanged() -> None:
    ratings = Ratings.from_columns(list("aabb"), list("xyxy"), ["good", "bad", "good", "good"])
    (only,) = pair_tests(prepare(ratings, READING)) or ()
    assert (only.p, only.q, only.differs, only.items) == (None, None, "", 2)
    assert pair_tests(prepare(Ratings.from_columns([], [], []), READING)) == ()


def test_adjusted_p_values_are_those_of_statsmodels() -> None:
    p_values = np.random.default_rng(1).beta(0.5, 2, 40).tolist()
    known = benjamini_hochberg([None, *p_values])
    assert known[0] is None
    assert known[1:] == pytest.approx(multipletests(p_values, method="fdr_bh")[1].tolist())


def test_items_behind_figures_are_those_counted_in_the_report() -> None:
    ratings = simulated(5, raters=4, images=30, each=3, overlap=3)
    table = prepare(ratings, READING)
    found = items_behind(table, ratings, listed=5)
    told = report(ratings, categories=READING.categories, bootstraps=())
    by_pair = {(row.first, row.second): row for row in found if row.kind == "differ" and row.second}
    for pair in told.pairs:
        row = by_pair[pair.first, pair.second]
        assert row.count == pair.items - pair.agreed
        assert len(row.items) == min(5, row.count)
    against = {row.first: row.count for row in found if row.kind == "majority"}
    assert against == {row.rater: row.compared - row.agreed for row in told.annotators}
    everyone = next(row for row in found if row.kind == "differ" and not row.first)
    answers = {(row.row, row.column): row.count for row in found if row.kind == "answers"}
    assert answers["good", "bad"] == answers["bad", "good"] == everyone.count
    assert next(row for row in found if row.kind == "both" and not row.first).count == 90


def test_two_raters_lead_to_their_own_rows_and_columns() -> None:
    ratings = Ratings.from_columns(
        list("aabbcc"), list("xyxyxy"), ["good", "bad", "good", "good", "bad", "good"]
    )
    found = items_behind(prepare(ratings, READING), ratings, [["one", "one", "two"]])
    answers = {(row.row, row.column): row.items for row in found if row.kind == "answers"}
    assert answers == {("good", "bad"): ("a",), ("good", "good"): ("b",), ("bad", "good"): ("c",)}
    assert {row.period: row.items for row in found if row.kind == "period"} == {"one": ("a",), "two": ("c",)}


def test_a_series_gives_each_period_its_own_report_and_the_change_its_interval() -> None:
    early = simulated(1, raters=3, images=40, each=4, overlap=3, careless=(0, 1, 2))
    late = simulated(2, raters=3, images=40, each=4, overlap=3)
    ratings = Ratings.from_columns(
        [f"{part}{rows.items[i]}" for part, rows in (("e", early), ("l", late)) for i in rows.item],
        [rows.raters[r] for rows in (early, late) for r in rows.rater],
        [rows.labels[k] for rows in (early, late) for k in rows.label],
        [
            f"{part}{rows.items[i].split('.')[0]}"
            for part, rows in (("e", early), ("l", late))
            for i in rows.item
        ],
    )
    periods = ["early" if name[0] == "e" else "late" for name in ratings.items]
    bootstrap = Bootstrap("clusters", 400, 3)
    found = series(
        ratings, periods, ("early", "late"), READING, bootstrap=bootstrap, compared=[("early", "late")]
    )
    for point, rows in zip(found.points, (early, late), strict=True):
        alone = report(rows, categories=READING.categories, bootstraps=())
        values = {row.key: row.value for row in point.coefficients}
        assert values == {key: pytest.approx(alone.coefficient(key).value) for key in values}
        assert point.items == 160
    raw, alpha, _ac1 = found.changes
    assert raw.interval is not None
    assert alpha.interval is not None
    assert alpha.difference is not None
    assert 0 < raw.interval.low < raw.interval.high < 1
    assert alpha.interval.low < alpha.difference < alpha.interval.high
    again = series(
        ratings, periods, ("early", "late"), READING, bootstrap=bootstrap, compared=[("early", "late")]
    )
    assert again == found


def test_a_change_from_ratings_without_variation_says_why_there_is_none() -> None:
    ratings = Ratings.from_columns(
        list("aabbcc"), list("xyxyxy"), ["good"] * 4 + ["good", "bad"], list("aabbcc")
    )
    found = series(
        ratings,
        ["one", "one", "two"],
        ("one", "two"),
        READING,
        bootstrap=Bootstrap("clusters", 100, 1),
        compared=[("one", "two")],
    )
    raw, alpha, _ac1 = found.changes
    assert (raw.difference, raw.interval) == (-1.0, None)
    assert "too few" in raw.reason
    assert alpha.difference is None
    assert "no variation" in alpha.reason
