"""Annotators at work while leases run out, the batch closes, people leave: nothing beyond the overlap, lost or stuck.

Each works through what the browser's workspace calls, on a connection of their own.
"""

import json
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from annotation.api.judgments import take_judgments
from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion, Judgment
from annotation.models.work import BatchTakers, ReannotationBasis
from annotation.working.assigning import claim_ahead, claim_assignment
from annotation.working.closing import close_batch, give_on_interrupted, reopen_batch
from annotation.working.handing_over import hand_over, leavers
from annotation.working.judging import record_judgment
from annotation.working.moving_on import move_on
from annotation.working.reannotating import Selection, open_reannotation
from polyannot.kernel.errors import Missing
from projects.access import Access, project_access
from projects.founding import end_membership
from projects.models import Membership, Role
from tests import factories as make
from tests.concurrency.at_once import at_once, during

pytestmark = pytest.mark.django_db(transaction=True)

N_ANNOTATORS, N_IMAGES, N_CAPTIONS, OVERLAP = 6, 10, 2, 2
MOST_TURNS = 500


@pytest.fixture
def batch() -> Batch:
    """Return a batch of images that each want OVERLAP annotators."""
    project = make.make_project()
    images = [make.add_image(project) for _ in range(N_IMAGES)]
    for image in images:
        for rank in range(N_CAPTIONS):
            make.add_caption(image, pool_rank=rank)
    return make.make_batch(project, images, overlap=OVERLAP)


def sent(assignment: Assignment, person: User) -> bytes:
    """Return what the browser sends for an image: an answer to each caption, then that it is handed in."""
    rows: list[dict[str, Any]] = [
        {
            "id": str(uuid.uuid4()),
            "assignment": str(assignment.public_id),
            "version": str(version.public_id),
            "label": "good",
            "sequence": number,
            "made_at": datetime.now(UTC).isoformat(),
            "duration_ms": 900,
            "mode": "key",
        }
        for number, version in enumerate(CaptionVersion.objects.filter(pk__in=assignment.version_ids), 1)
    ]
    last = {"id": str(uuid.uuid4()), "assignment": str(assignment.public_id), "sequence": 99, "finish": True}
    return json.dumps({"annotator": str(person.public_id), "judgments": [*rows, last]}).encode()


def turn(batch: Batch, person: User) -> bool:
    """Claim, claim ahead, judge and hand in one image; say whether there was one. Raises Missing for who has left."""
    access = project_access(person, batch.project.slug, Role.ANNOTATOR)
    now = Batch.objects.select_related("project", "schema").get(pk=batch.pk)
    if (held := claim_assignment(batch=now, annotator=person)) is None:
        return False
    claim_ahead(batch=now, annotator=person, beside=held)
    take_judgments(access=access, batch=batch.public_id, body=sent(held, person))
    return True


def until_nothing_is_left(batch: Batch, person: User) -> None:
    for _turn in range(MOST_TURNS):
        try:
            if not turn(batch, person):
                return
        except Missing:
            return
    pytest.fail("somebody never came to an end")


def beside(trouble: Callable[[], None], *works: Callable[[], None]) -> None:
    """Run the works at once while the trouble happens again and again."""
    is_over = Event()

    def go_on() -> None:
        try:
            while not is_over.is_set():
                trouble()
        finally:
            connection.close()

    maker = Thread(target=go_on)
    maker.start()
    try:
        at_once(*works)
    finally:
        is_over.set()
        maker.join()


def finish_the_rest(batch: Batch) -> None:
    """Let people who have had no image of the batch do whatever is left, leases run out."""
    Assignment.objects.filter(batch=batch, state=AssignmentState.LEASED).update(
        lease_until=timezone.now() - timedelta(minutes=1)
    )
    give_on_interrupted(batch=batch, actor=make.add_member(batch.project, Role.HEAD))
    for _person in range(2 * OVERLAP):
        until_nothing_is_left(batch, make.add_member(batch.project))


def assert_done(batch: Batch, *, n_slots: int = OVERLAP) -> None:
    states = Counter(Assignment.objects.filter(batch=batch).values_list("state", flat=True))
    assert states[AssignmentState.OPEN] == states[AssignmentState.LEASED] == 0
    done = Assignment.objects.filter(batch=batch, state=AssignmentState.DONE)
    per_image = Counter(done.values_list("image", flat=True))
    assert set(per_image.values()) == {n_slots}
    for slot in done:
        judged = Judgment.objects.current().filter(assignment=slot, annotator=slot.annotator)
        assert sorted(judged.values_list("version", flat=True)) == sorted(slot.version_ids)


