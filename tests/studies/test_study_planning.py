"""The panel before launch and the exclusion rules behind it."""

import pytest
from scipy.stats import binom

from studies.design.cards import StudyPlan
from studies.design.exclusion import ExclusionRule, judge_participant, judge_participants
from studies.design.planning import (
    chance_of_claim,
    joint_errors,
    planned_claim,
    planned_cost,
    planned_intervals,
    planning_panel,
    rule_errors,
)
from studies.design.rows import AnswerRow

PAPER = StudyPlan(
    pairs=tuple(range(100)), distractors=tuple(range(100, 140)), controls=tuple(range(200, 220))
)


def test_ten_answers_at_ninety_two_percent_leave_a_wide_interval_and_a_low_minimum() -> None:
    intervals = {planned.share: planned for planned in planned_intervals(10, pairs=100)}
    assert list(intervals) == [0.85, 0.92, 0.99]
    assert intervals[0.92].interval.width == pytest.approx(0.369, abs=0.001)
    assert intervals[0.92].expected_minimum == pytest.approx(0.6514, abs=0.0001)


def test_at_least_85_percent_takes_22_answers_for_one_pair_and_far_more_for_a_hundred() -> None:
    claim = planned_claim(0.85, plan=PAPER, true_share=0.92)
    assert (claim.answers_one_pair, claim.answers_all_pairs) == (22, 69)
    assert claim.participants_all_pairs == 69 * 100 // 25
    assert claim.chance_one_pair == 0.0


def test_the_chance_of_a_claim_is_the_binomial_tail() -> None:
    assert chance_of_claim(0.85, n=22, true_share=0.99) == pytest.approx(0.99**22)
    assert chance_of_claim(0.5, n=40, true_share=0.99, pairs=100) > 0.99
    assert chance_of_claim(0.85, n=0, true_share=0.99) == 0.0


def test_both_errors_of_the_distractor_rule_are_binomial() -> None:
    errors = rule_errors(ExclusionRule("distractors", 3), plan=PAPER)
    kept = dict(errors.guessers_kept)
    assert errors.honest_lost == pytest.approx(1 - binom.cdf(3, 10, 0.08))
    assert kept["answers by a coin"] == pytest.approx(176 / 1024)
    assert kept["always answers good"] == 0.0
    assert kept["always answers bad"] == 1.0


def test_controls_catch_those_who_answer_always_bad() -> None:
    rules = [ExclusionRule("distractors", 3), ExclusionRule("controls", 2), ExclusionRule("speed", 1500)]
    joint = joint_errors(rules, plan=PAPER)
    assert dict(joint.guessers_kept)["always answers bad"] == 0.0
    assert joint.honest_lost == pytest.approx(1 - binom.cdf(3, 10, 0.08) * binom.cdf(2, 5, 0.02))


def test_nothing_is_claimed_about_the_errors_of_a_rule_on_speed() -> None:
    assert rule_errors(ExclusionRule("speed", 1500), plan=PAPER).honest_lost is None


def test_money_and_minutes_come_with_a_warning_below_fair_pay() -> None:
    panel = planning_panel(PAPER, pay_each=1.5, fee=0.5, rules=[ExclusionRule("distractors", 3)])
    assert panel.ratings_per_pair == 10
    assert panel.ratings_per_distractor == 10
    assert panel.cost.minutes == pytest.approx(40 * 8 / 60 + 3)
    assert panel.cost.total == pytest.approx(40 * 1.5 * 1.5)
    assert panel.cost.hourly_pay == pytest.approx(10.8)
    assert panel.cost.is_below_fair_pay
    assert not planned_cost(40, minutes=10, pay_each=2.0).is_below_fair_pay
    assert [claim.answers_one_pair for claim in panel.claims] == [16, 22, 35]
    with pytest.raises(ValueError, match="Minutes must be above 0"):
        planned_cost(40, minutes=0, pay_each=1)


def answers(
    distractors_good: int = 0, controls_bad: int = 0, ms: int = 4000, targets: int = 5
) -> list[AnswerRow]:
    marks = [("distractor", "good" if n < distractors_good else "bad") for n in range(4)]
    marks += [("control", "bad" if n < controls_bad else "good") for n in range(3)]
    marks += [("target", "good")] * targets
    return [
        AnswerRow(7, place, role, answer, place, ms)  # type: ignore[arg-type]
        for place, (role, answer) in enumerate(marks, start=1)
    ]


RULES = [
    ExclusionRule("distractors", 2),
    ExclusionRule("controls", 1),
    ExclusionRule("speed", 1000),
    ExclusionRule("completeness", 0.8),
]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (answers(distractors_good=3), "3 of 4 distractors answered good; the limit is 2."),
        (answers(controls_bad=2), "2 of 3 positive controls answered bad; the limit is 1."),
        (answers(ms=900), "Median time 0.9 s over 12 answers; at least 1.0 s is asked for."),
        (answers(targets=1), "67% of 12 cards answered; at least 80% is asked for."),
    ],
)
def test_each_broken_rule_excludes_and_says_why(rows: list[AnswerRow], reason: str) -> None:
    outcome = judge_participant(7, rows, cards_dealt=12, rules=RULES)
    assert not outcome.is_included
    assert [finding.explain() for finding in outcome.reasons] == [reason]


def test_somebody_at_every_limit_is_included() -> None:
    rows = answers(distractors_good=2, controls_bad=1, ms=1000)
    assert judge_participant(7, rows, cards_dealt=12, rules=RULES).is_included


def test_a_rule_without_answers_to_look_at_excludes_nobody_but_completeness_does() -> None:
    (outcome,) = judge_participants([], cards_dealt={7: 12}, rules=RULES)
    assert [finding.rule.kind for finding in outcome.reasons] == ["completeness"]
    assert outcome.findings[0].explain() == "The rule about distractors had no answers to look at."


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no limit"):
        ExclusionRule("completeness", 1.2)
