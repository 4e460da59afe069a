"""Which pairs, distractors and controls a study takes."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.design.choosing import (
    Candidate,
    DesignError,
    choose_controls,
    choose_distractors,
    choose_pairs,
    images_of,
    is_confirmed_bad,
    is_positive_control,
)


def pair(number: int, difficulty: str = "hard", similarity: float | None = 0.2, words: int = 10) -> Candidate:
    return Candidate(number, image=number // 2, words=words, difficulty=difficulty, similarity=similarity)


def test_the_hardest_pairs_have_the_lowest_similarity_of_their_difficulty() -> None:
    pool = [pair(number, similarity=number / 100) for number in range(30)]
    pool += [pair(100 + number, "easy", similarity=0.001) for number in range(5)]
    choice = choose_pairs(pool, quotas={"hard": 4}, seed=1)
    assert choice.pairs == (0, 1, 2, 3)
    assert choice.similarity_range == (0.0, 0.03)
    assert choice.ties == {"hard": 0}


def test_quotas_let_difficulties_meet_in_the_same_study() -> None:
    pool = [pair(number, ("hard", "medium", "easy")[number % 3], number / 100) for number in range(60)]
    choice = choose_pairs(pool, quotas={"hard": 5, "easy": 3}, seed=1)
    assert choice.chosen == {"hard": 5, "easy": 3}
    assert choice.pairs == (0, 3, 6, 9, 12, 2, 5, 8)


@given(order=st.permutations(range(12)), seed=st.integers(0, 200))
def test_the_seed_decides_ties_alone_and_the_order_of_reading_nothing(order: list[int], seed: int) -> None:
    pool = [pair(number, similarity=0.1 if number < 4 else 0.2) for number in range(12)]
    choice = choose_pairs([pool[place] for place in order], quotas={"hard": 6}, seed=seed)
    assert set(choice.pairs[:4]) == {0, 1, 2, 3}
    assert choice.ties == {"hard": 8}
    assert choice == choose_pairs(pool, quotas={"hard": 6}, seed=seed)


def test_tied_pairs_are_drawn_evenly_over_seeds() -> None:
    pool = [pair(number, similarity=0.1) for number in range(4)]
    drawn = Counter(choose_pairs(pool, quotas={"hard": 1}, seed=seed).pairs[0] for seed in range(2000))
    assert all(abs(count - 500) < 90 for count in drawn.values())


def test_a_quota_that_cannot_be_filled_is_refused_with_the_number_there_is() -> None:
    pool = [pair(1), pair(2, similarity=None), replace(pair(3), was_shown=False)]
    with pytest.raises(DesignError, match="2 hard pairs asked for, 1 can be shown"):
        choose_pairs(pool, quotas={"hard": 2}, seed=1)
    assert choose_pairs(pool, quotas={"hard": 1}, seed=1).without_similarity == 1


def test_at_most_one_pair_of_an_image_where_that_is_asked_for() -> None:
    pool = [pair(number, similarity=number / 100) for number in range(10)]
    assert choose_pairs(pool, quotas={"hard": 3}, seed=1, one_per_image=True).pairs == (0, 2, 4)


@pytest.mark.parametrize(
    ("votes", "confirmed", "shown", "is_bad"),
    [
        ((0, 2, 0), False, True, True),
        ((0, 1, 0), False, True, False),
        ((1, 2, 0), False, True, False),
        ((0, 2, 1), False, True, False),
        ((1, 0, 0), True, True, True),
        ((0, 2, 0), True, False, False),
    ],
)
def test_a_distractor_is_confirmed_bad_for_its_own_image(
    votes: tuple[int, int, int], confirmed: bool, shown: bool, is_bad: bool
) -> None:
    good, bad, unsure = votes
    candidate = Candidate(
        1,
        1,
        10,
        was_shown=shown,
        good_votes=good,
        bad_votes=bad,
        unsure_votes=unsure,
        confirmed_bad=confirmed,
    )
    assert is_confirmed_bad(candidate) is is_bad


def test_a_positive_control_is_easy_and_good_to_everybody() -> None:
    control = Candidate(1, 1, 10, difficulty="easy", good_votes=2)
    assert is_positive_control(control)
    for change in ({"bad_votes": 1}, {"unsure_votes": 1}, {"difficulty": "hard"}, {"good_votes": 1}):
        assert not is_positive_control(replace(control, **change))


def test_distractors_match_the_study_pairs_in_length_and_source() -> None:
    study = [Candidate(number, number, words=6 + number % 10, source="web") for number in range(100)]
    pool = [
        Candidate(1000 + n, 500 + n, words=3 + n % 30, source=("web", "cc3m")[n % 7 == 0], bad_votes=2)
        for n in range(600)
    ]
    choice = choose_distractors(pool, study_pairs=study, count=40, seed=2)
    assert len(set(choice.pairs)) == 40
    assert abs(choice.mean_words - choice.study_mean_words) < 0.5
    assert choice.largest_gap_words <= 1
    sources = Counter(candidate.source for candidate in pool if candidate.pair in choice.pairs)
    assert sources["web"] == 40
    assert choice == choose_distractors(pool[::-1], study_pairs=study, count=40, seed=2)


def test_an_image_gives_no_more_distractors_than_allowed() -> None:
    study = [pair(number) for number in range(10)]
    pool = [Candidate(100 + number, image=number % 3, words=10, bad_votes=2) for number in range(30)]
    chosen = choose_distractors(pool, study_pairs=study, count=6, seed=2, per_image=2).pairs
    assert set(Counter(images_of(chosen, pool).values()).values()) == {2}
    with pytest.raises(DesignError, match="4 distractors asked for, 3 can be shown"):
        choose_distractors(pool, study_pairs=study, count=4, seed=2)


def test_a_study_pair_is_never_its_own_control() -> None:
    easy = [Candidate(number, number, 10, difficulty="easy", good_votes=3) for number in range(8)]
    chosen = choose_controls(easy, study_pairs=easy[:3], count=5, seed=1)
    assert chosen.pairs == (3, 4, 5, 6, 7)