def test_leases_that_run_out_while_judgments_arrive(batch: Batch) -> None:
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]

    def run_out() -> None:
        leased = Assignment.objects.filter(batch=batch, state=AssignmentState.LEASED)
        leased.update(lease_until=timezone.now() - timedelta(minutes=1))

    beside(run_out, *[partial(until_nothing_is_left, batch, person) for person in people])
    finish_the_rest(batch)
    assert_done(batch)


def test_a_batch_that_is_closed_and_opened_again_while_people_work(batch: Batch) -> None:
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]
    head = make.add_member(batch.project, Role.HEAD)

    def close_and_open() -> None:
        for act in (close_batch, reopen_batch):
            act(batch=batch, actor=head)

    beside(close_and_open, *[partial(until_nothing_is_left, batch, person) for person in people])
    Batch.objects.update(closed_at=None)
    finish_the_rest(batch)
    assert_done(batch)
    assert Judgment.objects.current().count() >= N_IMAGES * OVERLAP * N_CAPTIONS


def test_people_whose_work_ends_while_they_judge(batch: Batch) -> None:
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]
    head = make.add_member(batch.project, Role.HEAD)

    def leave(person: User) -> None:
        end_membership(project=batch.project, user=person, actor=head)
        hand_over(project=batch.project, leaver=person, actor=head)

    at_once(
        *[partial(until_nothing_is_left, batch, person) for person in people],
        *[partial(leave, person) for person in people[:3]],
    )
    for gone in leavers(batch.project):
        hand_over(project=batch.project, leaver=gone.user, actor=head)
    assert not leavers(batch.project).exists()
    finish_the_rest(batch)
    assert_done(batch)


def test_two_leavers_are_handed_over_to_one_successor_who_is_at_work(batch: Batch) -> None:
    project, head = batch.project, make.add_member(batch.project, Role.HEAD)
    leaving = [make.add_member(project) for _ in range(OVERLAP)]
    successor = make.add_member(project)
    for person in leaving:
        until_nothing_is_left(batch, person)
    again = open_reannotation(
        project=project,
        name="Again",
        selection=Selection(
            ReannotationBasis.CHOSEN, keys=list(project.captions.values_list("key", flat=True))
        ),
        taken_by=BatchTakers.SAME,
        actor=head,
    )
    for person in leaving:
        end_membership(project=project, user=person, actor=head)
    hand_over(project=project, leaver=leaving[0], actor=head)

    at_once(
        partial(until_nothing_is_left, again, successor),
        *[
            partial(hand_over, project=project, leaver=person, actor=head, successor=successor)
            for person in leaving
        ],
    )
    until_nothing_is_left(again, successor)
    until_nothing_is_left(again, make.add_member(project))
    assert_done(again)


def test_nobody_holds_an_image_while_waiting_for_whoever_hands_it_over(batch: Batch) -> None:
    person = make.add_member(batch.project)
    held = make.claim(batch, person)
    access = Access(user=person, project=batch.project, role=Role.ANNOTATOR)
    with transaction.atomic():
        tab = during(
            lambda: list(Membership.objects.select_for_update(no_key=True).filter(user=person)),
            partial(move_on, access=access, batch=batch.public_id, assignment=held.public_id),
        )
        assert Assignment.objects.select_for_update(nowait=True, of=("self",)).get(pk=held.pk) == held
    tab.join()


def test_an_undo_that_waits_for_its_judgment_takes_it_back(batch: Batch) -> None:
    person = make.add_member(batch.project)
    held = make.claim(batch, person)
    version = CaptionVersion.objects.get(pk=held.version_ids[0])
    good, undo = make.given(version, "good", sequence=1), make.given(version, None, sequence=2)
    with transaction.atomic():
        tab = during(
            partial(record_judgment, assignment=held, annotator=person, given=good),
            partial(record_judgment, assignment=held, annotator=person, given=undo),
        )
    tab.join()
    assert not Judgment.objects.current().exists()
    assert Judgment.objects.count() == 2
