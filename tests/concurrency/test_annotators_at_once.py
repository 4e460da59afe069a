"""Many annotators at once, each on a connection of their own: no image beyond its overlap, none lost, none stuck."""

import uuid
from collections import Counter
from contextlib import suppress
from functools import partial

import pytest
from django.db.models import Count

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion, Judgment, ReviewItem
from annotation.review.reviewing import open_round
from annotation.working.assigning import claim_assignment, finish_assignment, skip_assignment
from annotation.working.judging import record_judgment
from polyannot.kernel.errors import Conflict, Invalid
from tests import factories as make
from tests.concurrency.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)

N_ANNOTATORS, N_IMAGES, N_CAPTIONS, OVERLAP = 16, 12, 2, 2
LABELS = ("good", "bad", "unsure")


def a_batch(n_images: int = N_IMAGES, overlap: int = OVERLAP) -> Batch:
    project = make.make_project()
    images = [make.add_image(project) for _ in range(n_images)]
    for image in images:
        for rank in range(N_CAPTIONS):
            make.add_caption(image, pool_rank=rank)
    return make.make_batch(project, images, overlap=overlap)


def work_through(batch: Batch, annotator: User, *, skips_first: bool = False) -> None:
    """Claim, judge and hand in until nothing is left, as one tab does."""
    is_first = True
    while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
        if skips_first and is_first:
            is_first = False
            skip_assignment(assignment=assignment, annotator=annotator, reason="other")
            continue
        for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
            label = LABELS[(version.pk + annotator.pk) % 3]
            given = make.given(version, label)
            record_judgment(assignment=assignment, annotator=annotator, given=given)
            record_judgment(assignment=assignment, annotator=annotator, given=given)
        finish_assignment(assignment=assignment, annotator=annotator)


def assert_all_done(batch: Batch) -> None:
    states = Counter(Assignment.objects.filter(batch=batch).values_list("state", flat=True))
    assert states[AssignmentState.OPEN] == states[AssignmentState.LEASED] == 0
    done = Assignment.objects.filter(batch=batch, state=AssignmentState.DONE)
    per_image = done.values("image").annotate(n=Count("pk"), people=Count("annotator", distinct=True))
    assert [(row["n"], row["people"]) for row in per_image] == [(OVERLAP, OVERLAP)] * N_IMAGES
    current = Judgment.objects.current().filter(batch=batch)
    assert current.count() == N_IMAGES * OVERLAP * N_CAPTIONS
    assert current.values("version", "annotator").distinct().count() == current.count()


def test_sixteen_annotators_claim_and_submit_at_once() -> None:
    batch = a_batch()
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]
    at_once(*[lambda person=person: work_through(batch, person) for person in people])
    assert_all_done(batch)
    assert Judgment.objects.count() == N_IMAGES * OVERLAP * N_CAPTIONS


def test_the_same_annotators_from_two_tabs_each() -> None:
    batch = a_batch()
    people = [make.add_member(batch.project) for _ in range(4)]
    at_once(*[lambda person=person: work_through(batch, person) for person in people for _tab in range(2)])
    assert_all_done(batch)


def test_images_that_some_skip_reach_the_others() -> None:
    batch = a_batch()
    people = [make.add_member(batch.project) for _ in range(8)]
    at_once(
        *[
            lambda person=person, n=n: work_through(batch, person, skips_first=n < 3)
            for n, person in enumerate(people)
        ]
    )
    for person in people:
        work_through(batch, person)
    assert_all_done(batch)


def test_two_tabs_of_one_person_claim_the_same_image() -> None:
    batch = a_batch()
    person = make.add_member(batch.project)
    claimed: list[int] = []

    def claim() -> None:
        assignment = claim_assignment(batch=batch, annotator=person)
        assert assignment is not None
        claimed.append(assignment.pk)

    at_once(*[claim] * 6)
    assert len(set(claimed)) == 1
    assert Assignment.objects.filter(annotator=person).count() == 1


def test_one_judgment_sent_from_many_connections_is_taken_once() -> None:
    batch = a_batch()
    person = make.add_member(batch.project)
    assignment = make.claim(batch, person)
    version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
    given = make.given(version, "good", public_id=uuid.uuid4())
    at_once(*[lambda: record_judgment(assignment=assignment, annotator=person, given=given)] * 8)
    assert Judgment.objects.count() == 1


def test_many_different_judgments_of_one_caption_leave_one_current_and_an_unbroken_chain() -> None:
    batch = a_batch()
    person = make.add_member(batch.project)
    assignment = make.claim(batch, person)
    version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
    sent = [make.given(version, LABELS[n % 3], sequence=n) for n in range(12)]
    at_once(
        *[
            lambda given=given: record_judgment(assignment=assignment, annotator=person, given=given)
            for given in sent
        ]
    )
    assert Judgment.objects.count() == 12
    last = Judgment.objects.get(is_current=True)
    assert last.client_sequence == 11


def test_a_double_click_on_hand_in_finishes_once() -> None:
    batch = a_batch()
    person = make.add_member(batch.project)
    assignment = make.claim(batch, person)
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "good")
    at_once(*[lambda: finish_assignment(assignment=assignment, annotator=person)] * 4)
    assert Assignment.objects.filter(annotator=person, state=AssignmentState.DONE).count() == 1


def test_a_run_out_lease_goes_to_one_of_many_who_claim() -> None:
    batch = a_batch(n_images=1, overlap=1)
    absent = make.add_member(batch.project)
    slot = make.claim(batch, absent)
    Assignment.objects.filter(pk=slot.pk).update(lease_until=slot.started_at)
    got: list[int] = []

    def claim(person: User) -> None:
        if claim_assignment(batch=batch, annotator=person) is not None:
            got.append(person.pk)

    people = [make.add_member(batch.project) for _ in range(8)]
    at_once(*[lambda person=person: claim(person) for person in people])
    if not got:
        claim(people[0])
    assert len(got) == 1
    with pytest.raises(Conflict):
        finish_assignment(assignment=slot, annotator=absent)


def test_no_judgment_comes_into_two_rounds_that_are_opened_at_once() -> None:
    batch = a_batch(n_images=6, overlap=1)
    work_through(batch, make.add_member(batch.project))
    heads = [make.add_member(batch.project, "head") for _ in range(4)]

    def open_one(head: User) -> None:
        with suppress(Invalid):
            open_round(batch=batch, head=head, draw="random")

    at_once(*(partial(open_one, head) for head in heads))
    drawn = ReviewItem.objects.filter(project=batch.project).values_list("judgment", flat=True)
    assert len(drawn) == len(set(drawn)) == 6 * N_CAPTIONS
