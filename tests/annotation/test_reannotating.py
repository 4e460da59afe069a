"""Re-annotation: just what needs another look is asked again, and the later word of a person counts."""

from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Assignment, Batch, CaptionVersion, Judgment
from annotation.models.work import BatchPurpose, BatchTakers, ReannotationBasis
from annotation.progress.verdicts import Verdict, with_verdict
from annotation.review.reviewing import open_round, return_item
from annotation.rules.starting import publish_guidelines
from annotation.working.assigning import claim_assignment, finish_assignment, skip_assignment, take_back
from annotation.working.leasing import put_back
from annotation.working.queueing import images_left
from annotation.working.reannotating import Selection, ask_again, judgments_again, open_reannotation
from polyannot.kernel.errors import Invalid
from projects.founding import end_membership
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db

OLD = Selection(ReannotationBasis.OLD_GUIDELINE)


class Ground:
    """A project whose first batch was judged by two annotators under the first guidelines."""

    def __init__(self) -> None:
        self.project = make.make_project()
        self.head = make.add_member(self.project, Role.HEAD)
        self.one, self.other = make.add_member(self.project), make.add_member(self.project)
        self.images = [make.add_image(self.project) for _ in range(2)]
        self.versions = [make.add_caption(image) for image in self.images for _ in range(3)]
        self.batch = make.make_batch(self.project, self.images, overlap=2)
        for person, label in ((self.one, "good"), (self.other, "bad")):
            for _image in self.images:
                assignment = make.claim(self.batch, person)
                for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                    make.judge(assignment, version, label)
                make.finish(assignment)

    def new_rule(self) -> None:
        publish_guidelines(project=self.project, text="# Second", author=self.head)

    def again(self, selection: Selection = OLD, taken_by: str = BatchTakers.SAME, overlap: int = 1) -> Batch:
        return open_reannotation(
            project=self.project,
            name=f"Again {Batch.objects.count()}",
            selection=selection,
            taken_by=taken_by,
            actor=self.head,
            overlap=overlap,
        )

    def verdict(self, version: CaptionVersion) -> tuple[str, int]:
        row: Any = with_verdict(CaptionVersion.objects.filter(pk=version.pk)).get()
        return row.verdict, row.n_judgments


@pytest.fixture
def ground() -> Ground:
    return Ground()


def test_only_judgments_made_under_an_older_version_are_asked_again(ground: Ground) -> None:
    with pytest.raises(Invalid, match="nothing_again"):
        ground.again()
    ground.new_rule()
    asked = ask_again(project=ground.project, selection=OLD, taken_by=BatchTakers.SAME)
    assert (asked.n_judgments, asked.n_captions, asked.n_images, asked.n_annotators) == (12, 6, 2, 2)
    assert (asked.n_to_give, asked.n_gone) == (12, 0)
    batch = ground.again()
    assert batch.guideline.number == 2
    assert (batch.purpose, batch.overlap, batch.basis) == (BatchPurpose.REANNOTATION, 1, "guideline")
    assert batch.assignments.count() == 4


def test_each_annotator_gets_just_what_they_judged_and_nobody_elses(ground: Ground) -> None:
    chosen = ground.versions[0]
    batch = ground.again(Selection(ReannotationBasis.CHOSEN, keys=[chosen.caption.key]))
    stranger = make.add_member(ground.project)
    assert images_left(batch=batch, annotator=stranger) == 0
    assert claim_assignment(batch=batch, annotator=stranger) is None
    assignment = make.claim(batch, ground.one)
    assert assignment.version_ids == [chosen.pk]
    make.judge(assignment, chosen, "unsure")
    finish_assignment(assignment=assignment, annotator=ground.one)
    assert claim_assignment(batch=batch, annotator=ground.one) is None
    assert make.claim(batch, ground.other).version_ids == [chosen.pk]


def test_the_later_word_of_a_person_takes_the_place_of_the_earlier_one(ground: Ground) -> None:
    ground.new_rule()
    version = ground.versions[0]
    assert ground.verdict(version) == (Verdict.UNDECIDED, 2)
    batch = ground.again()
    assignment = make.claim(batch, ground.other)
    make.judge(assignment, version, "good")
    assert ground.verdict(version) == (Verdict.GOOD, 2)
    make.judge(assignment, version, None)
    assert ground.verdict(version) == (Verdict.UNDECIDED, 2), "taken back, the earlier word counts again"
    make.judge(assignment, version, "unsure")
    assert ground.verdict(version) == (Verdict.UNDECIDED, 2)
    assert Judgment.objects.current().filter(version=version).count() == 3, "all rows are kept"


