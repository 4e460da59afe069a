"""Test runs: going through a study as participants will, before launch or after; they count nowhere and can go."""

from django.db import transaction

from accounts.models import User
from polyannot.kernel.errors import Invalid
from projects.history import append_event
from studies.design.choosing import DesignError
from studies.drafting.building import locked_draft
from studies.drafting.candidates import DraftChoice
from studies.drafting.contents import draft_choice
from studies.drafting.laying_out import lay_out
from studies.drafting.piloting import delete_pilot
from studies.drafting.plans import drafted_plan
from studies.models import PairRole, Participant, Study, StudyDesign
from studies.taking.enrolling import arrive
from studies.taking.keys import new_secret


def begin_test_run(*, study: Study, actor: User | None) -> str:
    """Begin a test run and return the secret of its link, which works for whoever is given it.

    A draft is tried with the pairs that it would choose now: earlier test runs and a simulated pilot over other pairs
    go. Raises Invalid where its numbers do not fit, Conflict for a study that takes nobody.
    """
    secret = new_secret()
    with transaction.atomic():
        if study.is_draft:
            _lay_out_as_it_stands(study, actor)
        arrive(study=study, secret=secret, is_test=True)
    return secret


def _lay_out_as_it_stands(study: Study, actor: User | None) -> None:
    draft = locked_draft(study)
    choice = draft_choice(draft)
    try:
        drafted_plan(draft, choice)
    except DesignError as error:
        raise Invalid("design_impossible", str(error)) from error
    has_blocks = draft.pairs.exclude(block=None).exists()
    if _laid_out(draft) == _chosen(choice) and has_blocks == (draft.design == StudyDesign.BLOCKS):
        return
    delete_pilot(study=draft, actor=actor)
    delete_test_runs(study=draft, actor=actor)
    lay_out(draft, choice)


def _laid_out(study: Study) -> list[tuple[str, int]]:
    rows = study.pairs.order_by("role", "position")
    return list(rows.values_list("role", "version_id"))


def _chosen(choice: DraftChoice) -> list[tuple[str, int]]:
    by_role = {
        PairRole.CONTROL: choice.controls,
        PairRole.DISTRACTOR: choice.distractors,
        PairRole.TARGET: choice.pairs,
    }
    return [(role.value, version) for role, versions in by_role.items() for version in versions]


def delete_test_runs(*, study: Study, actor: User | None) -> int:
    """Delete all test runs of a study with their answers; return how many."""
    with transaction.atomic():
        runs = Participant.objects.filter(study=study, is_test=True)
        count = runs.count()
        if count:
            runs.delete()
            append_event(actor=actor, act="test_runs_deleted", row=study)
    return count
