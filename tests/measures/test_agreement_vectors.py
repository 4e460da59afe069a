"""Every published value that the coefficients are held against, to four decimals (packages' tests: three)."""

from __future__ import annotations

import pytest

from measures.agreement import WEIGHTS, Coefficient, Ratings, report
from tests.measures.published_ratings import (
    ABSTRACTORS,
    BEN_GERRY,
    COHEN_1960,
    DIAGNOSIS,
    FLEISS,
    KRIPPENDORFF,
    RAW_4_RATERS,
    RAW_5_OBSERVERS,
    RAW_G1G2,
    RAW_GENDER,
    WIKIPEDIA,
    by_rater,
    by_table,
)

TO_FOUR = 5.1e-5
TO_THREE = 5.1e-4

VALUES = [
    ("Fleiss 1971", FLEISS, "fleiss_kappa", 0.4302445),
    ("Fleiss 1971", FLEISS, "conger_kappa", 0.44181),
    ("Fleiss 1971", FLEISS, "light_kappa", 0.45941),
    ("Fleiss 1971", FLEISS, "krippendorff_alpha_nominal", 0.43341),
    ("Fleiss 1971", FLEISS, "gwet_ac1", 0.44788),
    ("Fleiss 1971", FLEISS, "brennan_prediger", 0.44444),
    ("Wikipedia", WIKIPEDIA, "fleiss_kappa", 0.20993),
    ("Wikipedia", WIKIPEDIA, "brennan_prediger", 0.22253),
    ("Wikipedia", WIKIPEDIA, "gwet_ac1", 0.22561),
    ("Wikipedia", WIKIPEDIA, "krippendorff_alpha_nominal", 0.21557),
    ("Krippendorff 2011", KRIPPENDORFF, "krippendorff_alpha_nominal", 0.7434),
    ("Krippendorff 2011", KRIPPENDORFF, "krippendorff_alpha_ordinal", 0.8154),
    ("Krippendorff 2011", KRIPPENDORFF, "krippendorff_alpha_interval", 0.8491),
    ("Krippendorff 2011", KRIPPENDORFF, "krippendorff_alpha_ratio", 0.7974),
    ("irrCAC", RAW_4_RATERS, "krippendorff_alpha_ordinal_weights", 0.8336),
    ("irrCAC", RAW_4_RATERS, "krippendorff_alpha_linear_weights", 0.8004),
    ("irrCAC", RAW_4_RATERS, "krippendorff_alpha_quadratic_weights", 0.84911),
    ("irrCAC", RAW_4_RATERS, "krippendorff_alpha_ratio_weights", 0.79740),
    ("irrCAC", RAW_4_RATERS, "gwet_ac1", 0.77544),
    ("irrCAC", RAW_4_RATERS, "fleiss_kappa", 0.76117),
    ("irrCAC", RAW_4_RATERS, "krippendorff_alpha_nominal", 0.74342),
    ("irrCAC", RAW_4_RATERS, "conger_kappa", 0.76282),
    ("irrCAC", RAW_4_RATERS, "brennan_prediger", 0.77273),
    ("irrCAC", ABSTRACTORS, "cohen_kappa", 0.79641),
    ("irrCAC", ABSTRACTORS, "scott_pi", 0.79624),
    ("irrCAC", ABSTRACTORS, "gwet_ac1", 0.84933),
    ("irrCAC", ABSTRACTORS, "brennan_prediger", 0.8350),
    ("irrCAC", ABSTRACTORS, "krippendorff_alpha_nominal", 0.79726),
    ("Cohen 1960", COHEN_1960, "cohen_kappa", 0.49153),
    ("Cohen 1960", COHEN_1960, "raw_agreement", 0.70),
    ("Wikipedia", by_table([[20, 5], [10, 15]]), "cohen_kappa", 0.4000),
    ("Wikipedia", by_table([[45, 15], [25, 15]]), "cohen_kappa", 0.1304),
    ("Wikipedia", by_table([[25, 35], [5, 35]]), "cohen_kappa", 0.2593),
]
ERRORS = [
    (FLEISS, "fleiss_kappa", 0.0542),
    (RAW_4_RATERS, "gwet_ac1", 0.14295),
    (RAW_4_RATERS, "fleiss_kappa", 0.15302),
    (RAW_4_RATERS, "krippendorff_alpha_nominal", 0.14557),
    (RAW_4_RATERS, "conger_kappa", 0.14917),
    (RAW_4_RATERS, "brennan_prediger", 0.14472),
]
# The values in irrCAC's own tests: (ratings, weights, coefficient, value, standard error).
PACKAGED = [
    (RAW_4_RATERS, "linear", "gwet_ac2", 0.859, 0.117),
    (RAW_4_RATERS, "ordinal", "gwet_ac2", 0.899, 0.107),
    (RAW_4_RATERS, "quadratic", "gwet_ac2", 0.914, 0.104),
    (RAW_4_RATERS, "radical", "gwet_ac2", 0.820, 0.128),
    (RAW_4_RATERS, "ratio", "gwet_ac2", 0.857, 0.122),
    (RAW_4_RATERS, "linear", "conger_kappa", 0.814, 0.145),
    (RAW_4_RATERS, "ordinal", "conger_kappa", 0.844, 0.144),
    (RAW_4_RATERS, "quadratic", "conger_kappa", 0.858, 0.144),
    (RAW_4_RATERS, "radical", "conger_kappa", 0.788, 0.146),
    (RAW_4_RATERS, "ratio", "conger_kappa", 0.812, 0.149),
    (RAW_4_RATERS, "linear", "fleiss_kappa", 0.818, 0.149),
    (RAW_4_RATERS, "ordinal", "fleiss_kappa", 0.850, 0.147),
    (RAW_4_RATERS, "quadratic", "fleiss_kappa", 0.865, 0.146),
    (RAW_4_RATERS, "radical", "fleiss_kappa", 0.790, 0.150),
    (RAW_4_RATERS, "ratio", "fleiss_kappa", 0.821, 0.152),
    (RAW_4_RATERS, "linear", "brennan_prediger", 0.848, 0.123),
    (RAW_4_RATERS, "ordinal", "brennan_prediger", 0.886, 0.114),
    (RAW_4_RATERS, "quadratic", "brennan_prediger", 0.902, 0.111),
    (RAW_4_RATERS, "radical", "brennan_prediger", 0.813, 0.133),
    (RAW_4_RATERS, "ratio", "brennan_prediger", 0.840, 0.132),
    (RAW_4_RATERS, "linear", "krippendorff_alpha", 0.800, 0.135),
    (RAW_4_RATERS, "ordinal", "krippendorff_alpha", 0.834, 0.131),
    (RAW_4_RATERS, "quadratic", "krippendorff_alpha", 0.849, 0.129),
    (RAW_4_RATERS, "radical", "krippendorff_alpha", 0.772, 0.140),
    (RAW_4_RATERS, "ratio", "krippendorff_alpha", 0.797, 0.140),
    (RAW_4_RATERS, "circular", "gwet_ac2", 0.8302, 0.13265),
    (RAW_4_RATERS, "circular", "conger_kappa", 0.80535, 0.14748),
    (RAW_4_RATERS, "circular", "krippendorff_alpha", 0.78998, 0.14101),
    (RAW_4_RATERS, "bipolar", "gwet_ac2", 0.90037, 0.10582),
    (RAW_4_RATERS, "bipolar", "fleiss_kappa", 0.85307, 0.14463),
    (RAW_4_RATERS, "bipolar", "brennan_prediger", 0.88815, 0.11246),
    (RAW_5_OBSERVERS, "", "gwet_ac1", 0.497, 0.122),
    (RAW_5_OBSERVERS, "", "conger_kappa", 0.469, 0.117),
    (RAW_5_OBSERVERS, "", "fleiss_kappa", 0.458, 0.120),
    (RAW_5_OBSERVERS, "", "brennan_prediger", 0.487, 0.121),
    (RAW_5_OBSERVERS, "", "krippendorff_alpha_nominal", 0.481, 0.114),
    (RAW_G1G2, "", "gwet_ac1", 0.685, 0.134),
    (RAW_G1G2, "", "conger_kappa", 0.659, 0.146),
    (RAW_G1G2, "", "fleiss_kappa", 0.657, 0.150),
    (RAW_G1G2, "", "brennan_prediger", 0.679, 0.136),
    (RAW_G1G2, "", "krippendorff_alpha_nominal", 0.632, 0.150),
    (RAW_GENDER, "", "gwet_ac1", 0.208, 0.091),
    (RAW_GENDER, "", "conger_kappa", 0.166, 0.121),
    (RAW_GENDER, "", "fleiss_kappa", 0.129, 0.141),
    (RAW_GENDER, "", "brennan_prediger", 0.183, 0.102),
    (RAW_GENDER, "", "krippendorff_alpha_nominal", 0.143, 0.141),
    (BEN_GERRY, "", "gwet_ac1", 0.661, 0.184),
    (BEN_GERRY, "", "conger_kappa", 0.657, 0.179),
    (BEN_GERRY, "", "fleiss_kappa", 0.649, 0.191),
    (BEN_GERRY, "", "brennan_prediger", 0.659, 0.185),
    (BEN_GERRY, "", "krippendorff_alpha_nominal", 0.665, 0.180),
    (DIAGNOSIS, "", "cohen_kappa", 0.432, 0.046),
    (DIAGNOSIS, "linear", "cohen_kappa", 0.407, 0.053),
    (DIAGNOSIS, "quadratic", "cohen_kappa", 0.383, 0.066),
    (DIAGNOSIS, "ordinal", "cohen_kappa", 0.390, 0.062),
    (DIAGNOSIS, "", "scott_pi", 0.43034, 0.04623),
    (DIAGNOSIS, "quadratic", "scott_pi", 0.38203, 0.06606),
    (ABSTRACTORS, "", "scott_pi", 0.79624, 0.05905),
    (ABSTRACTORS, "linear", "cohen_kappa", 0.843, None),
    (ABSTRACTORS, "quadratic", "cohen_kappa", 0.892, None),
    (ABSTRACTORS, "ordinal", "cohen_kappa", 0.872, None),
]


