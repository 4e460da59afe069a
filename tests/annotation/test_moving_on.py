"""Moving on: the short way claims what the general way would, and leaves to it what is not ordinary."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from annotation.models import Assignment, Batch, CaptionVersion, OnboardingPlan
from annotation.rules.starting import publish_guidelines
from annotation.working.assigning import claim_ahead, claim_assignment, finish_assignment
from annotation.working.moving_on import FreshDesk, move_on
from annotation.working.pacing import LONGEST_LEASE, SHORTEST_LEASE
from projects.access import Access
from projects.models import Event, Project, Role
from tests import factories

# Slot, versions in their order, seed; None where nothing is left.
Claimed = tuple[int, list[int], int | None] | None


def judge_all(assignment: Assignment) -> None:
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        factories.judge(assignment, version, "good")


def moved(access: Access, assignment: Assignment) -> FreshDesk | None:
    return move_on(access=access, batch=assignment.batch.public_id, assignment=assignment.public_id)


def at_work(n_images: int = 4, overlap: int = 2) -> tuple[Access, Batch, Assignment]:
    project = factories.make_project()
    for number in range(n_images):
        image = factories.add_image(project)
        for rank in range(3):
            factories.add_caption(image, f"Caption {rank} of image {number}.", pool_rank=rank)
    batch = factories.make_batch(project, list(project.images.all()), overlap=overlap)
    annotator = factories.add_member(project)
    access = Access(user=annotator, project=project, role=Role.ANNOTATOR)
    return access, batch, factories.claim(batch, annotator)


@pytest.mark.django_db
def test_it_hands_in_and_claims_the_next_image_in_one_act() -> None:
    access, batch, first = at_work()
    judge_all(first)
    desk = moved(access, first)
    assert desk is not None
    first.refresh_from_db()
    assert first.state == "done"
    assert first.finished_at is not None
    now = Assignment.objects.get(public_id=desk.assignment)
    assert (now.annotator, now.state) == (access.user, "leased")
    shown = [CaptionVersion.objects.get(public_id=version).pk for version, _text in desk.captions]
    assert shown == now.version_ids
    assert len(shown) == 3
    assert SHORTEST_LEASE <= now.lease_seconds <= LONGEST_LEASE
    assert claim_assignment(batch=batch, annotator=access.user) == now
    assert Event.objects.filter(act="image_finished", row_id=first.pk, project=access.project).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_both_ways_claim_the_same_slot_with_the_same_captions_in_the_same_order(seed: int) -> None:
    chance = random.Random(seed)
    access, batch, held = at_work(n_images=8)
    for _ in range(chance.randrange(9)):
        other = factories.add_member(access.project)
        for _ in range(chance.randrange(1, 5)):
            theirs = claim_assignment(batch=batch, annotator=other)
            if theirs is not None:
                judge_all(theirs)
                finish_assignment(assignment=theirs, annotator=other)
    for image in access.project.images.all()[:4]:
        # Whoever comes second is asked what the first was, by either way.
        factories.add_caption(image)
    judge_all(held)
    with_general_way = _undone(lambda: _general(held, batch, access))
    desk = moved(access, held)
    if desk is None:
        finish_assignment(assignment=held, annotator=access.user)
        last = claim_assignment(batch=batch, annotator=access.user)
        short = (last.pk, last.version_ids, last.order_seed) if last else None
    else:
        now = Assignment.objects.get(public_id=desk.assignment)
        short = (now.pk, now.version_ids, now.order_seed)
    assert short == with_general_way


def _general(held: Assignment, batch: Batch, access: Access) -> Claimed:
    finish_assignment(assignment=held, annotator=access.user)
    now = claim_assignment(batch=batch, annotator=access.user)
    return (now.pk, now.version_ids, now.order_seed) if now else None


def _undone(act: Callable[[], Claimed]) -> Claimed:
    with transaction.atomic():
        told = act()
        transaction.set_rollback(True)
    return told


@pytest.mark.django_db
def test_an_image_with_a_caption_left_is_not_handed_in() -> None:
    access, _batch, first = at_work()
    factories.judge(first, CaptionVersion.objects.get(pk=first.version_ids[0]), "good")
    assert moved(access, first) is None
    first.refresh_from_db()
    assert first.state == "leased"


@pytest.mark.django_db
def test_somebody_else_s_image_and_a_wrong_batch_change_nothing() -> None:
    access, _batch, first = at_work()
    judge_all(first)
    stranger = Access(user=factories.add_member(access.project), project=access.project, role=Role.ANNOTATOR)
    assert moved(stranger, first) is None
    elsewhere = Access(user=access.user, project=factories.make_project(), role=Role.ANNOTATOR)
    assert moved(elsewhere, first) is None
    first.refresh_from_db()
    assert first.state == "leased"


def gold(project: Project) -> None:
    OnboardingPlan.objects.create(project=project, gold_percent=10)


def onboarding(project: Project) -> None:
    OnboardingPlan.objects.create(project=project, is_asked=True)


def closed(project: Project) -> None:
    project.batches.update(closed_at="2026-01-01T00:00:00Z")


def calibration(project: Project) -> None:
    project.batches.update(purpose="calibration")


@pytest.mark.django_db
@pytest.mark.parametrize("extraordinary", [gold, onboarding, closed, calibration])
def test_what_is_not_ordinary_goes_the_general_way(extraordinary: Callable[[Project], None]) -> None:
    access, _batch, first = at_work()
    judge_all(first)
    extraordinary(access.project)
    assert moved(access, first) is None


@pytest.mark.django_db
def test_changed_guidelines_are_read_before_the_next_image() -> None:
    access, _batch, first = at_work()
    judge_all(first)
    major = publish_guidelines(project=access.project, text="# New", author=None, is_major=True)
    assert moved(access, first) is not None, "this batch follows the older guidelines"
    later = factories.make_batch(access.project, list(access.project.images.all()), overlap=2)
    assert later.guideline == major


@pytest.mark.django_db
def test_a_script_gets_the_next_image_as_json_and_a_form_the_way_to_it(client: Client) -> None:
    access, batch, first = at_work()
    client.force_login(access.user)
    judge_all(first)
    url = f"/p/{access.project.slug}/annotate/{batch.public_id}/finish/"
    told = {"assignment": str(first.public_id), "lays_desks": "on"}
    answer = client.post(url, told, headers={"accept": "application/json"})
    desk = answer.json()["desk"]
    now = Assignment.objects.get(annotator=access.user, state="leased")
    assert desk["assignment"] == str(now.public_id)
    assert desk["image"]["id"] == str(now.image.public_id)
    assert len(desk["captions"]) == 3
    judge_all(now)
    assert client.post(url, {"assignment": str(now.public_id)}).status_code == 302


@pytest.mark.django_db
def test_an_image_lies_ready_beside_the_one_in_work() -> None:
    access, batch, first = at_work(n_images=60)
    second = claim_ahead(batch=batch, annotator=access.user, beside=first)
    assert second is not None
    judge_all(first)
    named: dict[str, Any] = {"access": access, "batch": batch.public_id, "assignment": first.public_id}
    desk = move_on(**named, beside=second.public_id)
    assert desk is not None
    third = Assignment.objects.get(public_id=desk.assignment)
    assert third.position > second.position
    assert third.lease_until is not None
    assert third.lease_until <= timezone.now() + timedelta(seconds=SHORTEST_LEASE)
    assert claim_assignment(batch=batch, annotator=access.user) == second
    assert move_on(**named, beside=second.public_id) is None, "it was handed in, and one lies ready already"


@pytest.mark.django_db
def test_where_few_are_left_the_general_way_decides_who_claims_ahead() -> None:
    access, batch, first = at_work(n_images=30)
    second = claim_ahead(batch=batch, annotator=access.user, beside=first)
    assert second is not None
    judge_all(first)
    named: dict[str, Any] = {"access": access, "batch": batch.public_id, "assignment": first.public_id}
    assert move_on(**named, beside=second.public_id) is None
    first.refresh_from_db()
    assert first.state == "done"
