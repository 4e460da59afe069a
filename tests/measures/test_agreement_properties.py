"""What must hold for any ratings: oracles, invariances, bounds and the undefined cases."""

from __future__ import annotations

import json
import math

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from measures.agreement import LEVELS, AgreementReport, Ratings, report

Cells = list[tuple[int, int, int]]


@st.composite
def cells(draw: st.DrawFn, items: int = 8, raters: int = 5, labels: int = 4) -> Cells:
    """Ratings with any missing pattern: at most one per item and rater."""
    size = draw(st.integers(1, items)), draw(st.integers(1, raters))
    places = [(item, rater) for item in range(size[0]) for rater in range(size[1])]
    kept = draw(st.lists(st.sampled_from(places), unique=True, min_size=1))
    return [(item, rater, draw(st.integers(0, labels - 1))) for item, rater in kept]


def ratings_of(rows: Cells, names: str = "number") -> Ratings:
    prefix = {"number": "", "word": "label "}[names]
    return Ratings.from_columns([r[0] for r in rows], [r[1] for r in rows], [f"{prefix}{r[2]}" for r in rows])


def plain(rows: Cells, **options: object) -> AgreementReport:
    return report(ratings_of(rows), bootstraps=(), **options)  # type: ignore[arg-type]


def values(found: AgreementReport) -> dict[str, float | None]:
    return {row.key: row.value for row in found.coefficients}


def wide(rows: Cells) -> np.ndarray:
    matrix = np.full((1 + max(r[1] for r in rows), 1 + max(r[0] for r in rows)), np.nan)
    for item, rater, label in rows:
        matrix[rater, item] = label
    return matrix


@settings(deadline=None, max_examples=120)
@given(cells(), st.sampled_from(LEVELS))
def test_alpha_is_that_of_the_krippendorff_package_at_every_level(rows: Cells, level: str) -> None:
    found = plain(rows).coefficient(f"krippendorff_alpha_{level}")
    try:
        theirs = float(krippendorff.alpha(wide(rows), level_of_measurement=level))  # type: ignore[arg-type]
    except ValueError:
        theirs = math.nan
    if math.isnan(theirs):
        assert found.value is None
        assert found.reason
    elif found.value is None:
        assert "no variation" in found.reason
    else:
        assert found.value == pytest.approx(theirs, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 6), st.data())