def coefficient(ratings: Ratings, key: str) -> Coefficient:
    return report(ratings, weights=WEIGHTS[1:], bootstraps=()).coefficient(key)


@pytest.mark.parametrize(("source", "ratings", "key", "value"), VALUES)
def test_a_published_value_is_met_to_four_decimals(
    source: str, ratings: Ratings, key: str, value: float
) -> None:
    assert coefficient(ratings, key).value == pytest.approx(value, abs=TO_FOUR), source


@pytest.mark.parametrize(("ratings", "key", "error"), ERRORS)
def test_a_published_standard_error_is_met_to_four_decimals(ratings: Ratings, key: str, error: float) -> None:
    assert coefficient(ratings, key).standard_error == pytest.approx(error, abs=TO_FOUR)


@pytest.mark.parametrize(("ratings", "weights", "key", "value", "error"), PACKAGED)
def test_the_values_of_irrcacs_own_tests_are_met(
    ratings: Ratings, weights: str, key: str, value: float, error: float | None
) -> None:
    if weights:
        key = f"{key}_{weights}" + ("_weights" if key == "krippendorff_alpha" else "")
    found = coefficient(ratings, key)
    assert found.value == pytest.approx(value, abs=TO_THREE)
    if error is not None:
        assert found.standard_error == pytest.approx(error, abs=TO_THREE)


