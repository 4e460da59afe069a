"""Find-and-fix: looked at before, applied as one act with its count, undone as one act for what nobody works with."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from annotation.captions.editing import decide_edit, propose_edit
from annotation.captions.fix_running import FixRunner
from annotation.captions.fix_showing import preview_of
from annotation.captions.fix_undoing import confirm_fix, undecided_texts, undo_fix
from annotation.captions.fixing import (
    KIND,
    MOST_AT_ONCE,
    apply_fix,
    discard_fix,
    draft_fix,
    leave_out,
    versions_found,
)
from annotation.captions.reverting import revert_to_version
from annotation.models import (
    Caption,
    CaptionFix,
    CaptionVersion,
    FixItem,
    FixOutcome,
    FixReason,
    FixState,
    Image,
)
from annotation.progress.verdicts import good_versions
from polyannot.kernel.errors import Conflict, Denied, Invalid
from projects.access import Access, project_access
from projects.models import Event, Job, Project, Role
from projects.running import register_runner, run_job
from tests import factories as make

pytestmark = pytest.mark.django_db
register_runner(KIND, FixRunner())


@pytest.fixture
def project() -> Project:
    return make.make_project()


@pytest.fixture
def image(project: Project) -> Image:
    return make.add_image(project)


def access_of(project: Project, role: str = Role.HEAD, user: User | None = None) -> Access:
    user = user or make.add_member(project, role)
    return project_access(user, project.slug)


@pytest.fixture
def head(project: Project) -> Access:
    return access_of(project)


def drafted(access: Access, pattern: str = "grey", replacement: str = "gray", **more: object) -> CaptionFix:
    values: dict[str, object] = {"kinds": ["color"], "accepts": True, **more}
    return draft_fix(access=access, pattern=pattern, replacement=replacement, **values)  # type: ignore[arg-type]


def applied(access: Access, **more: object) -> CaptionFix:
    fix = drafted(access, **more)  # type: ignore[arg-type]
    return apply_fix(fix=fix, access=access, n_named=len(versions_found(access, fix)))


def outcomes(fix: CaptionFix) -> dict[str, str]:
    return {item.version.text: item.outcome for item in fix.items.select_related("version")}


def standing(version: CaptionVersion) -> str:
    return CaptionVersion.objects.filter(caption=version.caption).current().get().text


def test_a_preview_shows_every_change_and_changes_nothing(head: Access, image: Image) -> None:
    for text in ["A grey cat", "A greyhound runs", "Grey skies over the grey sea"]:
        make.add_caption(image, text)
    fix = drafted(head)
    preview = preview_of(head, fix, 1)
    assert (preview.n_found, preview.n_ticked) == (2, 2)
    assert next([(c.kind, c.words) for c in row.changes] for row in preview.rows) == [
        ("same", "A"),
        ("removed", "grey"),
        ("added", "gray"),
        ("same", "cat"),
    ]
    assert CaptionVersion.objects.count() == 3
    assert not FixItem.objects.exists()


def test_one_act_changes_what_is_ticked_and_names_its_count(head: Access, image: Image) -> None:
    cat, dog = (make.add_caption(image, f"A grey {what}") for what in ("cat", "dog"))
    fix = drafted(head)
    leave_out(fix=fix, actor=head.user, shown=[cat.pk, dog.pk], ticked=[cat.pk])
    with pytest.raises(Conflict):
        apply_fix(fix=fix, access=head, n_named=2)
    done = apply_fix(fix=fix, access=head, n_named=1)
    assert (done.state, done.n_named, done.job) == (FixState.APPLIED, 1, None)
    assert (standing(cat), standing(dog)) == ("A gray cat", "A grey dog")
    made = CaptionVersion.objects.get(parent=cat)
    assert (made.state, made.kinds, made.author, made.decided_by) == ("accepted", ["color"], head.user, None)
    assert outcomes(done) == {"A grey cat": "changed", "A grey dog": "left_out"}
    assert Event.objects.filter(act="fix_applied", row_id=fix.pk).count() == 1
    with pytest.raises(Conflict):
        apply_fix(fix=fix, access=head, n_named=1)


def test_ticking_again_takes_a_caption_back_in(head: Access, image: Image) -> None:
    cat = make.add_caption(image, "A grey cat")
    fix = drafted(head)
    leave_out(fix=fix, actor=head.user, shown=[cat.pk], ticked=[])
    with pytest.raises(Invalid):
        apply_fix(fix=fix, access=head, n_named=0)
    leave_out(fix=fix, actor=head.user, shown=[cat.pk], ticked=[cat.pk])
    assert preview_of(head, fix, 1).n_ticked == 1


def test_the_text_that_stands_is_fixed_and_not_the_one_before(head: Access, image: Image) -> None:
    base = make.add_caption(image, "A grey cat waits")
    edit = propose_edit(parent=base, text="A grey tomcat waits", kinds=["other"], author=make.make_user())
    decide_edit(version=edit, reviewer=head.user, accept=True)
    applied(head)
    assert standing(base) == "A gray tomcat waits"


def test_a_researcher_proposes_and_does_not_accept(project: Project, image: Image) -> None:
    cat = make.add_caption(image, "A grey cat")
    researcher = access_of(project, Role.RESEARCHER)
    with pytest.raises(Denied):
        drafted(researcher, accepts=True)
    applied(researcher, accepts=False)
    assert standing(cat) == "A grey cat"
    assert CaptionVersion.objects.get(parent=cat).state == "proposed"


def test_captions_that_cannot_be_changed_are_passed_over_with_their_reason(
    head: Access, image: Image
) -> None:
    short = make.add_caption(image, "grey cat")
    out = make.add_caption(image, "A grey whale")
    Caption.objects.filter(pk=out.caption_id).update(drop_reason="reported")
    twice = make.add_caption(image, "A grey owl")
    propose_edit(parent=twice, text="A owl", kinds=["other"], author=make.make_user())
    make.add_caption(image, "A grey <persn> sits")
    fix = applied(head, replacement="")
    reasons = {item.version.text: item.reason for item in fix.items.select_related("version")}
    assert reasons == {
        short.text: FixReason.TOO_SHORT,
        out.text: FixReason.OUT,
        twice.text: FixReason.TEXT_EXISTS,
        "A grey <persn> sits": FixReason.PLACEHOLDER,
    }
    assert CaptionVersion.objects.filter(author=head.user).count() == 0


def test_a_new_text_waits_for_a_second_person_who_decides_on_all_at_once(
    project: Project, head: Access, image: Image
) -> None:
    for what in ("cat", "dog"):
        make.add_caption(image, f"A grey {what}")
    fix = applied(head)
    assert not good_versions(project).exists()
    with pytest.raises(Denied):
        confirm_fix(fix=fix, reviewer=head.user, n_named=2)
    second = make.add_member(project, Role.HEAD)
    with pytest.raises(Conflict):
        confirm_fix(fix=fix, reviewer=second, n_named=1)
    assert confirm_fix(fix=fix, reviewer=second, n_named=2) == 2
    assert {version.text for version in good_versions(project)} == {"A gray cat", "A gray dog"}
    assert not undecided_texts(fix).exists()


def test_undoing_takes_back_what_nobody_works_with_and_lists_the_rest(
    project: Project, head: Access, image: Image
) -> None:
    texts = ["A grey cat", "A grey dog", "A grey owl", "A grey hen"]
    cat, dog, owl, _hen = (make.add_caption(image, text) for text in texts)
    fix = applied(head)
    made = {version.text: version for version in CaptionVersion.objects.filter(author=head.user)}
    second = make.add_member(project, Role.HEAD)
    decide_edit(version=made["A gray cat"], reviewer=second, accept=True)
    revert_to_version(version=dog, actor=second, reason="Grey it is.")
    batch = make.make_batch(project, [image], overlap=1)
    assignment = make.claim(batch, make.add_member(project))
    assignment.version_ids = [made["A gray owl"].pk]
    assignment.save(update_fields=["version_ids"])
    make.judge(assignment, made["A gray owl"], "good")
    undone = undo_fix(fix=fix, access=head)
    assert (undone.n_undone, undone.n_kept) == (1, 3)
    assert outcomes(fix) == {
        "A grey cat": FixOutcome.KEPT,
        "A grey dog": FixOutcome.KEPT,
        "A grey owl": FixOutcome.KEPT,
        "A grey hen": FixOutcome.UNDONE,
    }
    assert [standing(version) for version in (cat, dog, owl, _hen)] == [
        "A gray cat",
        "A grey dog",
        "A gray owl",
        "A grey hen",
    ]
    reasons = set(fix.items.filter(outcome="kept").values_list("reason", flat=True))
    assert reasons == {FixReason.DECIDED, FixReason.BUILT_ON, FixReason.JUDGED}
    with pytest.raises(Conflict):
        undo_fix(fix=fix, access=head)
    again = applied(head)
    assert outcomes(again)["A grey hen"] == FixOutcome.CHANGED


def test_undoing_is_for_who_applied_it_and_for_head_annotators(
    project: Project, head: Access, image: Image
) -> None:
    make.add_caption(image, "A grey cat")
    fix = applied(head)
    with pytest.raises(Denied):
        undo_fix(fix=fix, access=access_of(project, Role.RESEARCHER))
    assert undo_fix(fix=fix, access=access_of(project)).n_undone == 1


def test_the_scope_is_a_search(project: Project, head: Access, image: Image) -> None:
    other = make.add_image(project, "elsewhere")
    make.add_caption(image, "A grey cat")
    make.add_caption(other, "A grey dog")
    fix = drafted(head, scope="image=elsewhere&nonsense=1")
    assert [text for _pk, text in versions_found(head, fix)] == ["A grey dog"]
    assert fix.scope == "image=elsewhere"


def test_many_captions_are_changed_by_a_job_that_may_run_twice(head: Access, image: Image) -> None:
    for number in range(MOST_AT_ONCE + 1):
        make.add_caption(image, f"A grey cat of number {number}")
    fix = drafted(head)
    running = apply_fix(fix=fix, access=head, n_named=MOST_AT_ONCE + 1)
    assert running.state == FixState.RUNNING
    job = Job.objects.get(kind=KIND)
    later = make.add_caption(image, "A grey cat that came after the count was named")
    runner = FixRunner()
    plan = runner.plan(job)
    assert sum(len(chunk.items) for chunk in plan) == MOST_AT_ONCE + 1
    run_job(job.pk)
    fix.refresh_from_db()
    job.refresh_from_db()
    assert (fix.state, job.result) == (FixState.APPLIED, {"changed": MOST_AT_ONCE + 1, "skipped": 0})
    chunk = job.chunks.first()
    assert chunk is not None
    runner.run(job, chunk)
    assert fix.items.count() == MOST_AT_ONCE + 1
    assert not later.children.exists()
    assert undo_fix(fix=fix, access=head).n_undone == MOST_AT_ONCE + 1


def test_a_draft_is_put_away_and_never_applied(project: Project, head: Access, image: Image) -> None:
    make.add_caption(image, "A grey cat")
    fix = drafted(head)
    with pytest.raises(Denied):
        discard_fix(fix=fix, actor=make.add_member(project, Role.HEAD))
    discard_fix(fix=fix, actor=head.user)
    with pytest.raises(Conflict):
        apply_fix(fix=fix, access=head, n_named=1)


@pytest.mark.parametrize(
    ("pattern", "replacement", "kinds"),
    [("", "x", ["color"]), ("x" * 201, "y", ["color"]), ("grey", "grey ", ["color"]), ("grey", "gray", [])],
)
def test_a_fix_that_makes_no_sense_is_refused(
    head: Access, pattern: str, replacement: str, kinds: list[str]
) -> None:
    with pytest.raises(Invalid):
        drafted(head, pattern, replacement, kinds=kinds)


@pytest.mark.parametrize(
    "values", [{"state": "applied"}, {"state": "undone"}, {"state": "lost"}, {"n_named": 3}, {"pattern": ""}]
)
def test_the_database_holds_the_states_of_a_fix(head: Access, values: dict[str, object]) -> None:
    fix = drafted(head)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaptionFix.objects.filter(pk=fix.pk).update(**values)


def test_an_item_of_a_fix_stays_in_its_project(head: Access, image: Image) -> None:
    elsewhere = make.add_caption(make.add_image(make.make_project()), "A grey cat")
    fix = drafted(head)
    with pytest.raises(IntegrityError), transaction.atomic():
        FixItem.objects.create(project=head.project, fix=fix, version=elsewhere, outcome="left_out")