def test_what_was_asked_again_is_not_asked_a_third_time(ground: Ground) -> None:
    ground.new_rule()
    batch = ground.again()
    assignment = make.claim(batch, ground.one)
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "good")
    left = judgments_again(project=ground.project, selection=OLD)
    assert left.count() == 12 - len(assignment.version_ids)


def test_others_get_what_they_have_not_judged_and_stand_beside(ground: Ground) -> None:
    fresh = make.add_member(ground.project)
    batch = ground.again(Selection(ReannotationBasis.DISAGREED), BatchTakers.OTHERS)
    assert batch.assignments.count() == 2
    assert claim_assignment(batch=batch, annotator=ground.one) is None
    assignment = make.claim(batch, fresh)
    version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
    make.judge(assignment, version, "good")
    assert ground.verdict(version) == (Verdict.UNDECIDED, 3)


def test_what_a_leaver_judged_waits_for_anybody(ground: Ground) -> None:
    ground.new_rule()
    end_membership(project=ground.project, user=ground.one, actor=ground.head)
    asked = ask_again(project=ground.project, selection=OLD, taken_by=BatchTakers.SAME)
    assert asked.n_gone == 1
    batch = ground.again()
    assert sorted(batch.assignments.values_list("reserved_for", flat=True), key=str) == sorted(
        [None, None, ground.other.pk, ground.other.pk], key=str
    )
    assert images_left(batch=batch, annotator=make.add_member(ground.project)) == 2


def test_returned_judgments_are_asked_again_and_a_skip_opens_them_to_anybody(ground: Ground) -> None:
    opened = open_round(batch=ground.batch, head=ground.head, draw="random")
    item = opened.items.select_related("judgment").first()
    assert item is not None
    return_item(item=item, head=ground.head, comment="Look at the colour again.")
    batch = ground.again(Selection(ReannotationBasis.RETURNED))
    slot = batch.assignments.get()
    assert (slot.reserved_for, slot.chosen_ids) == (item.judgment.annotator, [item.judgment.version_id])
    held = make.claim(batch, item.judgment.annotator)
    skip_assignment(assignment=held, annotator=item.judgment.annotator, reason="cannot_see")
    assert make.claim(batch, make.add_member(ground.project)).version_ids == slot.chosen_ids


def test_a_caption_that_left_circulation_is_not_asked_again(ground: Ground) -> None:
    ground.new_rule()
    batch = ground.again()
    caption = ground.versions[0].caption
    caption.drop_reason = "cleaned"
    caption.save()
    first = make.claim(batch, ground.one)
    assert ground.versions[0].pk not in first.version_ids
    assert len(first.version_ids) == 2
    assert judgments_again(project=ground.project, selection=OLD).filter(caption=caption).count() == 0


def test_a_run_out_lease_keeps_what_the_slot_asks_and_for_whom(ground: Ground) -> None:
    ground.new_rule()
    batch = ground.again()
    slot = make.claim(batch, ground.one)
    asked = list(slot.chosen_ids or [])
    Assignment.objects.filter(pk=slot.pk).update(lease_until=timezone.now())
    assert make.claim(batch, ground.other).pk != slot.pk
    slot.refresh_from_db()
    assert (slot.state, slot.chosen_ids, slot.reserved_for) == ("open", asked, ground.one)


def test_somebody_gets_their_own_slot_of_an_image_and_not_the_one_a_leaver_left(ground: Ground) -> None:
    ground.new_rule()
    end_membership(project=ground.project, user=ground.one, actor=ground.head)
    batch = ground.again()
    fresh = make.add_member(ground.project)
    for person in (ground.other, fresh):
        while (held := claim_assignment(batch=batch, annotator=person)) is not None:
            assert (held.reserved_for == person) is (person == ground.other)
            for version in CaptionVersion.objects.filter(pk__in=held.version_ids):
                make.judge(held, version, "good")
            make.finish(held)
    assert set(batch.assignments.values_list("state", flat=True)) == {"done"}


def test_late_work_finds_its_own_slot_again_and_not_the_one_a_leaver_left(ground: Ground) -> None:
    ground.new_rule()
    end_membership(project=ground.project, user=ground.one, actor=ground.head)
    batch = ground.again()
    held = make.claim(batch, ground.other)
    put_back([held.pk])
    back = take_back(slot=held, batch=batch, annotator=ground.other)
    assert back is not None
    assert back.reserved_for == ground.other