def test_intervals_of_standard_errors_are_the_published_ones() -> None:
    fleiss = coefficient(FLEISS, "fleiss_kappa").analytic
    assert fleiss is not None
    assert (round(fleiss.low, 4), round(fleiss.high, 4)) == (0.3194, 0.5411)
    cohen = coefficient(by_table([[20, 5], [10, 15]]), "cohen_kappa")
    assert cohen.analytic is not None
    assert cohen.standard_error == pytest.approx(0.127, abs=5e-4)
    assert (round(cohen.analytic.low, 3), round(cohen.analytic.high, 3)) == (0.151, 0.649)
    cut = coefficient(RAW_4_RATERS, "gwet_ac1").analytic
    assert cut is not None
    assert (round(cut.low, 5), cut.high) == (0.46081, 1.0)


def test_the_prevalence_paradox_shows_in_kappa_and_not_in_ac1() -> None:
    level, skewed = by_table([[40, 9], [6, 45]]), by_table([[80, 10], [5, 5]])
    for ratings, kappa, ac1 in ((level, 0.6995, 0.70075), (skewed, 0.3182, 0.8080)):
        assert coefficient(ratings, "raw_agreement").value == pytest.approx(0.85)
        assert coefficient(ratings, "cohen_kappa").value == pytest.approx(kappa, abs=TO_FOUR)
        assert coefficient(ratings, "brennan_prediger").value == pytest.approx(0.70)
        assert coefficient(ratings, "gwet_ac1").value == pytest.approx(ac1, abs=TO_FOUR)
    found = report(skewed, positive="0", negative="1", bootstraps=())
    assert found.coefficient("positive_agreement").value == pytest.approx(2 * 80 / (90 + 85))
    assert found.coefficient("negative_agreement").value == pytest.approx(2 * 5 / (10 + 15))


def test_the_alpha_of_krippendorff_does_not_see_an_item_with_one_rating_but_ac1_does() -> None:
    everyone = report(KRIPPENDORFF, bootstraps=())
    without = report(
        by_rater(
            [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None],
            [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1],
        ),
        bootstraps=(),
    )
    for level in ("nominal", "ordinal", "interval", "ratio"):
        key = f"krippendorff_alpha_{level}"
        assert everyone.coefficient(key).value == pytest.approx(without.coefficient(key).value)
    assert everyone.coefficient("gwet_ac1").value != pytest.approx(without.coefficient("gwet_ac1").value)
    alone = everyone.coefficient("krippendorff_alpha_nominal").excluded
    assert [(each.reason, each.items) for each in alone] == [("item with one rating: no pair of raters", 1)]


def test_the_category_list_is_fixed_not_inferred() -> None:
    grades = by_rater([0, 5, 4, 0], [0, 5, 0, 5])
    declared = report(grades, categories=list("012345"), level="ordinal", bootstraps=())
    assert declared.coefficient("cohen_kappa_linear").value == pytest.approx(0.10, abs=TO_FOUR)
    words = by_rater(["none", "all", "most", "none"], ["none", "all", "none", "all"])
    inferred = report(words, categories=["none", "most", "all"], level="ordinal", bootstraps=())
    assert inferred.coefficient("cohen_kappa_linear").value == pytest.approx(0.25, abs=TO_FOUR)


def test_scott_fleiss_conger_and_light_are_kept_apart_by_name() -> None:
    found = report(FLEISS, bootstraps=())
    keys = ("fleiss_kappa", "conger_kappa", "light_kappa")
    assert [round(found.coefficient(key).value or 0, 4) for key in keys] == [0.4302, 0.4418, 0.4594]
    assert found.coefficient("cohen_kappa").value is None
    assert "two raters" in found.coefficient("cohen_kappa").reason
