"""Judgments: exactly once, in order, never changed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from annotation.models import Assignment, AssignmentState, CaptionVersion, Judgment
from annotation.working.judging import LONGEST_DURATION_MS, GivenEdit, record_judgment
from polyannot.kernel.errors import Conflict, Denied, Invalid
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Return an image with two captions in the hands of an annotator."""
    project = make.make_project()
    image = make.add_image(project)
    make.add_caption(image, "A red car waits in front of the house")
    make.add_caption(image, "Nobody is at home")
    return make.claim(make.make_batch(project, [image]), make.add_member(project))


@pytest.fixture
def version(assignment: Assignment) -> CaptionVersion:
    """Return the caption about the car."""
    return CaptionVersion.objects.get(pk__in=assignment.version_ids, text__startswith="A red car")


def current(version: CaptionVersion) -> Judgment:
    return Judgment.objects.get(version=version, is_current=True)


def test_a_change_adds_a_row_that_supersedes(assignment: Assignment, version: CaptionVersion) -> None:
    first = make.judge(assignment, version, "good")
    second = make.judge(assignment, version, "bad")
    assert second is not None
    assert (second.supersedes, current(version)) == (first, second)
    assert Judgment.objects.get(pk=first.pk).label == "good"  # type: ignore[union-attr]


def test_taking_back_leaves_the_caption_unjudged_and_both_rows(
    assignment: Assignment, version: CaptionVersion
) -> None:
    make.judge(assignment, version, "good")
    make.judge(assignment, version, None)
    assert not Judgment.objects.current().filter(version=version).exists()
    assert Judgment.objects.count() == 2


def test_taking_back_nothing_changes_nothing(assignment: Assignment, version: CaptionVersion) -> None:
    assert make.judge(assignment, version, None) is None
    make.judge(assignment, version, "good")
    make.judge(assignment, version, None)
    make.judge(assignment, version, None)
    assert Judgment.objects.count() == 2


def test_an_earlier_judgment_that_arrives_late_is_kept_but_does_not_count(
    assignment: Assignment, version: CaptionVersion
) -> None:
    assert assignment.annotator is not None
    for sequence, label in ((9, "bad"), (4, "good")):
        record_judgment(
            assignment=assignment,
            annotator=assignment.annotator,
            given=make.given(version, label, sequence=sequence),
        )
    assert current(version).label == "bad"
    late = Judgment.objects.get(client_sequence=4)
    assert (late.is_current, late.supersedes) == (False, None)


def test_somebody_else_may_not_judge_an_image_in_other_hands(
    assignment: Assignment, version: CaptionVersion
) -> None:
    other = make.add_member(assignment.project)
    with pytest.raises(Denied):
        record_judgment(assignment=assignment, annotator=other, given=make.given(version, "good"))


def test_another_persons_judgment_id_is_refused(assignment: Assignment, version: CaptionVersion) -> None:
    mine = make.judge(assignment, version, "good")
    assert mine is not None
    other = make.add_member(assignment.project)
    theirs = make.claim(assignment.batch, other)
    with pytest.raises(Denied):
        record_judgment(
            assignment=theirs,
            annotator=other,
            given=make.given(version, "bad", public_id=mine.public_id),
        )


def test_a_caption_of_another_image_is_refused(assignment: Assignment) -> None:
    elsewhere = make.add_caption(make.add_image(assignment.project))
    with pytest.raises(Conflict):
        make.judge(assignment, elsewhere, "good")


def test_a_label_outside_the_batchs_schema_is_refused(
    assignment: Assignment, version: CaptionVersion
) -> None:
    with pytest.raises(Invalid):
        make.judge(assignment, version, "excellent")


def test_an_edit_comes_with_good_only(assignment: Assignment, version: CaptionVersion) -> None:
    edit = GivenEdit(text="A blue car waits in front of the house", kinds=["color"])
    with pytest.raises(Invalid):
        make.judge(assignment, version, "bad", edit=edit)
    judgment = make.judge(assignment, version, "good", edit=edit)
    assert judgment is not None
    assert judgment.edited_version is not None
    assert (judgment.edited_version.parent, judgment.edited_version.kinds) == (version, ["color"])


def test_a_refused_edit_leaves_the_judgment_before_it_standing(
    assignment: Assignment, version: CaptionVersion
) -> None:
    make.judge(assignment, version, "unsure")
    with pytest.raises(Invalid):
        make.judge(assignment, version, "good", edit=GivenEdit(text=version.text, kinds=["other"]))
    assert current(version).label == "unsure"


@pytest.mark.parametrize(("sent", "kept"), [(-5, 0), (1200, 1200), (10**9, LONGEST_DURATION_MS)])
def test_a_duration_is_kept_within_reason(
    assignment: Assignment, version: CaptionVersion, sent: int, kept: int
) -> None:
    assert assignment.annotator is not None
    record_judgment(
        assignment=assignment,
        annotator=assignment.annotator,
        given=make.given(version, "good", duration_ms=sent),
    )
    assert current(version).duration_ms == kept


def test_a_clock_that_runs_ahead_is_set_right_and_one_that_is_behind_is_believed(
    assignment: Assignment, version: CaptionVersion
) -> None:
    assert assignment.annotator is not None
    for made_at in (timezone.now() + timedelta(days=2), datetime(2024, 5, 3, 14, 2, tzinfo=UTC)):
        record_judgment(
            assignment=assignment,
            annotator=assignment.annotator,
            given=make.given(version, "good", made_at=made_at),
        )
    assert current(version).made_at == datetime(2024, 5, 3, 14, 2, tzinfo=UTC)
    ahead = Judgment.objects.get(is_current=False)
    assert ahead.made_at <= timezone.now()


def test_judgments_given_in_bulk_stay_out_of_agreement(
    assignment: Assignment, version: CaptionVersion
) -> None:
    assert assignment.annotator is not None
    record_judgment(
        assignment=assignment,
        annotator=assignment.annotator,
        given=make.given(version, "bad", mode="rest_bad"),
    )
    assert Judgment.objects.current().count() == 1
    assert Judgment.objects.all().for_agreement().count() == 0


def test_an_image_handed_in_is_with_its_annotator_again_while_a_judgment_of_it_is_taken_back(
    assignment: Assignment, version: CaptionVersion
) -> None:
    other = CaptionVersion.objects.exclude(pk=version.pk).get()
    make.judge(assignment, version, "good")
    make.judge(assignment, other, "good")
    make.finish(assignment)
    make.judge(assignment, other, "bad")
    assert standing(assignment) == (AssignmentState.DONE, False), "a change of mind leaves no gap"
    make.judge(assignment, version, None)
    assert standing(assignment) == (AssignmentState.LEASED, True)
    assert make.claim(assignment.batch, assignment.annotator) == assignment  # type: ignore[arg-type]
    make.judge(assignment, version, "unsure")
    assert standing(assignment) == (AssignmentState.DONE, False)


def standing(assignment: Assignment) -> tuple[str, bool]:
    """Return the state, and whether a lease runs."""
    now = Assignment.objects.get(pk=assignment.pk)
    return now.state, now.lease_until is not None
