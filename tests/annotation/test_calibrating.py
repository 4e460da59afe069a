"""Calibration: a fresh seeded draw of images, each for every annotator of the project, whoever comes and goes."""

from typing import Any

import pytest

from accounts.models import User
from annotation.models import Assignment, Batch, CaptionVersion, Image
from annotation.progress.verdicts import Verdict, with_verdict
from annotation.working.assigning import claim_assignment, finish_assignment
from annotation.working.opening import CALIBRATION_NEEDS, calibration_images, open_calibration
from annotation.working.queueing import images_left, peek_image
from polyannot.kernel.errors import Invalid
from projects.founding import end_membership
from projects.models import Project
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Return a project of eight images with two captions each and two annotators."""
    made = make.make_project()
    for _ in range(8):
        image = make.add_image(made)
        for _caption in range(2):
            make.add_caption(image)
    for _ in range(2):
        make.add_member(made)
    return made


def calibration(project: Project, n: int = 3, seed: int = 5, *, is_fresh: bool = True) -> Batch:
    return open_calibration(
        project=project, name=f"Calibration {seed}", n_images=n, actor=None, seed=seed, is_fresh=is_fresh
    )


def work_through(batch: Batch, person: User) -> list[int]:
    seen = []
    while (assignment := claim_assignment(batch=batch, annotator=person)) is not None:
        seen.append(assignment.image_id)
        for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
            make.judge(assignment, version, "good")
        finish_assignment(assignment=assignment, annotator=person)
    return seen


def test_the_same_seed_draws_the_same_images_in_the_same_order(project: Project) -> None:
    def drawn(seed: int) -> list[int]:
        batch = calibration(project, seed=seed, is_fresh=False)
        Batch.objects.filter(pk=batch.pk).update(name=f"Drawn {batch.pk}")
        return list(batch.assignments.filter(slot=0).order_by("position").values_list("image_id", flat=True))

    images, again = [drawn(5), drawn(6)], drawn(5)
    assert again == images[0]
    assert images[0] != images[1]


def test_only_images_that_nobody_has_judged_or_holds_are_drawn(project: Project) -> None:
    batch = make.make_batch(project, list(Image.objects.filter(project=project)[:2]), overlap=1)
    held = make.claim(batch, make.add_member(project))
    assert calibration_images(project, is_fresh=True).count() == 7
    assert not calibration_images(project, is_fresh=True).filter(pk=held.image_id).exists()
    with pytest.raises(Invalid, match="too_few_images"):
        calibration(project, n=8)
    assert calibration(project, n=8, is_fresh=False).assignments.values("image").distinct().count() == 8


def test_every_annotator_gets_every_image_and_a_later_joiner_too(project: Project) -> None:
    batch = calibration(project)
    assert batch.assignments.count() == 3 * 2
    people = [row.user for row in project.memberships.filter(role="annotator")]
    orders = [work_through(batch, person) for person in people]
    assert orders[0] == orders[1], "the same images in the same order"
    joiner = make.add_member(project)
    assert images_left(batch=batch, annotator=joiner) == 3
    ahead = peek_image(batch=batch, annotator=joiner)
    assert ahead is not None
    assert ahead.pk == orders[0][0]
    assert work_through(batch, joiner) == orders[0]
    assert images_left(batch=batch, annotator=joiner) == 0
    per_image = Assignment.objects.filter(batch=batch, state="done").values_list("image", "slot")
    assert len(set(per_image)) == 9


def test_open_slots_of_a_leaver_hold_nothing_up(project: Project) -> None:
    batch = calibration(project)
    one, leaver = (row.user for row in project.memberships.filter(role="annotator"))
    end_membership(project=project, user=leaver, actor=project.memberships.get(role="admin").user)
    assert len(work_through(batch, one)) == 3
    assert images_left(batch=batch, annotator=one) == 0
    assert batch.overlap == CALIBRATION_NEEDS


def test_a_calibration_pair_has_a_verdict_once_enough_have_judged_it(project: Project) -> None:
    batch = calibration(project, n=1)
    version = CaptionVersion.objects.filter(image=batch.assignments.first().image_id)[0]  # type: ignore[union-attr]
    people = [row.user for row in project.memberships.filter(role="annotator")]
    work_through(batch, people[0])
    verdict = with_verdict(CaptionVersion.objects.filter(pk=version.pk))
    row: Any = verdict.get()
    assert row.verdict == Verdict.INCOMPLETE
    work_through(batch, people[1])
    row = verdict.get()
    assert row.verdict == Verdict.GOOD
