"""Votes become classes by the cut points, and the tie-breaker can change one."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.machine.ml_requests import CUT_POINTS, completed_difficulty
from ml_workers.difficulty import (
    PRESETS,
    Difficulty,
    DifficultyRule,
    assign_difficulty,
    default_rule,
    needs_tie_breaker,
    votes,
)
from polyannot.kernel.errors import Invalid

ALL_SIX = np.array(list(product([False, True], repeat=6)))


def classes(cast, rule, tie_breaker=None):
    return assign_difficulty(np.atleast_2d(cast), rule, tie_breaker=tie_breaker).difficulty


def test_six_who_agree_decide_at_once_and_the_tie_breaker_is_not_asked():
    found = assign_difficulty([[1] * 6, [0] * 6], PRESETS["imp7"], tie_breaker=[False, True])
    assert found.difficulty == [Difficulty.EASY, Difficulty.HARD]
    assert list(found.tie_breaker_asked) == [False, False]
    assert list(found.n_votes) == [6, 6]


@pytest.mark.parametrize(("yes", "without", "with_seventh"), [(5, "medium", "easy"), (1, "hard", "medium")])
def test_the_tie_breaker_can_change_a_class(yes, without, with_seventh):
    cast = [True] * yes + [False] * (6 - yes)
    assert classes(cast, PRESETS["imp7"], [False]) == [without]
    assert classes(cast, PRESETS["imp7"], [True]) == [with_seventh]


@pytest.mark.parametrize("seventh", [False, True])
def test_every_pattern_of_seven_votes_follows_the_cut_points(seventh):
    found = assign_difficulty(ALL_SIX, PRESETS["imp7"], tie_breaker=np.full(64, seventh))
    for pattern, difficulty in zip(ALL_SIX, found.difficulty, strict=True):
        yes = pattern.sum()
        total = yes + seventh if 0 < yes < 6 else 7 * (yes == 6)
        assert difficulty == ("easy" if total >= 6 else "hard" if total <= 1 else "medium")


def test_unanimous7_asks_all_seven_and_one_dissenter_makes_a_pair_medium():
    rule = PRESETS["unanimous7"]
    assert classes([1] * 6, rule, [True]) == ["easy"]
    assert classes([1] * 6, rule, [False]) == ["medium"]
    assert classes([0] * 6, rule, [False]) == ["hard"]
    assert classes([0] * 6, rule, [True]) == ["medium"]
    assert needs_tie_breaker(ALL_SIX, rule).all()


def test_the_presets_that_can_be_asked_for_are_those_of_the_rules():
    names = {"encoders": [f"model-{n}" for n in range(6)], "tie_breaker": "model-6"}
    assert set(CUT_POINTS) == set(PRESETS)
    for name, rule in PRESETS.items():
        asked = completed_difficulty({**names, "preset": name})
        assert (asked["easy_min_votes"], asked["hard_max_votes"]) == (
            rule.easy_min_votes,
            rule.hard_max_votes,
        )
        assert asked["tie_breaker_always"] == rule.always_asked
        assert completed_difficulty(asked) == asked


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"preset": "imp8"}, "imp7, unanimous7"),
        ({"preset": "imp7", "tie_breaker": ""}, "6 were named without one; name seven"),
        ({"preset": "imp7", "encoders": ["a", "b"]}, "2 were named; name seven"),
        ({"preset": "imp7", "hard_max_votes": 0}, "hard_max_votes contradicts the preset imp7"),
    ],
)
def test_a_preset_that_does_not_fit_is_refused_in_words(asked, word):
    names = {"encoders": [f"model-{n}" for n in range(6)], "tie_breaker": "model-6"}
    with pytest.raises(Invalid, match=word):
        completed_difficulty({**names, **asked})


def test_three_voters_without_a_tie_breaker_must_be_unanimous():
    rule = default_rule(3, tie_breaker=False)
    assert (rule.easy_min_votes, rule.hard_max_votes) == (3, 0)
    patterns = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]])
    assert assign_difficulty(patterns, rule).difficulty == ["easy", "medium", "medium", "hard"]


def test_of_two_voters_who_disagree_a_third_as_tie_breaker_decides():
    rule = default_rule(2, tie_breaker=True)
    assert classes([True, False], rule, [True]) == ["easy"]
    assert classes([True, False], rule, [False]) == ["hard"]


def test_the_default_for_six_voters_and_a_tie_breaker_is_the_preset_of_the_paper():
    rule, preset = default_rule(6, tie_breaker=True), PRESETS["imp7"]
    assert (
        (rule.easy_min_votes, rule.hard_max_votes) == (preset.easy_min_votes, preset.hard_max_votes) == (6, 1)
    )
    assert (
        default_rule(7, tie_breaker=False).easy_min_votes,
        default_rule(7, tie_breaker=False).hard_max_votes,
    ) == (
        6,
        1,
    )


@given(st.integers(1, 12), st.booleans())
def test_every_default_rule_is_sound_and_gives_agreement_its_class(voters, tie_breaker):
    if voters == 1 and tie_breaker:
        return  # one voter cannot disagree; the rule below would have no room between its cut points
    rule = default_rule(voters, tie_breaker=tie_breaker)
    extra = [False, False] if tie_breaker else None
    found = assign_difficulty([[True] * voters, [False] * voters], rule, tie_breaker=extra)
    assert found.difficulty == ["easy", "hard"]


@given(
    st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=20),
    st.permutations(range(6)),
)
def test_the_order_of_the_voters_changes_nothing(cast, order):
    given_votes = np.array(cast)
    seventh = np.ones(len(cast), dtype=bool)
    one = assign_difficulty(given_votes, PRESETS["imp7"], tie_breaker=seventh)
    two = assign_difficulty(given_votes[:, order], PRESETS["imp7"], tie_breaker=seventh)
    assert one.difficulty == two.difficulty


def test_a_cosine_at_the_threshold_is_a_yes_and_each_model_has_its_own():
    assert votes([[0.26, 0.21]], [0.26, 0.22]).tolist() == [[True, False]]


def test_shares_add_up_and_rules_that_contradict_themselves_are_refused():
    found = assign_difficulty(ALL_SIX, PRESETS["imp7"], tie_breaker=np.zeros(64))
    assert sum(found.share(one) for one in Difficulty) == pytest.approx(1)
    with pytest.raises(ValueError, match="must hold"):
        DifficultyRule("wrong", voters=3, easy_min_votes=1, hard_max_votes=1, tie_breaker=False)
    with pytest.raises(ValueError, match="votes of 6"):
        assign_difficulty([[True]], PRESETS["imp7"], tie_breaker=[True])
    with pytest.raises(ValueError, match="needs tie-breaker"):
        assign_difficulty(ALL_SIX, PRESETS["imp7"])


def test_a_cosine_that_is_no_number_is_no_vote():
    with pytest.raises(ValueError, match="finite"):
        votes([[0.3, np.nan]], [0.2, 0.2])
