"""Gold pairs: mixed into production unseen, scored for their annotator, and no part of any figure on the pair."""

from typing import Any

import pytest

from accounts.models import User
from annotation.models import Assignment, Batch, CaptionVersion, Image, Judgment, KnownAnswer, KnownUse
from annotation.progress.progress import progress_of
from annotation.progress.verdicts import with_verdict
from annotation.review.adjudicating import adjudicate
from annotation.review.reviewing import open_round, proposed_edits
from annotation.rules.admission import demands_of
from annotation.rules.gold import gold_for, gold_scores, is_gold_position, n_gold_ahead
from annotation.rules.known_answers import draw_known_answers, make_known_answer, retire_known_answer
from annotation.rules.onboarding import change_plan
from annotation.working.assigning import claim_assignment, finish_assignment, skip_assignment
from annotation.working.judging import GivenEdit
from annotation.working.showing import desk_of
from polyannot.kernel.errors import Invalid
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db

SHARE = 20


def with_captions(project: Project, n: int) -> list[Image]:
    images = [make.add_image(project) for _ in range(n)]
    for image in images:
        for rank in range(3):
            make.add_caption(image, pool_rank=rank)
    return images


@pytest.fixture
def project() -> Project:
    return make.make_project(judged_target=2)


@pytest.fixture
def head(project: Project) -> User:
    head = make.add_member(project, Role.HEAD)
    change_plan(project=project, actor=head, values={"gold_percent": SHARE})
    return head


def gold_pair(project: Project, head: User, label: str = "bad") -> KnownAnswer:
    """Return a gold pair of an image of a batch that is over."""
    (image,) = with_captions(project, 1)
    version = CaptionVersion.objects.filter(image=image).order_by("-caption__pool_rank").first()
    assert version is not None
    return make_known_answer(
        version=version,
        schema=project.label_schemas.get(),
        label=label,
        use=KnownUse.GOLD,
        actor=head,
    )


def go_through(batch: Batch, annotator: User, label: str = "good") -> list[Assignment]:
    """Judge and hand in every image that the annotator gets."""
    had = []
    while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
        for pk in assignment.version_ids:
            make.judge(assignment, CaptionVersion.objects.get(pk=pk), label)
        finish_assignment(assignment=assignment, annotator=annotator)
        had.append(assignment)
    return had


def test_the_seeded_share_of_claims_carries_gold_and_never_the_first(project: Project, head: User) -> None:
    batch = make.make_batch(project, with_captions(project, 1))
    demands = demands_of(batch)
    people = [make.add_member(project) for _ in range(20)]

    drawn = [
        is_gold_position(demands=demands, batch=batch, annotator=person, position=position)
        for person in people
        for position in range(1, 101)
    ]

    assert 100 * sum(drawn) / len(drawn) == pytest.approx(SHARE, abs=3)
    assert not any(
        is_gold_position(demands=demands, batch=batch, annotator=person, position=0) for person in people
    )


def test_gold_is_mixed_in_scored_and_enters_no_figure(project: Project, head: User) -> None:
    known = [gold_pair(project, head, "good" if place % 2 else "bad") for place in range(6)]
    batch = make.make_batch(project, with_captions(project, 30), overlap=1)
    annotator = make.add_member(project)

    had = go_through(batch, annotator)

    gold = [assignment for assignment in had if assignment.is_gold]
    assert 0 < len(gold) <= 6
    assert len(had) == 30 + len(gold)
    assert all(len(assignment.version_ids) == 2 for assignment in gold)
    assert {assignment.image_id for assignment in gold} <= {row.version.image_id for row in known}
    asked = [row for row in known if row.version.image_id in {slot.image_id for slot in gold}]
    score = gold_scores(project)[annotator.pk]
    assert (score.n, score.n_right) == (len(gold), sum(row.label == "good" for row in asked))
    assert score.low <= score.share <= score.high

    judged = Judgment.objects.filter(is_gold=True)
    assert judged.count() == 2 * len(gold)
    versions: Any = with_verdict(CaptionVersion.objects.filter(pk__in=judged.values("version")))
    assert {version.verdict for version in versions} == {"not_judged"}
    assert Judgment.objects.all().for_agreement().count() == 60
    assert progress_of(project).flow.judged == 60
    review = open_round(batch=batch, head=head, draw="random")
    assert review.items.count() == 60


