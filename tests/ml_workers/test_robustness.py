"""Draws are different sets of the size asked for, and their assignments are those of a vote by these models."""

from itertools import combinations

import numpy as np
import pytest

from ml_workers.difficulty import assign_difficulty, default_rule
from ml_workers.robustness import LEVELS, drawn_sets, robustness


def votes_of(seed, n_pairs, n_models, p=0.6):
    return np.random.default_rng(seed).random((n_pairs, n_models)) < p


def test_draws_are_different_sets_and_the_seed_repeats_them():
    sets = drawn_sets(30, 7, draws=10, seed=1)
    assert len(set(sets)) == 10
    assert all(len(set(one)) == 7 for one in sets)
    assert sets == drawn_sets(30, 7, draws=10, seed=1)
    assert sets != drawn_sets(30, 7, draws=10, seed=2)


def test_where_fewer_sets_exist_than_are_asked_for_all_are_taken():
    assert drawn_sets(4, 3, draws=10, seed=0) == list(combinations(range(4), 3))
    with pytest.raises(ValueError, match="Sets of 5"):
        drawn_sets(4, 5, draws=10, seed=0)


def test_each_draw_gives_the_levels_of_a_vote_by_its_models_alone():
    cast = votes_of(3, 60, 9)
    names = [f"model {place}" for place in range(9)]
    told = robustness(cast, names, default_rule(7, tie_breaker=False), draws=6, seed=5)
    assert (told["easy_min_votes"], told["hard_max_votes"]) == (6, 1)
    for draw in told["draws"]:
        columns = [names.index(name) for name in draw["models"]]
        voted = assign_difficulty(cast[:, columns], default_rule(7, tie_breaker=False))
        assert draw["levels"] == {str(level): voted.difficulty.count(level) for level in LEVELS}
        assert sum(draw["levels"].values()) == 60
    assert len(told["kappas"]) == 15
    assert all(kappa["shared"] >= 5 for kappa in told["kappas"]), "seven of nine share at least five"
    assert told["to_reference"] == []
    assert told["summary"]["reference"]["plain"] == {"n": 0, "lowest": None, "mean": None, "highest": None}


def test_the_reference_is_compared_over_the_pairs_that_it_has():
    cast = votes_of(4, 40, 4)
    rule = default_rule(3, tie_breaker=False)
    level = robustness(cast, list("abcd"), rule, draws=4, seed=0)
    levels = assign_difficulty(cast[:, [0, 1, 2]], rule).difficulty
    told = robustness(
        cast, list("abcd"), rule, draws=4, seed=0, reference={row: str(levels[row]) for row in range(25)}
    )
    assert told["kappas"] == level["kappas"]
    assert [one["n"] for one in told["to_reference"]] == [25] * 4
    assert told["to_reference"][0]["plain"] == pytest.approx(1), "the first set is the one that voted"
    summary = told["summary"]["reference"]["plain"]
    assert summary["lowest"] <= summary["mean"] <= summary["highest"] == pytest.approx(1)


def test_models_that_always_agree_leave_kappa_undefined_or_one():
    same = np.repeat(votes_of(6, 30, 1), 5, axis=1)
    told = robustness(same, list("abcde"), default_rule(2, tie_breaker=False), draws=10, seed=0)
    assert {kappa["plain"] for kappa in told["kappas"]} == {1.0}
    told = robustness(
        np.ones((30, 5), dtype=bool), list("abcde"), default_rule(2, tie_breaker=False), draws=3, seed=0
    )
    assert told["summary"]["pairs"]["plain"]["n"] == 0
