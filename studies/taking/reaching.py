"""Noting that a study has every answer that it was planned with, and telling the project's webhooks so."""

from django.db import transaction
from django.utils import timezone

from projects.models import HookKind
from projects.telling import tell
from studies.design.dealing import is_complete
from studies.drafting.plans import frozen_plan, read_loads
from studies.models import ParticipantState, Study, StudyState


def note_targets() -> int:
    """Note every running study that has reached its target; return how many there were."""
    running = Study.objects.filter(
        state__in=[StudyState.LAUNCHED, StudyState.PAUSED],
        target_reached_at=None,
        participants__state=ParticipantState.FINISHED,
        participants__is_test=False,
        participants__is_simulated=False,
    )
    return sum(note_target(study) for study in running.select_related("project").order_by("pk").distinct())


def note_target(study: Study) -> bool:
    """Note that every pair has its target of kept answers of real people; return whether it is so and was not noted."""
    plan = frozen_plan(study)
    loads = read_loads(study, plan).targets
    if not loads or not is_complete(loads, target=plan.target):
        return False
    with transaction.atomic():
        unnoted = Study.objects.filter(pk=study.pk, target_reached_at=None)
        if not unnoted.update(target_reached_at=timezone.now()):
            return False
        tell(
            project=study.project,
            kind=HookKind.STUDY_TARGET,
            row=f"studies/{study.public_id}/",
            id=study.public_id,
            n_pairs=len(loads),
            answers_wanted=plan.target,
            answers_fewest=min(load.kept for load in loads),
        )
    return True
