"""Review: rounds are drawn, judgments accepted, fixed, returned, taken back; error rates come from random rounds."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.captions.editing import decide_edit
from annotation.models import Adjudication, CaptionVersion, Judgment, ReviewItem
from annotation.models.reviews import ReviewDraw, ReviewFilter, ReviewState
from annotation.review.bulk_reviewing import accept_items, reopen_item, reopen_items
from annotation.review.reviewing import (
    accept_item,
    error_rate,
    error_rates,
    fix_item,
    n_drawn_by_filter_first,
    open_round,
    proposed_edits,
    return_item,
)
from annotation.review.revising import revise_judgment
from annotation.working.judging import GivenEdit, record_judgment
from polyannot.kernel.errors import Conflict, Denied, Invalid
from projects.models import Role
from tests import factories as make
from tests.annotation.agreement_work import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> dict[str, Any]:
    """Return a head annotator before the judgments of two annotators on two images, one of them edited."""
    project, batch, annotators = work(
        [
            ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
            ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
        ]
    )
    return {
        "project": project,
        "batch": batch,
        "annotators": annotators,
        "head": make.add_member(project, Role.HEAD),
    }


def drawn(desk: dict[str, Any], chosen: str = "", share: float = 1.0, seed: int = 1) -> list[ReviewItem]:
    draw = ReviewDraw.FILTER if chosen else ReviewDraw.RANDOM
    opened = open_round(
        batch=desk["batch"], head=desk["head"], draw=draw, share=share, chosen_filter=chosen, seed=seed
    )
    return list(opened.items.select_related("judgment__version").order_by("pk"))


def test_a_random_round_draws_its_share_and_the_same_seed_draws_the_same(desk: dict[str, Any]) -> None:
    first = drawn(desk, share=0.25, seed=5)
    assert len(first) == 4
    judgments = [item.judgment_id for item in first]
    ReviewItem.objects.all().delete()
    assert [item.judgment_id for item in drawn(desk, share=0.25, seed=5)] == judgments


@pytest.mark.parametrize(
    ("chosen", "n"), [(ReviewFilter.UNSURE, 1), (ReviewFilter.EDITED, 1), (ReviewFilter.DISAGREED, 4)]
)
def test_filters_find_what_they_say(desk: dict[str, Any], chosen: str, n: int) -> None:
    assert len(drawn(desk, chosen)) == n


def test_an_empty_round_is_not_opened(desk: dict[str, Any]) -> None:
    drawn(desk)
    with pytest.raises(Invalid):
        drawn(desk)


def test_accepting_an_edited_judgment_accepts_its_edit_and_taking_it_back_makes_it_a_proposal(
    desk: dict[str, Any],
) -> None:
    item = drawn(desk, ReviewFilter.EDITED)[0]
    assert proposed_edits(desk["project"]).count() == 1
    accept_item(item=item, head=desk["head"])
    edited = CaptionVersion.objects.get(parent__isnull=False)
    assert (edited.state, edited.decided_by) == ("accepted", desk["head"])
    assert proposed_edits(desk["project"]).count() == 0
    reopen_item(item=item, head=desk["head"])
    item.refresh_from_db()
    edited.refresh_from_db()
    assert (item.state, edited.state, edited.decided_by) == (ReviewState.WAITING, "proposed", None)


def test_only_who_accepted_may_take_it_back(desk: dict[str, Any]) -> None:
    item = drawn(desk)[0]
    accept_item(item=item, head=desk["head"])
    with pytest.raises(Denied):
        reopen_item(item=item, head=make.add_member(desk["project"], Role.HEAD))


def test_accepting_several_counts_those_that_were_open(desk: dict[str, Any]) -> None:
    items = drawn(desk)
    return_item(item=items[0], head=desk["head"], comment="Look again.")
    items[0].refresh_from_db()
    outcome = accept_items(items=items[:5], head=desk["head"])
    assert (len(outcome.done), list(outcome.left_out)) == (4, [])
    back = reopen_items(items=[*outcome.done], head=desk["head"])
    assert len(back.done) == 4
    assert {item.state for item in ReviewItem.objects.all()} == {ReviewState.WAITING, ReviewState.RETURNED}


def test_accepting_several_leaves_out_what_cannot_be_accepted_and_names_it(desk: dict[str, Any]) -> None:
    items = drawn(desk)
    own = items[0].judgment.annotator
    outcome = accept_items(items=items, head=own)
    assert len(outcome.done) == 8
    assert {left.item.judgment.annotator for left in outcome.left_out} == {own}
    assert {left.why for left in outcome.left_out} == {"Somebody else has to review your own judgments."}
    edited = next(item for item in items if item.judgment.edited_version_id)
    if edited.judgment.annotator == own:
        again = make.given(edited.judgment.version, "good")
        record_judgment(assignment=edited.judgment.assignment, annotator=own, given=again)
        late = accept_items(items=[edited], head=desk["head"])
        assert [left.item for left in late.left_out] == [edited]
        assert late.done == []


def test_taking_an_acceptance_back_leaves_an_edit_that_somebody_else_had_accepted(
    desk: dict[str, Any],
) -> None:
    item = drawn(desk, ReviewFilter.EDITED)[0]
    edit = CaptionVersion.objects.get(parent__isnull=False)
    first = make.add_member(desk["project"], Role.HEAD)
    decide_edit(version=edit, reviewer=first, accept=True)
    accept_item(item=item, head=desk["head"])
    assert reopen_item(item=item, head=desk["head"]).state == ReviewState.WAITING
    edit.refresh_from_db()
    assert (edit.state, edit.decided_by) == ("accepted", first)


ACTS = (ReviewState.ACCEPTED, ReviewState.FIXED, ReviewState.RETURNED)
ALLOWED = (
    {(ReviewState.WAITING, to) for to in ACTS}
    | {(ReviewState.REVISED, to) for to in ACTS}
    | {
        (ReviewState.RETURNED, ReviewState.REVISED),
        (ReviewState.RETURNED, ReviewState.WAITING),
        (ReviewState.ACCEPTED, ReviewState.WAITING),
        (ReviewState.ACCEPTED, ReviewState.REVISED),
    }
)


def revision_of(item: ReviewItem) -> Judgment:
    """Return the judgment with which the annotator answers the returned item."""
    return_item(item=item, head=item.round.opened_by, comment="Look again.")
    answer = make.given(item.judgment.version, "bad")
    revision = revise_judgment(item=item, annotator=item.judgment.annotator, given=answer)
    assert revision is not None
    return revision


@pytest.mark.parametrize("before", list(ReviewState.values))
@pytest.mark.parametrize("after", list(ReviewState.values))
def test_the_table_holds_the_transitions(desk: dict[str, Any], before: str, after: str) -> None:
    item = drawn(desk)[0]
    filled = {
        "reviewer": desk["head"],
        "decided_at": timezone.now(),
        "comment": "Look again.",
    }
    if before == ReviewState.REVISED or after == ReviewState.REVISED:
        filled["revision"] = revision_of(item)
    ReviewItem.objects.filter(pk=item.pk).delete()
    row = ReviewItem.objects.create(
        project=item.project, round=item.round, judgment=item.judgment, state=before, **filled
    )
    change = ReviewItem.objects.filter(pk=row.pk)
    if before == after or (before, after) in ALLOWED:
        assert change.update(state=after) == 1
    else:
        with pytest.raises(IntegrityError), transaction.atomic():
            change.update(state=after)


def test_a_judgment_is_in_one_round_at_most(desk: dict[str, Any]) -> None:
    item = drawn(desk, ReviewFilter.UNSURE)[0]
    other = drawn(desk)[0].round
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewItem.objects.create(project=item.project, round=other, judgment=item.judgment)


def test_an_own_fix_is_a_final_label_and_leaves_the_judgment_as_it_was(desk: dict[str, Any]) -> None:
    item = drawn(desk, ReviewFilter.UNSURE)[0]
    edit = GivenEdit(text=f"{item.judgment.version.text} repaired", kinds=["other"])
    fix_item(item=item, head=desk["head"], label="bad", edit=edit)
    item.refresh_from_db()
    assert item.state == ReviewState.FIXED
    assert Adjudication.objects.get(version=item.judgment.version).label == "bad"
    assert item.judgment.label == "unsure"
    assert CaptionVersion.objects.get(author=desk["head"]).state == "proposed"


def test_a_decided_judgment_cannot_be_returned(desk: dict[str, Any]) -> None:
    item = drawn(desk)[0]
    accept_item(item=item, head=desk["head"])
    with pytest.raises(Conflict):
        return_item(item=item, head=desk["head"], comment="Too late.")


def test_a_return_needs_a_comment(desk: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        return_item(item=drawn(desk)[0], head=desk["head"], comment="  ")


def test_a_returned_judgment_stays_an_error_after_its_revision_was_accepted(desk: dict[str, Any]) -> None:
    items = drawn(desk, share=0.5)
    assert error_rate(ReviewItem.objects.all()) is None
    for item in items[1:]:
        accept_item(item=item, head=desk["head"])
    return_item(item=items[0], head=desk["head"], comment="Look again.")
    judgment = items[0].judgment
    revise_judgment(
        item=items[0],
        annotator=judgment.annotator,
        given=make.given(judgment.version, "bad"),
        reply="You are right.",
    )
    accept_item(item=items[0], head=desk["head"])
    rate = error_rate(ReviewItem.objects.all())
    assert rate is not None
    assert (rate.n, rate.n_errors) == (8, 1)
    assert rate.low < rate.share < rate.high
    by_annotator = error_rates(ReviewItem.objects.all())
    assert sum(each.n_errors for each in by_annotator.values()) == 1
    assert sum(each.n for each in by_annotator.values()) == 8


def test_what_filters_found_never_enters_the_error_rate_and_is_told_when_it_came_first(
    desk: dict[str, Any],
) -> None:
    return_item(item=drawn(desk, ReviewFilter.UNSURE)[0], head=desk["head"], comment="Look again.")
    assert error_rate(ReviewItem.objects.all()) is None
    assert n_drawn_by_filter_first(desk["project"]) == 0
    drawn(desk)
    assert n_drawn_by_filter_first(desk["project"]) == 1


def test_an_edit_that_its_annotator_took_back_cannot_be_accepted_any_more(desk: dict[str, Any]) -> None:
    item = drawn(desk, ReviewFilter.EDITED)[0]
    make.judge(item.judgment.assignment, item.judgment.version, "bad")
    with pytest.raises(Conflict, match="edit_taken_back"):
        accept_item(item=item, head=desk["head"])
    item.refresh_from_db()
    assert item.state == ReviewState.WAITING
    assert return_item(item=item, head=desk["head"], comment="Look again").state == ReviewState.RETURNED
