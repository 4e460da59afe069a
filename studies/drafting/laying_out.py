"""Writing the chosen pairs of a study as rows."""

from polyannot.kernel.errors import Invalid
from studies.design.cards import StudyPlan
from studies.design.choosing import DesignError
from studies.drafting.candidates import DraftChoice
from studies.drafting.plans import drafted_plan, frozen_plan
from studies.models import PairRole, Study, StudyPair


def lay_out(study: Study, choice: DraftChoice) -> StudyPlan:
    """Write the chosen pairs as rows, in place of those of an earlier layout; return the plan over the rows.

    Raises Invalid when the numbers do not fit together.
    """
    try:
        drafted_plan(study, choice)
    except DesignError as error:
        raise Invalid("design_impossible", str(error)) from error
    study.pairs.all().delete()
    StudyPair.objects.bulk_create(
        [
            StudyPair(
                study=study,
                project_id=study.project_id,
                image_id=choice.candidates[version].image,
                version_id=version,
                original_id=choice.originals.get(version),
                role=role,
                position=position,
                difficulty=choice.candidates[version].difficulty,
                cosine=choice.candidates[version].similarity,
            )
            for role, versions in (
                (PairRole.TARGET, choice.pairs),
                (PairRole.DISTRACTOR, choice.distractors),
                (PairRole.CONTROL, choice.controls),
            )
            for position, version in enumerate(versions, start=1)
        ]
    )
    plan = frozen_plan(study)
    if plan.kind == "blocks":
        for number, block in enumerate(plan.blocks(), start=1):
            study.pairs.filter(pk__in=block).update(block=number)
    return plan
