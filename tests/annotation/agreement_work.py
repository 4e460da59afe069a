"""Judgments by several annotators, made as they are in life, and reports on them."""

from typing import Any

from annotation.agreement.reports import compute_report, request_report
from annotation.models import AgreementReport, Batch, CaptionVersion
from annotation.working.judging import GivenEdit
from projects.models import Project
from tests import factories as make


def work(answers: list[list[str]], *, captions: int = 4) -> tuple[Project, Batch, list[Any]]:
    """Return a project in which each list of labels is one annotator's, caption by caption, image by image."""
    project = make.make_project()
    images = [make.add_image(project) for _ in range(len(answers[0]) // captions)]
    versions = [make.add_caption(image, pool_rank=rank) for image in images for rank in range(captions)]
    batch = make.make_batch(project, images, overlap=len(answers))
    annotators = [make.add_member(project) for _ in answers]
    for annotator, labels in zip(annotators, answers, strict=True):
        by_version = dict(zip([version.pk for version in versions], labels, strict=True))
        for _ in images:
            assignment = make.claim(batch, annotator)
            for pk in assignment.version_ids:
                version = CaptionVersion.objects.get(pk=pk)
                label, _sep, edit = by_version[pk].partition("+")
                made = GivenEdit(text=f"{version.text} {edit}", kinds=["color"]) if edit else None
                make.judge(assignment, version, label, edit=made)
            make.finish(assignment)
    return project, batch, annotators


def computed(project: Project, batch: Batch | None = None, **parameters: Any) -> AgreementReport:
    batches = [batch] if batch else []
    job = request_report(project=project, batches=batches, asked_by=None, replicates=100, **parameters)
    return compute_report(job)