def test_the_number_of_images_on_the_page_does_not_tell_gold_apart(project: Project, head: User) -> None:
    for _ in range(6):
        gold_pair(project, head)
    batch = make.make_batch(project, with_captions(project, 20), overlap=1)
    annotator = make.add_member(project)

    totals, numbers = [], []
    while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
        desk = desk_of(assignment=assignment, annotator=annotator)
        totals.append(desk.n_images)
        numbers.append(desk.number)
        for pk in assignment.version_ids:
            make.judge(assignment, CaptionVersion.objects.get(pk=pk), "good")
        finish_assignment(assignment=assignment, annotator=annotator)

    assert Assignment.objects.filter(is_gold=True).exists()
    assert set(totals) == {len(totals)}
    assert numbers == list(range(1, len(totals) + 1))


def test_an_edit_on_a_gold_image_waits_for_nobody(project: Project, head: User) -> None:
    known = gold_pair(project, head)
    batch = make.make_batch(project, with_captions(project, 30), overlap=1)
    annotator = make.add_member(project)
    while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
        for pk in assignment.version_ids:
            edit = GivenEdit("A caption made better", ["other"]) if pk == known.version_id else None
            make.judge(assignment, CaptionVersion.objects.get(pk=pk), "good", edit=edit)
        finish_assignment(assignment=assignment, annotator=annotator)

    edited = Judgment.objects.get(edited_version__isnull=False).edited_version
    assert edited is not None
    assert edited.state == "rejected"
    assert not proposed_edits(project).exists()
    assert gold_scores(project) == {}


def test_gold_is_never_for_those_who_made_it(project: Project, head: User) -> None:
    images = with_captions(project, 2)
    first = make.make_batch(project, images, overlap=1)
    judge, other = make.add_member(project), make.add_member(project)
    go_through(first, judge, "bad")
    known = []
    for image in images:
        version = CaptionVersion.objects.filter(image=image).first()
        assert version is not None
        adjudicate(version=version, head=head, label="bad")
        known.append(version.pk)
    rows = draw_known_answers(schema=first.schema, actor=head, use=KnownUse.GOLD, n=9, seed=1)
    assert {row.version_id for row in rows} == set(known)
    batch = make.make_batch(project, with_captions(project, 1), overlap=1)

    assert not gold_for(batch=batch, annotator=judge).exists()
    assert not gold_for(batch=batch, annotator=head).exists()
    assert gold_for(batch=batch, annotator=other).count() == 2


def test_a_skipped_gold_image_opens_no_slot_and_a_retired_pair_counts_no_more(
    project: Project, head: User
) -> None:
    known = [gold_pair(project, head) for _ in range(4)]
    batch = make.make_batch(project, with_captions(project, 30), overlap=1)
    annotator = make.add_member(project)
    while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
        if assignment.is_gold and not Assignment.objects.filter(state="skipped").exists():
            skip_assignment(assignment=assignment, annotator=annotator, reason="cannot_see")
            continue
        for pk in assignment.version_ids:
            make.judge(assignment, CaptionVersion.objects.get(pk=pk), "bad")
        finish_assignment(assignment=assignment, annotator=annotator)

    assert Assignment.objects.filter(is_gold=False).count() == 30
    n = gold_scores(project)[annotator.pk].n
    for row in known:
        retire_known_answer(known=row, actor=head)
    assert n > 0
    assert gold_scores(project) == {}


def test_without_a_share_or_pairs_nothing_is_mixed_in(project: Project, head: User) -> None:
    batch = make.make_batch(project, with_captions(project, 8), overlap=1)
    annotator = make.add_member(project)
    demands = demands_of(batch)
    assert n_gold_ahead(demands=demands, batch=batch, annotator=annotator, n_ordinary=8) == 0

    assert len(go_through(batch, annotator)) == 8
    with pytest.raises(Invalid, match="nothing_to_draw"):
        draw_known_answers(schema=batch.schema, actor=head, use=KnownUse.GOLD, n=2, seed=1)
