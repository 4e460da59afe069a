"""What stands beside the builder's form: what the plan will be able to say, what it costs, what is still missing."""

from dataclasses import dataclass

from studies.design.cards import StudyPlan
from studies.design.choosing import DesignError
from studies.design.planning import (
    GRADE_GUESSERS,
    GUESSERS,
    HONEST,
    HONEST_GRADER,
    PlannedInterval,
    PlanningPanel,
    planned_intervals_of,
    planning_panel,
)
from studies.drafting.candidates import Available, DraftChoice, available_pairs
from studies.drafting.contents import draft_choice
from studies.drafting.launching import Readiness, readiness
from studies.drafting.plans import declared_rules, drafted_plan
from studies.models import Study


@dataclass(frozen=True)
class Sheet:
    """The choice of a draft, its plan and panel (None while they do not fit), and what keeps it from being launched."""

    choice: DraftChoice
    available: Available
    plan: StudyPlan | None
    panel: PlanningPanel | None
    precision: tuple[PlannedInterval, ...]
    ready: Readiness


def sheet_of(study: Study) -> Sheet:
    """Return the sheet of a draft as it stands."""
    choice = draft_choice(study)
    plan: StudyPlan | None = None
    panel: PlanningPanel | None = None
    precision: tuple[PlannedInterval, ...] = ()
    if not choice.problems:
        try:
            plan = drafted_plan(study, choice)
        except DesignError:
            plan = None
    if plan is not None:
        panel = planning_panel(
            plan,
            rules=declared_rules(study),
            pay_each=float(study.pay_each or 0),
            fee=study.platform_fee or 0.0,
            honest=HONEST_GRADER if study.is_graded else HONEST,
            guessers=GRADE_GUESSERS if study.is_graded else GUESSERS,
        )
        precision = planned_intervals_of(plan, is_graded=study.is_graded)
    return Sheet(
        choice=choice,
        available=available_pairs(list(choice.candidates.values())),
        plan=plan,
        panel=panel,
        precision=precision,
        ready=readiness(study, choice),
    )
