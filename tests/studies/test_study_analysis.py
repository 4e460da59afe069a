"""The figures of Table 1 and what stands beside them."""

import random

import pytest

from measures.proportions import wilson
from studies.design.cards import Role
from studies.design.rows import AnswerRow, PairFacts
from studies.results.analysis import (
    minimum_share,
    pair_shares,
    pooled_share,
    set_figures,
    share_difference,
    table_rows,
)
from studies.results.attention import (
    attention_figures,
    retest_agreement,
    share_by_position,
    share_by_similarity,
)
from studies.results.summary import FlowPerson, participant_flow, study_figures


def row(who: int, pair: int, good: bool, role: Role = "target", position: int = 1) -> AnswerRow:
    return AnswerRow(who, pair, role, "good" if good else "bad", position, 5000)


def counts(**shares: tuple[int, int]) -> list[AnswerRow]:
    """Rows for pairs named p0, p1 ... with k good of n, each answer by another person."""
    return [
        row(who, int(name[1:]), who < good) for name, (good, size) in shares.items() for who in range(size)
    ]


@pytest.mark.parametrize(
    ("good", "n", "printed"),
    [(16, 17, 94.1), (13, 14, 92.9), (12, 13, 92.3), (10, 11, 90.9), (28, 31, 90.32), (13, 15, 86.7)],
)
def test_single_pairs_read_as_the_paper_prints_them(good: int, n: int, printed: float) -> None:
    (share,) = pair_shares(counts(p0=(good, n)), [0])
    assert share.share is not None
    assert round(100 * share.share, 2 if printed == 90.32 else 1) == printed
    assert (share.good, share.n, share.interval) == (good, n, wilson(good, n))
    assert share.simultaneous.width == pytest.approx(share.interval.width)


def test_mean_over_pairs_and_pooled_differ_and_a_pair_without_answers_is_counted_apart() -> None:
    figures = set_figures("set", counts(p0=(10, 10), p1=(1, 2)), [0, 1, 2], replicates=200)
    assert figures.mean.value == pytest.approx(0.75)
    assert figures.pooled.value == pytest.approx(11 / 12)
    assert (figures.pairs, figures.unanswered, figures.ratings) == (3, 1, 12)
    assert (figures.fewest, figures.most) == (0, 10)


def test_the_minimum_carries_its_own_n_and_what_equal_pairs_would_give() -> None:
    rows = counts(**{f"p{pair}": (9, 10) for pair in range(99)}, p99=(6, 10), p100=(3, 5))
    lowest = set_figures("set", rows, range(101), replicates=50).minimum
    assert lowest is not None
    assert (lowest.share, lowest.pair, lowest.good, lowest.n, lowest.ties) == (0.6, 99, 6, 10, 2)
    assert lowest.interval == wilson(6, 10)
    assert lowest.simultaneous.low < lowest.interval.low
    assert lowest.expected < lowest.share + 0.05


def test_the_minimum_of_a_hundred_equal_pairs_of_ten_has_an_expected_minimum_of_65_percent() -> None:
    rows = counts(**{f"p{pair}": (9 + (pair % 5 == 0), 10) for pair in range(100)})
    lowest = minimum_share(pair_shares(rows, range(100)))
    assert lowest is not None
    assert lowest.share == 0.9
    assert lowest.expected == pytest.approx(0.6514, abs=0.0001)


def test_nothing_answered_gives_no_figures_but_no_error() -> None:
    figures = set_figures("set", [], [1, 2])
    assert figures.mean.value is None
    assert figures.minimum is None
    assert figures.unanswered == 2
    assert pair_shares([], [1, 2])[0].shrunken is None


def test_one_participant_gives_a_mean_without_interval() -> None:
    figures = set_figures("set", [row(1, 0, True), row(1, 1, False)], [0, 1])
    assert figures.mean.value == 0.5
    assert figures.mean.interval is None
    assert "one participant" in figures.mean.reason


def test_people_who_always_answer_alike_widen_the_interval() -> None:
    alike = [row(who, pair, who % 2 == 0) for who in range(20) for pair in range(20)]
    mixed = [row(who, pair, (who + pair) % 2 == 0) for who in range(20) for pair in range(20)]
    wide, narrow = (set_figures("set", rows, range(20)).mean.interval for rows in (alike, mixed))
    assert wide is not None
    assert narrow is not None
    assert wide.width > 0.35
    assert narrow.width < 1e-9


def test_the_clustered_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng, covered, studies = random.Random(5), 0, 120
    for study in range(studies):
        leaning = [min(1.0, max(0.0, rng.gauss(0.85, 0.1))) for _ in range(30)]
        rows = [row(who, pair, rng.random() < leaning[who]) for who in range(30) for pair in range(12)]
        interval = set_figures("set", rows, range(12), seed=study, replicates=400).mean.interval
        assert interval is not None
        covered += interval.low <= 0.845 <= interval.high
    assert 0.86 <= covered / studies <= 0.99


def test_the_same_seed_gives_the_same_interval_and_it_is_stored() -> None:
    rows = [row(who, pair, (who * pair) % 3 > 0) for who in range(12) for pair in range(6)]
    first = set_figures("set", rows, range(6), seed=3).mean.interval
    assert first == set_figures("set", rows, range(6), seed=3).mean.interval
    assert first is not None
    assert (first.seed, first.replicates, first.undefined) == (3, 2000, 0)


