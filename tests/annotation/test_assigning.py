"""The queue: who gets which image, in which order, and what becomes of images given up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Assignment, AssignmentState, Batch, Caption, CaptionVersion
from annotation.progress.stocking import activate_image, retire_image
from annotation.working.assigning import (
    AHEAD_LEAVES,
    claim_ahead,
    claim_assignment,
    current_assignment,
    finish_assignment,
    renew_leases,
    skip_assignment,
    take_back,
)
from annotation.working.leasing import reclaim_run_out
from annotation.working.pacing import SHORTEST_LEASE
from annotation.working.queueing import images_left, order_seed, peek_image
from polyannot.kernel.errors import Conflict, Invalid
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> Batch:
    """Return a batch of three images with four captions each, one annotator an image."""
    project = make.make_project(judged_target=3)
    images = [make.add_image(project) for _ in range(3)]
    for image in images:
        for rank in range(4):
            make.add_caption(image, pool_rank=rank)
    return make.make_batch(project, images, overlap=1)


def judge_all(assignment: Assignment) -> None:
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "good")


def test_claiming_again_returns_the_image_in_hand(batch: Batch) -> None:
    person = make.add_member(batch.project)
    first = make.claim(batch, person)
    assert make.claim(batch, person).pk == first.pk
    assert current_assignment(batch=batch, annotator=person) == first


def test_the_first_captions_of_the_pool_are_shown_in_an_order_of_the_annotators_own(batch: Batch) -> None:
    person = make.add_member(batch.project)
    assignment = make.claim(batch, person)
    versions = CaptionVersion.objects.filter(pk__in=assignment.version_ids)
    assert sorted(version.caption.pool_rank for version in versions) == [0, 1, 2]
    assert assignment.order_seed == order_seed(batch=batch, image_id=assignment.image_id, annotator=person)


def test_two_annotators_see_the_same_captions_in_different_orders() -> None:
    project = make.make_project()
    image = make.add_image(project)
    for _ in range(12):
        make.add_caption(image)
    batch = make.make_batch(project, [image], overlap=2)
    one, other = (make.claim(batch, make.add_member(project)).version_ids for _ in range(2))
    assert sorted(one) == sorted(other)
    assert one != other


def test_a_caption_out_of_circulation_is_not_shown(batch: Batch) -> None:
    caption = Caption.objects.get(image=batch.assignments.all()[0].image_id, pool_rank=0)
    caption.drop_reason = "cleaned"
    caption.save()
    shown = make.claim(batch, make.add_member(batch.project)).version_ids
    assert caption.versions.get().pk not in shown
    assert len(shown) == 3


def test_what_is_peeked_is_what_a_claim_gives(batch: Batch) -> None:
    person = make.add_member(batch.project)
    ahead = peek_image(batch=batch, annotator=person)
    assert ahead is not None
    assert Assignment.objects.filter(state=AssignmentState.LEASED).count() == 0
    assert make.claim(batch, person).image_id == ahead.pk


def test_nobody_sees_an_image_twice_in_a_batch() -> None:
    project = make.make_project()
    image = make.add_image(project)
    make.add_caption(image)
    batch = make.make_batch(project, [image], overlap=2)
    person = make.add_member(project)
    first = make.claim(batch, person)
    judge_all(first)
    finish_assignment(assignment=first, annotator=person)
    assert images_left(batch=batch, annotator=person) == 0
    assert claim_assignment(batch=batch, annotator=person) is None
    assert images_left(batch=batch, annotator=make.add_member(project)) == 1


def test_a_lease_that_ran_out_before_any_judgment_is_given_on(batch: Batch) -> None:
    absent = make.claim(batch, make.add_member(batch.project))
    Assignment.objects.filter(pk=absent.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert make.claim(batch, make.add_member(batch.project)).pk == absent.pk


def test_a_lease_with_judgments_stays_with_its_annotator(batch: Batch) -> None:
    person = make.add_member(batch.project)
    begun = make.claim(batch, person)
    make.judge(begun, CaptionVersion.objects.get(pk=begun.version_ids[0]), "good")
    Assignment.objects.filter(pk=begun.pk).update(lease_until=timezone.now() - timedelta(hours=1))
    assert reclaim_run_out(batch=batch, now=timezone.now()) == 0
    assert make.claim(batch, person).pk == begun.pk


def test_judging_renews_the_lease(batch: Batch) -> None:
    assignment = make.claim(batch, make.add_member(batch.project))
    Assignment.objects.filter(pk=assignment.pk).update(lease_until=timezone.now())
    make.judge(assignment, CaptionVersion.objects.get(pk=assignment.version_ids[0]), "good")
    assignment.refresh_from_db()
    assert assignment.lease_until is not None
    assert assignment.lease_until > timezone.now() + timedelta(seconds=SHORTEST_LEASE - 60)


def test_an_image_taken_back_has_the_same_captions_in_the_same_order(batch: Batch) -> None:
    person = make.add_member(batch.project)
    before = make.claim(batch, person)
    Assignment.objects.filter(pk=before.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reclaim_run_out(batch=batch, now=timezone.now()) == 1
    slot = Assignment.objects.get(pk=before.pk)
    after = take_back(slot=slot, batch=batch, annotator=person)
    assert after is not None
    assert (after.pk, after.version_ids) == (before.pk, before.version_ids)
    assert take_back(slot=slot, batch=batch, annotator=make.add_member(batch.project)) is None


def test_a_closed_batch_gives_nothing_out(batch: Batch) -> None:
    batch.closed_at = timezone.now()
    batch.save()
    assert claim_assignment(batch=batch, annotator=make.add_member(batch.project)) is None


def test_a_skip_without_a_reason_is_refused_and_a_second_skip_too(batch: Batch) -> None:
    person = make.add_member(batch.project)
    assignment = make.claim(batch, person)
    with pytest.raises(Invalid):
        skip_assignment(assignment=assignment, annotator=person, reason="")
    skip_assignment(assignment=assignment, annotator=person, reason="cannot_see", note="Too dark")
    with pytest.raises(Conflict):
        skip_assignment(assignment=assignment, annotator=person, reason="cannot_see")
    assert batch.assignments.filter(image=assignment.image_id).count() == 2
    assert make.claim(batch, person).image_id != assignment.image_id


def test_an_image_is_handed_in_only_when_every_caption_in_circulation_is_judged(batch: Batch) -> None:
    person = make.add_member(batch.project)
    assignment = make.claim(batch, person)
    versions = list(CaptionVersion.objects.filter(pk__in=assignment.version_ids))
    for version in versions[1:]:
        make.judge(assignment, version, "bad")
    with pytest.raises(Conflict):
        finish_assignment(assignment=assignment, annotator=person)
    versions[0].caption.drop_reason = "reported"
    versions[0].caption.save()
    finish_assignment(assignment=assignment, annotator=person)
    finish_assignment(assignment=assignment, annotator=person)
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.DONE


def test_an_image_taken_out_of_the_work_is_given_to_nobody_until_it_comes_back(batch: Batch) -> None:
    person, head = make.add_member(batch.project), make.add_member(batch.project, "head")
    image = batch.assignments.all()[0].image
    retire_image(image=image, actor=head, why="Too few captions.")
    ahead = peek_image(batch=batch, annotator=person)
    assert ahead is not None
    assert ahead != image
    assert images_left(batch=batch, annotator=person) == 2
    for _ in range(2):
        assignment = make.claim(batch, person)
        assert assignment.image_id != image.pk
        judge_all(assignment)
        finish_assignment(assignment=assignment, annotator=person)
    assert claim_assignment(batch=batch, annotator=person) is None
    activate_image(image=image, actor=head)
    assert make.claim(batch, person).image_id == image.pk


def test_an_image_in_hand_that_is_taken_out_may_be_finished(batch: Batch) -> None:
    person, head = make.add_member(batch.project), make.add_member(batch.project, "head")
    held = make.claim(batch, person)
    retire_image(image=held.image, actor=head, why="Too few captions.")
    judge_all(held)
    finish_assignment(assignment=held, annotator=person)
    held.refresh_from_db()
    assert held.state == AssignmentState.DONE


def many(n_images: int, overlap: int = 1) -> Batch:
    project = make.make_project()
    images = [make.add_image(project) for _ in range(n_images)]
    for image in images:
        make.add_caption(image)
    return make.make_batch(project, images, overlap=overlap)


def test_one_image_is_claimed_ahead_and_comes_next_and_a_third_is_not() -> None:
    batch = many(AHEAD_LEAVES + 3)
    person = make.add_member(batch.project)
    first = make.claim(batch, person)
    second = claim_ahead(batch=batch, annotator=person, beside=first)
    assert second is not None
    assert second.image_id != first.image_id
    assert claim_ahead(batch=batch, annotator=person, beside=first) == second
    assert make.claim(batch, person) == first, "returning lands where one left"
    judge_all(first)
    finish_assignment(assignment=first, annotator=person)
    assert make.claim(batch, person) == second
    assert claim_ahead(batch=batch, annotator=person, beside=first) is None, "it is out of their hands"


def test_the_last_images_of_a_batch_are_not_claimed_ahead() -> None:
    batch = many(AHEAD_LEAVES + 1)
    person = make.add_member(batch.project)
    first = make.claim(batch, person)
    assert claim_ahead(batch=batch, annotator=person, beside=first) is None
    assert Assignment.objects.filter(state=AssignmentState.LEASED).count() == 1


def test_a_claim_ahead_that_is_not_used_runs_out_and_work_holds_both() -> None:
    batch = many(AHEAD_LEAVES + 3)
    person = make.add_member(batch.project)
    first = make.claim(batch, person)
    second = claim_ahead(batch=batch, annotator=person, beside=first)
    assert second is not None
    soon = timezone.now() + timedelta(seconds=SHORTEST_LEASE + 5)
    assert Assignment.objects.filter(pk=second.pk, lease_until__lt=soon).exists()
    Assignment.objects.filter(pk__in=[first.pk, second.pk]).update(lease_until=timezone.now())
    renew_leases(batch=batch, annotator=person)
    assert reclaim_run_out(batch=batch, now=timezone.now()) == 0
    Assignment.objects.filter(pk=second.pk).update(lease_until=timezone.now())
    assert reclaim_run_out(batch=batch, now=timezone.now() + timedelta(seconds=1)) == 1


def test_the_queue_goes_onward_first_and_then_to_what_was_put_back() -> None:
    batch = many(4)
    person, other = make.add_member(batch.project), make.add_member(batch.project)
    skipped = make.claim(batch, other)
    mine = make.claim(batch, person)
    skip_assignment(assignment=skipped, annotator=other, reason="other")
    judge_all(mine)
    finish_assignment(assignment=mine, annotator=person)
    order = []
    while (assignment := claim_assignment(batch=batch, annotator=person)) is not None:
        order.append(assignment.position)
        judge_all(assignment)
        finish_assignment(assignment=assignment, annotator=person)
    assert order == [2, 3, 0]


def test_all_annotators_of_an_image_are_asked_the_same_whatever_comes_into_its_pool_meanwhile() -> None:
    project = make.make_project(judged_target=3)
    image = make.add_image(project)
    versions = [make.add_caption(image, pool_rank=rank) for rank in range(2)]
    batch = make.make_batch(project, [image], overlap=3)
    first = make.claim(batch, make.add_member(project))
    assert sorted(first.version_ids) == [version.pk for version in versions]
    versions.append(make.add_caption(image, pool_rank=2))
    second = make.claim(batch, make.add_member(project))
    assert sorted(second.version_ids) == sorted(first.version_ids), (
        "the new one would wait for a second judgment"
    )
    Caption.objects.filter(versions=versions[0]).update(drop_reason="reported")
    third = make.claim(batch, make.add_member(project))
    assert third.version_ids == [versions[1].pk], "what left circulation is nobody's any more"


def test_what_somebody_was_shown_who_passed_the_image_over_binds_nobody() -> None:
    project = make.make_project(judged_target=3)
    image = make.add_image(project)
    make.add_caption(image)
    batch = make.make_batch(project, [image], overlap=1)
    passing = make.add_member(project)
    skip_assignment(assignment=make.claim(batch, passing), annotator=passing, reason="cannot_see")
    make.add_caption(image, pool_rank=1)
    assert len(make.claim(batch, make.add_member(project)).version_ids) == 2
