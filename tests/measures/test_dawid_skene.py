"""Dawid and Skene's model: their own data and figures, another program's on random ratings, and its invariances."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.dawid_skene import Estimate, estimate_labels

# Dawid & Skene 1979, Table 1: 45 patients; observer 1 three times, then observers 2 to 5; grades 1 to 4.
PATIENTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
""".split()
OBSERVERS = (0, 0, 0, 1, 2, 3, 4)
CROWD_KIT = Path(__file__).parents[1] / "fixtures" / "dawid_skene" / "crowd_kit.json"


def estimated(ratings: list[tuple[int, int, int]], n_labels: int) -> Estimate:
    items, raters, labels = (np.array(column, dtype=np.int64) for column in zip(*ratings, strict=True))
    return estimate_labels(items, raters, labels, n_labels=n_labels)


def surgery() -> Estimate:
    return estimated(
        [
            (patient, observer, int(grade) - 1)
            for patient, grades in enumerate(PATIENTS)
            for observer, grade in zip(OBSERVERS, grades, strict=True)
        ],
        4,
    )


def test_the_authors_own_data_give_their_figures() -> None:
    found = surgery()
    assert found.has_converged
    assert found.rates == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    first = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert found.confusion[0] == pytest.approx(np.array(first), abs=0.005)
    assert found.confusion[4][2] == pytest.approx([0, 0.21, 0.79, 0], abs=0.005)
    assert found.probabilities[1].argmax() == 3
    assert found.log_likelihood == pytest.approx(-192.89, abs=0.01)


def test_random_ratings_with_gaps_give_what_crowd_kit_gives() -> None:
    """The file holds 227 ratings of 60 items by 5 raters, and what crowd-kit 1.4.2 made of them (tolerance 1e-13)."""
    told = json.loads(CROWD_KIT.read_text())
    found = estimated([tuple(row) for row in told["ratings"]], len(told["labels"]))
    assert found.probabilities == pytest.approx(np.array(told["probabilities"]), abs=1e-4)
    assert found.rates == pytest.approx(told["rates"], abs=1e-5)
    best = np.array(told["probabilities"]).argmax(axis=1)
    assert (found.probabilities.argmax(axis=1) == best).all()
    weights = found.weights > 0.5
    theirs = np.array(told["confusion"])
    assert found.confusion[weights] == pytest.approx(theirs[weights], abs=1e-4)


def test_a_rater_who_turns_labels_round_is_understood() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 200)
    ratings = []
    for item, label in enumerate(truth):
        ratings += [(item, rater, int(label) if rng.random() < 0.9 else 1 - int(label)) for rater in range(4)]
        ratings.append((item, 4, 1 - int(label)))
    found = estimated(ratings, 2)
    assert (found.probabilities.argmax(axis=1) == truth).mean() > 0.98
    assert found.confusion[4, 0, 1] > 0.95


def test_unanimous_raters_leave_no_doubt() -> None:
    found = estimated([(item, rater, item % 2) for item in range(10) for rater in range(3)], 2)
    assert found.probabilities.max(axis=1) == pytest.approx(np.ones(10))


def without_gaps(rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    items = {item: place for place, item in enumerate(sorted({row[0] for row in rows}))}
    raters = {rater: place for place, rater in enumerate(sorted({row[1] for row in rows}))}
    return [(items[item], raters[rater], label) for item, rater, label in rows]


ratings = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 3), st.integers(0, 2)), min_size=4, max_size=60
).map(without_gaps)


@settings(max_examples=60, deadline=None)
@given(ratings)
def test_probabilities_rates_and_confusions_add_up(rows: list[tuple[int, int, int]]) -> None:
    found = estimated(rows, 3)
    assert np.isfinite(found.probabilities).all()
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(len(found.probabilities)))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones(found.confusion.shape[:2]))
    assert found.rates.sum() == pytest.approx(1, abs=1e-6)
    assert found.weights.sum() == pytest.approx(len(rows))


@settings(max_examples=40, deadline=None)
@given(ratings, st.randoms())
def test_the_order_of_the_ratings_does_not_matter(rows: list[tuple[int, int, int]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert estimated(shuffled, 3).probabilities == pytest.approx(estimated(rows, 3).probabilities, abs=1e-6)


def test_columns_that_are_none_are_refused() -> None:
    empty = np.array([], dtype=np.int64)
    with pytest.raises(ValueError, match="not be empty"):
        estimate_labels(empty, empty, empty, n_labels=2)
    one = np.array([0], dtype=np.int64)
    with pytest.raises(ValueError, match="0 to 1"):
        estimate_labels(one, one, one + 5, n_labels=2)
