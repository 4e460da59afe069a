"""A batch ends and goes on, and what somebody left half done is given on."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import Assignment, AssignmentState, Judgment
from annotation.working.assigning import claim_assignment
from annotation.working.closing import close_batch, give_on_interrupted, reopen_batch
from polyannot.kernel.errors import Conflict
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_in_a_closed_batch_nobody_claims_or_judges_until_it_is_open_again() -> None:
    project = make.make_project()
    head = make.add_member(project, Role.HEAD)
    annotator, other = make.add_member(project), make.add_member(project)
    image = make.add_image(project)
    version = make.add_caption(image)
    batch = make.make_batch(project, [image])
    assignment = make.claim(batch, annotator)
    close_batch(batch=batch, actor=head)
    batch.refresh_from_db()
    assert claim_assignment(batch=batch, annotator=other) is None
    with pytest.raises(Conflict, match="batch_closed"):
        make.judge(assignment, version, "good")
    with pytest.raises(Conflict, match="batch_moved_on"):
        close_batch(batch=batch, actor=head)
    reopen_batch(batch=batch, actor=head)
    assert make.judge(assignment, version, "good") is not None


def test_a_half_judged_image_is_given_on_and_its_judgments_stay() -> None:
    project = make.make_project()
    head = make.add_member(project, Role.HEAD)
    leaver, other = make.add_member(project), make.add_member(project)
    image = make.add_image(project)
    first, _second = make.add_caption(image), make.add_caption(image)
    batch = make.make_batch(project, [image], overlap=1)
    assignment = make.claim(batch, leaver)
    make.judge(assignment, first, "good")
    assert give_on_interrupted(batch=batch, actor=head) == 0, "the lease still runs"
    Assignment.objects.filter(pk=assignment.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert give_on_interrupted(batch=batch, actor=head) == 1
    assert give_on_interrupted(batch=batch, actor=head) == 0
    assert make.claim(batch, other).image == image
    assert Judgment.objects.get().annotator == leaver
    assert batch.assignments.filter(state=AssignmentState.SKIPPED, annotator=leaver).count() == 1


def test_the_page_of_batches_closes_and_opens() -> None:
    project = make.make_project()
    batch = make.make_batch(project, [make.add_image(project)])
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    place = f"/p/{project.slug}/batches/"
    assert client.post(f"{place}{batch.public_id}/close").status_code == 302
    assert b"Open again" in client.get(place).content
    client.post(f"{place}{batch.public_id}/reopen")
    assert b"Open again" not in client.get(place).content
    client.force_login(make.add_member(project))
    assert client.post(f"{place}{batch.public_id}/close").status_code == 403


def test_an_image_of_which_nothing_was_judged_opens_as_if_nobody_had_had_it() -> None:
    project = make.make_project()
    head, annotator = make.add_member(project, Role.HEAD), make.add_member(project)
    image = make.add_image(project)
    make.add_caption(image)
    batch = make.make_batch(project, [image], overlap=1)
    held = make.claim(batch, annotator)
    Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert give_on_interrupted(batch=batch, actor=head) == 1
    slot = batch.assignments.get()
    assert (slot.state, slot.annotator, slot.version_ids) == (AssignmentState.OPEN, None, [])
    assert make.claim(batch, annotator).pk == held.pk


def test_what_comes_late_for_an_image_given_on_is_told_so() -> None:
    project = make.make_project()
    head, annotator = make.add_member(project, Role.HEAD), make.add_member(project)
    image = make.add_image(project)
    first, second = make.add_caption(image), make.add_caption(image)
    batch = make.make_batch(project, [image], overlap=1)
    held = make.claim(batch, annotator)
    make.judge(held, first, "good")
    Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    give_on_interrupted(batch=batch, actor=head)
    with pytest.raises(Conflict, match="image_given_on"):
        make.judge(held, second, "bad")
