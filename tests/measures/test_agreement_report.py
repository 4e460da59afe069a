"""What a report says beside the coefficients: unsure, repeats, exclusions, people, hardest items."""

from __future__ import annotations

import json

import numpy as np
import pytest

from measures.agreement import Bootstrap, Ratings, report
from tests.measures.published_ratings import KRIPPENDORFF, by_rater, by_table

FAST = (Bootstrap("items", 200, 1),)


def rows(text: str) -> Ratings:
    """One rating a word: item, rater and label joined by points."""
    parts = [word.split(".") for word in text.split()]
    return Ratings.from_columns(*(list(column) for column in zip(*parts, strict=True)))


def unsure_table() -> Ratings:
    """Two raters over bad, unsure, good."""
    names = ("bad", "unsure", "good")
    cells = [
        (i, j)
        for i, line in enumerate([[20, 6, 4], [5, 4, 9], [3, 8, 61]])
        for j, n in enumerate(line)
        for _k in range(n)
    ]
    return by_rater([names[i] for i, _ in cells], [names[j] for _, j in cells])


def test_unsure_gives_another_figure_under_each_treatment_and_all_are_reported() -> None:
    found = report(unsure_table(), bootstraps=())
    assert found.parameters.unsure_treatment == "nominal"
    assert found.coefficient("cohen_kappa").value == pytest.approx(0.46889, abs=1e-5)
    assert found.coefficient("krippendorff_alpha_ordinal").value is None
    others = {row.treatment: row for row in found.sensitivity}
    assert set(others) == {"missing", "ordinal", "not_good"}
    missing = {row.key: row for row in others["missing"].coefficients}
    assert others["missing"].categories == ("bad", "good")
    assert missing["cohen_kappa"].items == 88
    assert missing["raw_agreement"].value == pytest.approx(81 / 88)
    assert any("unsure counts as no rating" in each.reason for each in missing["cohen_kappa"].excluded)
    not_good = {row.key: row for row in others["not_good"].coefficients}
    assert others["not_good"].categories == ("not good", "good")
    assert not_good["raw_agreement"].value == pytest.approx((35 + 61) / 120)
    assert not_good["negative_agreement"].value == pytest.approx(2 * 35 / (48 + 46))
    ordinal = {row.key: row for row in others["ordinal"].coefficients}
    declared = report(unsure_table(), level="ordinal", bootstraps=())
    assert declared.parameters.unsure_treatment == "ordinal"
    for key in ("cohen_kappa_linear", "cohen_kappa_quadratic", "krippendorff_alpha_ordinal"):
        assert ordinal[key].value == pytest.approx(declared.coefficient(key).value)
    assert [row.treatment for row in declared.sensitivity] == ["nominal", "missing", "not_good"]


def test_words_follow_the_declared_order_and_never_the_alphabet() -> None:
    first, second = ["low", "mid", "high", "low", "mid"], ["low", "high", "high", "mid", "mid"]
    right = report(by_rater(first, second), categories=["low", "mid", "high"], level="ordinal", bootstraps=())
    as_numbers = by_rater(*([str(["low", "mid", "high"].index(x)) for x in side] for side in (first, second)))
    numbers = report(as_numbers, bootstraps=())
    key = "cohen_kappa_quadratic"
    assert right.coefficient(key).value == pytest.approx(numbers.coefficient(key).value)
    unordered = report(by_rater(first, second), level="ordinal", bootstraps=())
    assert unordered.coefficient(key).value is None
    assert "no declared order" in unordered.coefficient(key).reason
    assert any("order of the categories was not declared" in note for note in unordered.notes)