def test_fleiss_kappa_is_that_of_statsmodels_where_every_item_has_as_many_ratings(
    raters: int, data: st.DataObject
) -> None:
    table = data.draw(
        st.lists(st.lists(st.integers(0, 3), min_size=raters, max_size=raters), min_size=2, max_size=12)
    )
    found = values(plain([(i, r, label) for i, row in enumerate(table) for r, label in enumerate(row)]))
    counts, _ = aggregate_raters(np.array(table))
    assume(counts.shape[1] > 1)
    assert found["fleiss_kappa"] == pytest.approx(fleiss_kappa(counts), abs=1e-9)
    assert found["brennan_prediger"] == pytest.approx(fleiss_kappa(counts, method="rand"), abs=1e-9)
    total = raters * len(table)
    assert found["fleiss_kappa"] is not None
    assert found["krippendorff_alpha_nominal"] == pytest.approx(
        1 - (1 - found["fleiss_kappa"]) * (total - 1) / total, abs=1e-9
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=30))
def test_cohens_kappa_is_that_of_sklearn_and_statsmodels_with_a_fixed_list(
    pairs: list[tuple[int, int]],
) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    rows = [(i, r, label) for i, pair in enumerate(pairs) for r, label in enumerate(pair)]
    found = report(ratings_of(rows), categories=list("01234"), bootstraps=())
    table = np.zeros((5, 5))
    np.add.at(table, (first, second), 1)
    for weights, ours in ((None, ""), ("linear", "_linear"), ("quadratic", "_quadratic")):
        one = found.coefficient(f"cohen_kappa{ours}")
        if len(set(first) | set(second)) == 1:
            assert one.value is None
            continue
        theirs = cohen_kappa_score(first, second, weights=weights, labels=range(5))
        assert one.value == pytest.approx(theirs, abs=1e-9)
        oracle = cohens_kappa(table, wt=weights) if weights else cohens_kappa(table)
        if oracle.kappa < 1:
            assert one.standard_error is not None
            assert one.standard_error**2 == pytest.approx(max(0.0, oracle.var_kappa), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(cells(), st.randoms(use_true_random=False))
def test_the_order_of_rows_raters_and_items_does_not_matter(rows: Cells, random: np.random.Generator) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    renamed = [(97 - item, 31 - rater, label) for item, rater, label in shuffled]
    before, after = values(plain(rows)), values(plain(renamed))
    for key, value in before.items():
        assert after[key] == (None if value is None else pytest.approx(value, abs=1e-9)), key


@settings(deadline=None, max_examples=40)
@given(cells(), st.permutations(range(4)))
def test_nominal_coefficients_do_not_care_what_labels_are_called(rows: Cells, names: list[int]) -> None:
    before = values(report(ratings_of(rows, "word"), bootstraps=()))
    after = values(report(ratings_of([(i, r, names[k]) for i, r, k in rows], "word"), bootstraps=()))
    for key in (
        "raw_agreement",
        "fleiss_kappa",
        "conger_kappa",
        "gwet_ac1",
        "brennan_prediger",
        "light_kappa",
    ):
        assert after[key] == (None if before[key] is None else pytest.approx(before[key], abs=1e-9)), key


@settings(deadline=None, max_examples=40)
@given(cells())
def test_perfect_agreement_is_one_under_any_missing_pattern_that_varies(rows: Cells) -> None:
    agreed = [(item, rater, item % 3) for item, rater, _ in rows]
    found = plain(agreed)
    for row in found.coefficients:
        if row.value is not None and not row.key.startswith("specific"):
            assert row.value == pytest.approx(1.0), row.key
        elif row.value is None:
            assert row.reason, row.key


@settings(deadline=None, max_examples=40)
@given(cells())
def test_every_value_is_in_range_or_none_with_a_reason_and_the_report_is_plain_json(rows: Cells) -> None:
    found = plain(rows)
    json.dumps(found.to_json(), allow_nan=False)
    for row in found.coefficients:
        if row.value is None:
            assert row.reason, row.key
        else:
            assert math.isfinite(row.value), row.key
            assert row.value <= 1.0 + 1e-12, row.key
            assert not row.reason, row.key
    raw = found.coefficient("raw_agreement").value
    assert raw is None or 0.0 <= raw <= 1.0


@settings(deadline=None, max_examples=40)
@given(cells(labels=1))
def test_one_category_is_no_variation_and_never_a_one(rows: Cells) -> None:
    for categories in (None, ["0", "1", "2"]):
        found = plain(rows, categories=categories)
        raw = found.coefficient("raw_agreement")
        for row in found.coefficients:
            if row.key.startswith(("raw", "specific", "positive", "negative")):
                continue
            assert row.value is None, row.key
            if raw.value is not None and "two raters" not in row.reason and categories:
                assert f"raw agreement 1.0 (n={raw.items} items)" in row.reason, row.key


@settings(deadline=None, max_examples=40)
@given(cells(raters=2))
def test_with_two_raters_and_no_gaps_conger_light_and_cohen_are_one(rows: Cells) -> None:
    met = {item for item, rater, _ in rows if rater == 0} & {item for item, rater, _ in rows if rater == 1}
    found = values(plain([row for row in rows if row[0] in met] or [(0, 0, 1)]))
    for key in ("conger_kappa", "light_kappa"):
        assert found[key] == (None if found["cohen_kappa"] is None else pytest.approx(found["cohen_kappa"]))
    assert found["scott_pi"] == (
        None if found["fleiss_kappa"] is None else pytest.approx(found["fleiss_kappa"])
    )


@settings(deadline=None, max_examples=40)
@given(cells(), st.sampled_from(["linear", "quadratic"]))
def test_weighted_and_levelled_alpha_meet_where_they_must(rows: Cells, weights: str) -> None:
    found = values(plain(rows))
    quadratic, interval = found["krippendorff_alpha_quadratic_weights"], found["krippendorff_alpha_interval"]
    assert quadratic == (None if interval is None else pytest.approx(interval, abs=1e-9))
    two = values(plain([(i, r, k % 2) for i, r, k in rows]))
    for key in ("fleiss_kappa", "gwet_ac1", "brennan_prediger", "conger_kappa"):
        weighted = two[f"{key}_{weights}".replace("ac1", "ac2")]
        assert weighted == (None if two[key] is None else pytest.approx(two[key], abs=1e-9)), key
