"""Going back to a version by its name: a new version, a reason, and a second person before a release."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from annotation.captions.editing import decide_edit, propose_edit, withdraw_decision
from annotation.captions.reverting import revert_to_version
from annotation.models import CaptionChoice, CaptionVersion, Encoder, ImageChoice, VersionState
from annotation.progress.progress import image_counts
from annotation.progress.verdicts import Verdict, good_versions, with_verdict
from polyannot.kernel.errors import Conflict, Denied, Invalid
from projects.models import Event, Job, Project, Role
from releases.preflight import preflight
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make.make_project(good_target=1)


@pytest.fixture
def head(project: Project) -> User:
    return make.add_member(project, Role.HEAD)


@pytest.fixture
def base(project: Project) -> CaptionVersion:
    return make.add_caption(make.add_image(project), "A red car waits")


def accepted(base: CaptionVersion, text: str, head: User) -> CaptionVersion:
    """Return an edit of the base version that a head annotator accepted."""
    edit = propose_edit(parent=base, text=text, kinds=["color"], author=make.make_user())
    return decide_edit(version=edit, reviewer=head, accept=True)


def choose(version: CaptionVersion) -> None:
    """Make the version the one chosen caption of its image."""
    job = Job.objects.create(
        kind="diversity", project=version.project, queue="cpu", fingerprint="f" * 64, state="done"
    )
    encoder = Encoder.objects.create(name="sentences", weights_hash="0" * 64, source="test", dimension=4)
    choice = ImageChoice.objects.create(
        project=version.project,
        image=version.image,
        job=job,
        encoder=encoder,
        method="kmeans",
        seed=1,
        n_good=1,
        is_complete=True,
    )
    CaptionChoice.objects.create(choice=choice, version=version, position=0)


def verdict(version: CaptionVersion) -> str:
    annotated: Any = with_verdict(CaptionVersion.objects.filter(pk=version.pk)).get()
    return str(annotated.verdict)


def test_a_caption_has_one_text_that_stands(base: CaptionVersion, head: User) -> None:
    first = accepted(base, "A blue car waits", head)
    second = accepted(base, "A dark blue car waits", head)
    assert CaptionVersion.objects.filter(caption=base.caption).current().get() == second
    assert (verdict(first), verdict(second)) == (Verdict.REPLACED, Verdict.GOOD)
    withdraw_decision(version=second, reviewer=head)
    assert CaptionVersion.objects.filter(caption=base.caption).current().get() == first
    assert verdict(first) == Verdict.GOOD


def test_going_back_adds_a_version_and_waits_for_a_second_person(
    project: Project, base: CaptionVersion, head: User
) -> None:
    edit = accepted(base, "A blue car waits", head)
    made = revert_to_version(version=base, actor=head, reason="The car is red after all.")
    assert (made.text, made.parent, made.reverts_to, made.state) == (base.text, edit, base, "accepted")
    assert CaptionVersion.objects.filter(caption=base.caption).count() == 3
    assert Event.objects.filter(act="version_reverted", row_id=made.pk, actor=head).exists()
    assert (verdict(edit), verdict(made)) == (Verdict.REPLACED, Verdict.INCOMPLETE)
    assert not good_versions(project).exists()
    counts = image_counts(project, project.images.all())[base.image_id]
    assert (counts.n_good, counts.n_settled) == (0, 0)
    with pytest.raises(Denied):
        decide_edit(version=made, reviewer=head, accept=True)
    second = make.add_member(project, Role.HEAD)
    decide_edit(version=made, reviewer=second, accept=True)
    assert list(good_versions(project)) == [made]
    withdraw_decision(version=made, reviewer=second)
    made.refresh_from_db()
    assert (made.state, made.decided_by) == ("accepted", None)


def test_a_good_by_somebody_else_on_the_new_version_is_a_second_person_too(
    project: Project, base: CaptionVersion, head: User
) -> None:
    accepted(base, "A blue car waits", head)
    made = revert_to_version(version=base, actor=head, reason="It is red.")
    annotators = [make.add_member(project), head]
    batch = make.make_batch(project, [base.image], overlap=1)
    assignment = make.claim(batch, annotators[0])
    assignment.version_ids = [made.pk]
    assignment.save(update_fields=["version_ids"])
    make.judge(assignment, made, "good")
    assert verdict(made) == Verdict.GOOD


def test_going_back_needs_a_reason_and_another_text(base: CaptionVersion, head: User) -> None:
    with pytest.raises(Conflict):
        revert_to_version(version=base, actor=head, reason="Nothing has changed.")
    accepted(base, "A blue car waits", head)
    with pytest.raises(Invalid):
        revert_to_version(version=base, actor=head, reason="  ")
    revert_to_version(version=base, actor=head, reason="Once.")
    accepted(base, "A green car waits", head)
    again = revert_to_version(version=base, actor=head, reason="And once more.")
    assert CaptionVersion.objects.filter(caption=base.caption).current().get() == again


def test_a_proposal_is_accepted_and_not_gone_back_to(base: CaptionVersion, head: User) -> None:
    edit = propose_edit(parent=base, text="A blue car waits", kinds=["color"], author=make.make_user())
    with pytest.raises(Conflict):
        revert_to_version(version=edit, actor=head, reason="It is blue.")


def test_a_rejected_revert_lets_the_text_before_it_stand(
    project: Project, base: CaptionVersion, head: User
) -> None:
    edit = accepted(base, "A blue car waits", head)
    made = revert_to_version(version=base, actor=head, reason="It is red.")
    decide_edit(version=made, reviewer=make.add_member(project, Role.HEAD), accept=False)
    assert list(good_versions(project)) == [edit]


def test_the_database_keeps_nobody_deciding_on_their_own_edit(base: CaptionVersion, head: User) -> None:
    edit = propose_edit(parent=base, text="A blue car waits", kinds=["color"], author=head)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaptionVersion.objects.filter(pk=edit.pk).update(state=VersionState.ACCEPTED, decided_by=head)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaptionVersion.objects.filter(pk=edit.pk).update(reverts_to=base, reason="")


def test_a_release_waits_for_a_second_person_on_a_chosen_text(
    project: Project, base: CaptionVersion, head: User
) -> None:
    accepted(base, "A blue car waits", head)
    made = revert_to_version(version=base, actor=head, reason="It is red.")
    choose(made)
    found = {finding.code: finding.count for finding in preflight(project)}
    assert (found["four_eyes"], found["choice_not_good"]) == (1, 1)
    decide_edit(version=made, reviewer=make.add_member(project, Role.HEAD), accept=True)
    assert not {"four_eyes", "choice_not_good"} & {finding.code for finding in preflight(project)}