def test_a_repeat_by_the_same_rater_is_kept_apart_and_reported() -> None:
    found = report(rows("1.a.good 1.b.good 2.a.bad 2.b.bad 1.a.bad 2.a.bad 3.b.good 3.b.good"), bootstraps=())
    assert found.coefficient("raw_agreement").value == 1.0
    assert (found.read, found.ratings) == (8, 5)
    assert [each.ratings for each in found.excluded] == [3]
    assert "rated before by the same rater" in found.excluded[0].reason
    assert (found.intra_rater.repeats, found.intra_rater.agreed) == (3, 2)
    assert found.intra_rater.by_rater == {"a": (1, 2), "b": (1, 1)}
    assert found.intra_rater.interval.low < 2 / 3 < found.intra_rater.interval.high


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    ratings = Ratings.from_columns(
        [1, 1, 2, 2, 3, 4, 4], list("abababa"), ["good", "bad", "", "good", "good", "perhaps", None]
    )
    found = report(ratings, categories=["bad", "good"], bootstraps=())
    assert {each.reason: each.ratings for each in found.excluded} == {
        "no label": 2,
        "label 'perhaps' is not in the category list": 1,
    }
    row = found.coefficient("krippendorff_alpha_nominal")
    assert (row.items, row.ratings, row.raters) == (1, 2, 2)
    assert [each.items for each in row.excluded if "one rating" in each.reason] == [2]


def test_numbers_written_differently_are_one_label() -> None:
    found = report(by_rater(["1", "2.0", "03"], ["1.0", "2", "3"]), bootstraps=())
    assert found.coefficient("raw_agreement").value == 1.0
    assert len(found.parameters.categories) == 3


def test_negative_numbers_have_an_interval_alpha_and_no_ratio_alpha() -> None:
    found = report(by_rater([-2, 0, 1, 3], [-1, 0, 1, 3]), bootstraps=())
    assert found.coefficient("krippendorff_alpha_interval").value is not None
    assert "not negative" in found.coefficient("krippendorff_alpha_ratio").reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.a.good 2.a.bad", "one rater only"),
        ("1.a.good 2.b.bad", "no item was rated by two raters"),
        (
            "1.a.good 1.b.good 2.a.good 2.b.good",
            "no variation: every rating used is 'good'; raw agreement 1.0 (n=2 items)",
        ),
    ],
)
def test_degenerate_ratings_are_undefined_and_say_why(text: str, reason: str) -> None:
    found = report(rows(text), categories=["bad", "good"], bootstraps=FAST)
    for key in ("cohen_kappa", "fleiss_kappa", "gwet_ac1", "brennan_prediger", "krippendorff_alpha_nominal"):
        row = found.coefficient(key)
        assert (row.value, row.intervals, row.standard_error) == (None, (), None)
        assert reason in row.reason
    json.dumps(found.to_json(), allow_nan=False)


def test_no_ratings_at_all_are_a_report_too() -> None:
    found = report(Ratings.from_columns([], [], []), bootstraps=FAST)
    assert found.coefficient("gwet_ac1").reason == "no ratings"
    assert (found.items, found.pairs, found.annotators, found.hardest) == (0, (), (), ())
    json.dumps(found.to_json(), allow_nan=False)


def test_a_rater_who_never_varies_has_a_kappa_of_zero_and_a_pair_of_such_has_none() -> None:
    found = report(rows("1.a.x 1.b.x 2.a.x 2.b.y 3.a.x 3.c.x"), bootstraps=())
    pairs = {(pair.first, pair.second): pair for pair in found.pairs}
    assert pairs["a", "b"].kappa == 0.0
    assert (pairs["a", "c"].kappa, pairs["a", "c"].reason) == (None, "both gave one category only")
    assert pairs["a", "b"].items == 2
    assert "1 of 2 rater pairs" in found.coefficient("light_kappa").excluded[-1].reason


def test_pairs_confusion_and_majority_are_counted_by_item() -> None:
    ratings = rows(
        "1.a.good 1.b.good 1.c.good 2.a.bad 2.b.good 2.c.good 3.a.good 3.b.bad 4.a.bad 5.a.good 5.b.bad 5.c.unsure"
    )
    found = report(ratings, bootstraps=())
    people = {row.rater: row for row in found.annotators}
    assert (people["a"].compared, people["a"].agreed, people["a"].tied, people["a"].alone) == (3, 1, 1, 1)
    assert people["c"].unsure_share == pytest.approx(1 / 3)
    assert people["b"].labels == {"bad": 2, "unsure": 0, "good": 2}
    counts = dict(zip(found.confusion.categories, found.confusion.counts, strict=True))
    assert counts["good"] == (4, 1, 4)
    assert found.confusion.row_rater == ""
    pairs = {(pair.first, pair.second): (pair.items, pair.agreed) for pair in found.pairs}
    assert pairs == {("a", "b"): (4, 1), ("a", "c"): (3, 1), ("b", "c"): (3, 2)}
    assert [(row.item, round(row.agreement, 3)) for row in found.hardest] == [
        ("5", 0.0),
        ("3", 0.0),
        ("2", 0.333),
    ]


