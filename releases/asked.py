"""The studies behind the human evaluation: how they were designed, and what their participants were promised."""

from typing import Any

from projects.models import Project
from releases.days import day_of
from studies.models import Study, StudyKind


def read_studies(project: Project) -> list[dict[str, Any]]:
    """Return the launched studies whose shares a release may hold; nobody is named, and no contact is given."""
    studies = Study.objects.filter(project=project, kind=StudyKind.FIT, launched_at__isnull=False)
    return [
        {
            "study": study.slug,
            "design": study.design,
            "seed": study.seed,
            "launched": day_of(study.launched_at),
            "encoder": study.encoder.name if study.encoder is not None else "",
            "hard_pairs": study.hard_pairs,
            "medium_pairs": study.medium_pairs,
            "easy_pairs": study.easy_pairs,
            "pairs_per_participant": study.pairs_per_participant,
            "distractors_per_participant": study.distractors_per_participant,
            "controls_per_participant": study.controls_per_participant,
            "repeats_per_participant": study.repeats_per_participant,
            "leaves_out_excluded": study.primary_leaves_out_excluded,
            "preregistration_sha256": study.preregistration.sha256
            if hasattr(study, "preregistration")
            else "",
            "recruiting": study.recruiting,
            "pay": study.pay,
            "ethics": study.ethics,
            "withdrawal_until": study.withdrawal_until,
            "minimum_age": study.minimum_age,
            "is_demo": study.is_demo,
        }
        for study in studies.select_related("encoder", "preregistration").order_by("pk")
    ]
