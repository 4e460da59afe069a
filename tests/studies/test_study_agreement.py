"""How far participants agree, held against other programs, and figures that do not follow the order of people."""

import math
import random

import krippendorff
import numpy as np
import pytest

from measures.proportions import expected_minimum
from studies.design.rows import AnswerRow, PairFacts, in_steps
from studies.design.sets import standard_sets, subset_minima
from studies.results.analysis import set_figures
from studies.results.counting import AnswerTable
from studies.results.raters import RaterCoefficient, rater_agreement
from studies.results.summary import StudyFigures, study_figures


def survey(*, people: int = 30, pairs: int = 20, each: int = 10, seed: int = 4) -> list[AnswerRow]:
    rng = random.Random(seed)
    ease = [rng.uniform(0.6, 0.99) for _ in range(pairs)]
    return [
        AnswerRow(who, pair, "target", "good" if rng.random() < ease[pair] else "bad", at, 4000)
        for who in range(people)
        for at, pair in enumerate(rng.sample(range(pairs), each), start=1)
    ]


def coefficients(rows: list[AnswerRow], pairs: int = 20) -> dict[str, RaterCoefficient]:
    found = rater_agreement(rows, range(pairs), seed=7, replicates=300)
    return {each.key: each for each in found.coefficients}


def test_alpha_is_that_of_the_package_krippendorff_and_the_rest_that_of_counting_pairs_of_people() -> None:
    rows = survey()
    matrix = np.full((30, 20), np.nan)
    for row in rows:
        matrix[row.participant, row.pair] = row.is_good
    found = coefficients(rows)
    alpha = krippendorff.alpha(reliability_data=matrix, level_of_measurement="nominal")
    assert found["krippendorff_alpha_nominal"].value == pytest.approx(alpha, abs=1e-12)
    met = [
        [(a, b) for at, a in enumerate(column) for b in column[at + 1 :]]
        for column in ([each for each in matrix[:, pair] if not math.isnan(each)] for pair in range(20))
    ]
    raw = np.mean([np.mean([a == b for a, b in pairs]) for pairs in met])
    assert found["raw_agreement"].value == pytest.approx(raw, abs=1e-12)
    share = np.nanmean(matrix, axis=0).mean()
    chance = 2 * share * (1 - share)
    assert found["gwet_ac1"].value == pytest.approx((raw - chance) / (1 - chance), abs=1e-12)
    flat = [pair for pairs in met for pair in pairs]
    both = sum(a == b == 1 for a, b in flat)
    mixed = sum(a != b for a, b in flat)
    assert found["positive_agreement"].value == pytest.approx(2 * both / (2 * both + mixed), abs=1e-12)


def test_coefficients_carry_their_n_the_share_of_good_and_two_intervals() -> None:
    rows = survey()
    found = rater_agreement(rows, range(20), seed=7, replicates=300)
    assert found.good.n == 300
    for each in found.coefficients:
        assert (each.pairs, each.answers, each.people) == (20, 300, 30)
        assert each.over_people is not None
        assert each.over_both is not None
        assert each.value is not None
        assert each.over_people.low <= each.value <= each.over_people.high
        assert each.over_both.width > 0


def test_everybody_alike_leaves_chance_corrected_coefficients_undefined_with_a_reason() -> None:
    rows = [AnswerRow(who, pair, "target", "good", 1) for who in range(6) for pair in range(5)]
    found = coefficients(rows, 5)
    assert found["raw_agreement"].value == 1.0
    assert found["krippendorff_alpha_nominal"].value is None
    assert "no variation" in found["krippendorff_alpha_nominal"].reason
    assert rater_agreement([], range(5), seed=1, replicates=10).coefficients == ()


def test_no_figure_follows_the_names_of_people_or_the_order_of_rows() -> None:
    rows = survey() + [AnswerRow(who, 100, "distractor", "bad", 11, 900) for who in range(30)]
    facts = [PairFacts(pair, "hard" if pair < 10 else "easy", pair / 100) for pair in range(20)]
    rng = random.Random(9)
    names = rng.sample(range(1000), 30)
    others = [
        AnswerRow(names[row.participant], row.pair, row.role, row.answer, row.position, row.ms)
        for row in rows
    ]
    rng.shuffle(others)
    one, other = (all_figures(each, facts) for each in (rows, others))
    assert one.table == other.table
    assert one.differences == other.differences
    assert one.agreement == other.agreement
    assert one.attention.false_alarm_rate == other.attention.false_alarm_rate


def all_figures(rows: list[AnswerRow], facts: list[PairFacts]) -> StudyFigures:
    sets = standard_sets(facts, cards=10, seed=3)
    return study_figures(rows, facts, sets=sets, seed=5, replicates=120)


def test_the_table_holds_the_least_similar_and_equal_subsets_and_says_what_their_minima_come_to() -> None:
    facts = [PairFacts(pair, "hard", (20 - pair) / 100) for pair in range(20)]
    figures = all_figures(survey(), facts)
    assert [line.name for line in figures.table] == ["all pairs", "10 least similar", "subset 1", "subset 2"]
    assert figures.table[1].mean == set_figures("", survey(), range(19, 9, -1), seed=5, replicates=120).mean
    subsets = figures.subsets
    assert subsets is not None
    lowest = [line.minimum for line in figures.table[2:]]
    assert subsets.lowest == tuple(each.share for each in lowest if each)
    assert subsets.mean == pytest.approx(sum(subsets.lowest) / 2)
    assert (subsets.count, subsets.size) == (2, 10)
    first = survey_shares(figures, set(standard_sets(facts, cards=10, seed=3)["subset 1"]))
    assert lowest[0] is not None
    assert lowest[0].expected == pytest.approx(expected_minimum([n for _, n in first], pooled(first)))


def survey_shares(figures: StudyFigures, pairs: set[int]) -> list[tuple[int, int]]:
    return [(share.good, share.n) for share in figures.shares if share.pair in pairs]


def pooled(counts: list[tuple[int, int]]) -> float:
    return sum(good for good, _ in counts) / sum(n for _, n in counts)


def test_blocks_of_the_design_are_its_subsets_and_pairs_that_do_not_divide_have_none() -> None:
    facts = [PairFacts(pair, "hard", 0.1) for pair in range(12)]
    blocks = [[0, 2, 4], [1, 3, 5]]
    assert standard_sets(facts, cards=3, seed=1, blocks=blocks)["subset 2"] == (1, 3, 5)
    assert list(standard_sets(facts, cards=5, seed=1)) == ["5 least similar"]
    assert standard_sets(facts, cards=12, seed=1) == {}
    assert subset_minima((), {"subset 1": (1,)}) is None


def test_people_stand_in_the_order_of_what_they_saw_and_said() -> None:
    rows = [
        AnswerRow(1, 0, "target", "good", 1),
        AnswerRow(2, 1, "target", "good", 1),
        AnswerRow(3, 0, "target", "bad", 1),
    ]
    table = AnswerTable(rows, [0, 1])
    assert table.size.tolist() == [[0, 1], [1, 0], [1, 0]]
    assert table.good.tolist() == [[0, 1], [0, 0], [1, 0]]


def test_times_are_kept_in_tenths_of_a_second() -> None:
    assert [in_steps(ms) for ms in (0, 49, 50, 1249, 1250, None)] == [0, 0, 100, 1200, 1300, None]
