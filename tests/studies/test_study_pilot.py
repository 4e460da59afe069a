"""The simulated pilot goes through the real dealing and fills every figure."""

import json
from collections import Counter
from dataclasses import replace

from studies.design.cards import StudyPlan
from studies.design.dealing import Replacement
from studies.design.exclusion import ExclusionRule
from studies.design.pilot import PilotAssumptions, simulate_pilot
from studies.design.rows import PairFacts
from studies.results.summary import study_figures

PLAN = StudyPlan(
    pairs=tuple(range(20)),
    distractors=tuple(range(100, 112)),
    controls=tuple(range(200, 206)),
    participants=16,
    cards=10,
    distractors_each=4,
    controls_each=2,
    repeats=1,
    repeat_gap=5,
    seed=9,
)


def test_drop_outs_are_topped_up_until_every_pair_has_its_target() -> None:
    pilot = simulate_pilot(PLAN, seed=1, assumptions=PilotAssumptions(drop_out=0.4))
    kept = Counter(row.pair for row in pilot.rows if row.role == "target")
    assert pilot.is_complete
    assert min(kept[pair] for pair in PLAN.pairs) >= PLAN.target == 8
    assert max(kept.values()) - min(kept.values()) <= 2
    assert any(not person.has_finished for person in pilot.participants)


def test_the_same_seed_gives_the_same_pilot_and_another_seed_another() -> None:
    assert simulate_pilot(PLAN, seed=1) == simulate_pilot(PLAN, seed=1)
    assert simulate_pilot(PLAN, seed=1).rows != simulate_pilot(PLAN, seed=2).rows


def test_shares_follow_the_assumptions() -> None:
    plan = StudyPlan(tuple(range(50)), tuple(range(100, 130)), tuple(range(200, 220)), participants=200)
    rows = simulate_pilot(plan, seed=3, assumptions=PilotAssumptions(drop_out=0)).rows
    for role, expected in (("target", 0.92), ("distractor", 0.08), ("control", 0.98)):
        marks = [row.is_good for row in rows if row.role == role]
        assert abs(sum(marks) / len(marks) - expected) < 0.02


def test_guessers_are_found_by_the_rules_and_replaced() -> None:
    rules = [ExclusionRule("distractors", 1)]
    supposed = PilotAssumptions(share_guessing=0.3, drop_out=0)
    pilot = simulate_pilot(PLAN, seed=4, assumptions=supposed, rules=rules)
    left_out = [person for person in pilot.participants if not person.outcome.is_included]
    assert left_out
    assert len(pilot.participants) >= 16 + len(left_out)


def test_excluded_people_are_not_replaced_where_the_plan_says_so() -> None:
    plan = replace(PLAN, replacement=Replacement(excluded=False))
    supposed = PilotAssumptions(share_guessing=0.3, drop_out=0)
    rules = [ExclusionRule("distractors", 1)]
    assert len(simulate_pilot(plan, seed=4, assumptions=supposed, rules=rules).participants) == 16


def test_a_pilot_that_cannot_end_stops_and_says_so() -> None:
    plan = replace(PLAN, replacement=Replacement(lapsed=True))
    pilot = simulate_pilot(plan, seed=1, assumptions=PilotAssumptions(drop_out=1.0))
    assert len(pilot.participants) == 48
    assert not pilot.is_complete


def test_pairs_differ_where_a_spread_is_assumed_and_the_results_page_is_filled() -> None:
    pilot = simulate_pilot(PLAN, seed=5, assumptions=PilotAssumptions(pair_spread=1.5))
    facts = [PairFacts(pair, ("hard", "easy")[pair % 2], 0.1 + pair / 100) for pair in PLAN.pairs]
    figures = study_figures(pilot.rows, facts, replicates=200)
    assert [row.name for row in figures.table] == ["all pairs", "hard", "easy"]
    assert figures.similarity.correlation.n == 20
    assert figures.retest.n > 0
    json.dumps(figures.to_json(), allow_nan=False)