def test_a_resample_in_which_a_pair_has_no_answer_leaves_it_out_and_is_counted() -> None:
    rows = [row(who, 0, True) for who in range(9)] + [row(9, 1, False)]
    interval = set_figures("set", rows, [0, 1], replicates=500).mean.interval
    assert interval is not None
    assert interval.note.startswith("resamples that left out a pair")
    assert interval.high == 1.0


def test_repeats_distractors_and_controls_never_enter_a_share() -> None:
    rows = [row(1, 0, True), row(1, 0, False, "repeat"), row(2, 0, True)]
    rows += [row(1, 8, True, "distractor"), row(1, 9, False, "control")]
    assert pair_shares(rows, [0])[0].n == 2
    assert retest_agreement(rows).n == 1
    assert retest_agreement(rows).share == 0.0


def test_a_second_answer_to_a_target_is_an_error_and_not_counted_silently() -> None:
    with pytest.raises(ValueError, match="answered a pair twice"):
        pair_shares([row(1, 0, True), row(1, 0, False)], [0])


def test_table_rows_follow_the_chosen_sets_and_sets_may_overlap() -> None:
    rows = counts(p0=(4, 4), p1=(2, 4), p2=(3, 4))
    first, second = table_rows(rows, {"all": [0, 1, 2], "two": [0, 2]}, replicates=50)
    assert (first.name, first.mean.value) == ("all", 0.75)
    assert (second.name, second.mean.value) == ("two", 0.875)


def test_difficulties_are_compared_inside_the_same_people() -> None:
    rows = [row(who, pair, pair >= 5 or who % 2 == 0) for who in range(10) for pair in range(10)]
    difference = share_difference(rows, ("easy", range(5, 10)), ("hard", range(5)))
    assert difference.estimate.value == pytest.approx(0.5)
    assert difference.estimate.interval is not None
    assert difference.estimate.interval.low > 0


def test_false_alarms_are_told_pooled_by_participant_and_as_d_prime() -> None:
    rows = [row(who, 100 + n, who == 0, "distractor") for who in range(4) for n in range(5)]
    rows += [row(who, n, n > 0) for who in range(4) for n in range(10)]
    rows += [row(who, 200 + n, True, "control") for who in range(4) for n in range(2)]
    figures = attention_figures(rows, replicates=300)
    assert (figures.false_alarms.k, figures.false_alarms.n) == (5, 20)
    assert figures.false_alarm_rate.value == 0.25
    assert [alarms.false_alarms.k for alarms in figures.by_participant] == [5, 0, 0, 0]
    assert figures.controls_good.share == 1.0
    assert figures.hard.d_prime == pytest.approx(1.2337 + 0.6233, abs=0.02)
    assert figures.easy.d_prime is not None
    assert pooled_share(rows, "distractor", replicates=50).participants == 4


def test_share_by_position_covers_every_position_once() -> None:
    rows = [row(1, n, n < 12, position=n + 1) for n in range(25)]
    stretches = share_by_position(rows, width=10)
    assert [(s.first, s.last, s.good.k, s.good.n) for s in stretches] == [
        (1, 10, 10, 10),
        (11, 20, 2, 10),
        (21, 30, 0, 5),
    ]


def test_share_against_similarity_says_the_range_it_rests_on() -> None:
    rows = counts(p0=(1, 4), p1=(2, 4), p2=(3, 4), p3=(4, 4))
    facts = [PairFacts(pair, "hard", 0.1 * pair) for pair in range(4)] + [PairFacts(4, "hard", 0.9)]
    figures = share_by_similarity(pair_shares(rows, range(5)), facts)
    assert figures.correlation.value == pytest.approx(1.0)
    assert (figures.correlation.n, figures.lowest) == (4, 0.0)
    assert figures.highest == pytest.approx(0.3)


def test_figures_over_the_analysed_stand_beside_those_over_everybody() -> None:
    rows = counts(p0=(3, 4), p1=(2, 4))
    facts = [PairFacts(0, "hard"), PairFacts(1, "hard")]
    everybody = study_figures(rows, facts, replicates=50)
    analysed = study_figures(rows, facts, analysed={0, 1}, replicates=50)
    assert (everybody.participants, analysed.participants) == (4, 2)
    assert [share.n for share in analysed.shares] == [2, 2]


def test_the_flow_counts_everybody_once() -> None:
    people = [
        FlowPerson(1, "arrived", has_consented=False, has_answers=False),
        FlowPerson(2, "declined", has_consented=False, has_answers=False),
        FlowPerson(3, "finished", has_consented=True, has_answers=True),
        FlowPerson(4, "finished", has_consented=True, has_answers=True),
        FlowPerson(5, "lapsed", has_consented=True, has_answers=True),
        FlowPerson(6, "withdrawn", has_consented=True, has_answers=False),
        FlowPerson(7, "active", has_consented=True, has_answers=False),
    ]
    flow = participant_flow(people, excluded={4})
    assert flow.arrived == flow.declined + flow.undecided + flow.consented == 7
    assert flow.consented == flow.active + flow.finished + flow.lapsed + flow.withdrawn == 5
    assert (flow.excluded, flow.analysed) == (1, 2)