def test_two_raters_get_a_confusion_matrix_with_their_names() -> None:
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    found = report(by_table(table), bootstraps=())
    assert [list(row) for row in found.confusion.counts] == table
    assert (found.confusion.row_rater, found.confusion.column_rater) == ("rater 0000", "rater 0001")


def test_an_item_lies_in_one_cluster() -> None:
    with pytest.raises(ValueError, match="'1' lies in two clusters"):
        Ratings.from_columns([1, 1], ["a", "b"], ["x", "y"], ["left", "right"])
    found = report(
        Ratings.from_columns([1, 1, 2, 2, 3, 3], [*"ababab"], [*"xyxxyy"], ["p", None, "p", "", "", None]),
        bootstraps=[Bootstrap("clusters", 50)],
    )
    assert found.coefficient("gwet_ac1").withheld == ("clusters: 2 to draw from are too few for a bootstrap",)


def test_ninety_two_percent_good_by_chance_is_high_raw_agreement_and_no_alpha() -> None:
    rng = np.random.default_rng(1)
    item, rater = (
        np.repeat(np.arange(100), 10),
        (np.repeat(np.arange(100) * 10, 10) + np.tile(np.arange(10), 100)) % 40,
    )
    label = np.where(rng.random(1000) < 0.92, "good", "bad")
    found = report(Ratings.from_columns(item, rater, label), bootstraps=())
    assert found.coefficient("raw_agreement").value == pytest.approx(0.853, abs=0.03)
    assert found.coefficient("krippendorff_alpha_nominal").value == pytest.approx(0.0, abs=0.04)
    assert found.coefficient("gwet_ac1").value == pytest.approx(0.83, abs=0.04)
    assert found.coefficient("positive_agreement").value == pytest.approx(0.92, abs=0.02)
    assert found.coefficient("negative_agreement").value == pytest.approx(0.08, abs=0.05)
    assert {row.label: round(row.share or 0, 1) for row in found.prevalence} == {"bad": 0.1, "good": 0.9}


def test_parameters_that_do_not_fit_are_refused() -> None:
    for options, message in (
        ({"categories": ["good"]}, "at least two"),
        ({"categories": ["good", "good"]}, "no label twice"),
        ({"level": "metric"}, "level must be one of"),
        ({"weights": ["cubic"]}, "weights must be among"),
        ({"unsure": "bad"}, "treated as one of"),
        ({"confidence": 95.0}, "between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            report(KRIPPENDORFF, **options)
    with pytest.raises(ValueError, match="same length"):
        Ratings.from_columns([1], [1, 2], ["a"])
    with pytest.raises(ValueError, match="Rating 2 has no rater"):
        Ratings.from_columns([1, 2], ["a", None], ["x", "y"])
    with pytest.raises(ValueError, match="different labels"):
        report(Ratings.from_columns(range(1001), ["a"] * 1001, range(1001)))


def test_a_slider_with_many_values_and_a_crowd_of_raters_still_give_every_coefficient() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(10, 90, 150)
    item = np.repeat(np.arange(150), 4)
    label = np.clip(np.rint(truth[item] + rng.normal(0, 8, 600)), 0, 100).astype(int)
    found = report(
        Ratings.from_columns(item, rng.permutation(600) % 300, label), level="interval", bootstraps=FAST
    )
    row = found.coefficient("krippendorff_alpha_interval")
    assert row.value is not None
    assert row.intervals[0].low < row.value < row.intervals[0].high
    assert row.value > 0.8
    assert found.primary == row.key
    assert "too many rater pairs" in found.coefficient("light_kappa").withheld[0]
