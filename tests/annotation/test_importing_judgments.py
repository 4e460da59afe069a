"""Judgments made elsewhere: what becomes of each row, a second import, raters, labels, captions, edits and skips."""

import json

import krippendorff
import pytest
from django.test import Client
from django.urls import reverse

from annotation import tasks  # noqa: F401  registers the runner
from annotation.exchange.importing_judgments import (
    JudgmentImportSettings,
    repeat_for_good,
    request_judgment_import,
)
from annotation.exchange.judgment_import_running import JudgmentImportRunner
from annotation.importing.requesting import GivenFile
from annotation.models import (
    Assignment,
    Batch,
    CaptionVersion,
    ImageTally,
    ImportedRater,
    Judgment,
    JudgmentImport,
    LabelSchema,
)
from annotation.progress.progress import progress_of
from annotation.progress.verdicts import with_verdict
from annotation.review.adjudicating import undecided_versions
from annotation.working.closing import reopen_batch
from annotation.working.opening import free_images
from annotation.working.pacing import project_pace
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Project, Role
from projects.running import run_job
from tests import factories as make
from tests.annotation.agreement_work import computed
from tests.annotation.made_elsewhere import GRADES, brought, counts, expert_table, reasons, two_animals

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return two_animals()


def test_grades_of_three_experts_get_the_agreement_of_any_batch(project: Project) -> None:
    row = brought(project, expert_table())
    assert counts(row) == (18, 0, 0, 0)
    batch = Batch.objects.get(name="Experts")
    assert (batch.purpose, batch.closed_at is not None) == ("imported", True)
    assert [label.key for label in batch.schema.labels.all()] == ["1", "2", "3", "4"]
    report = computed(project, batch, outcome="labels")
    assert (report.n_items, report.n_ratings, report.n_raters) == (6, 18, 3)
    figures = report.figures["coefficients"]
    table = [[grades[expert] for grades in GRADES.values()] for expert in range(3)]
    alpha = krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal")
    assert figures["krippendorff_alpha_ordinal"]["value"] == pytest.approx(alpha, abs=1e-9)
    people = {str(judgment.annotator) for judgment in Judgment.objects.select_related("annotator")}
    assert people == {"expert 1", "expert 2", "expert 3"}


def test_a_second_import_adds_nothing(project: Project) -> None:
    brought(project, expert_table())
    before = (Judgment.objects.count(), Assignment.objects.count(), ImportedRater.objects.count())
    assert counts(brought(project, expert_table())) == (0, 18, 0, 0)
    assert before == (Judgment.objects.count(), Assignment.objects.count(), ImportedRater.objects.count())


def test_a_job_whose_worker_was_lost_after_writing_keeps_its_count(project: Project) -> None:
    row = brought(project, expert_table())
    runner = JudgmentImportRunner()
    runner.run(row.job, row.job.chunks.get())
    assert runner.finish(row.job)["judgments"]["added"] == 18
    assert Judgment.objects.count() == 18


def test_a_trial_says_what_would_happen_and_changes_nothing(project: Project) -> None:
    table = (
        expert_table()
        + b"\ndog.jpg,A dog in scene number 1,expert 1,4\ndog.jpg,Nothing of the kind,expert 1,4"
    )
    trial = brought(project, table, is_trial=True)
    assert counts(trial) == (18, 1, 1, 0)
    assert not Judgment.objects.exists()
    assert not LabelSchema.objects.filter(name="Grades").exists()
    assert not Batch.objects.filter(name="Experts").exists()
    assert {rater["account"] for rater in trial.told["raters"]} == {"new"}
    job = repeat_for_good(project=project, actor=make.add_member(project, Role.HEAD), trial=trial.job)
    run_job(job.pk)
    assert counts(JudgmentImport.objects.get(job=job)) == counts(trial)


def test_errors_name_the_line_and_say_what_may_have_been_meant(project: Project) -> None:
    table = (
        b"image_key,caption,rater_id,label\n"
        b"dog,A dog in scene number 1,e1,4\n"
        b"dgo,A dog in scene number 1,e1,4\n"
        b"dog,A dog in scene nunber 2,e1,4\n"
        b"dog,A dog in scene number 3,,4\n"
        b"dog,A dog in scene number 1,e1,2\n"
        b"dog,A dog in scene number 2,e2\n"
    )
    row = brought(project, table)
    told = reasons(row)
    assert counts(row) == (1, 0, 5, 0)
    assert "Perhaps this: dog" in told["ratings.csv line 3"]
    assert "A dog in scene number 2" in told["ratings.csv line 4"]
    assert "rater_id" in told["ratings.csv line 5"]
    assert "line 2" in told["ratings.csv line 6"]
    assert "cells" in told["ratings.csv line 7"]


def test_another_answer_in_a_second_file_is_refused_and_the_first_stays(project: Project) -> None:
    brought(project, expert_table())
    row = brought(project, b"caption_key,rater,label\ndog-1,expert 1,1\n")
    assert counts(row) == (0, 0, 1, 0)
    assert "answered 4" in reasons(row)["ratings.csv line 2"]


def test_captions_that_are_missing_are_made_only_where_that_is_wished(project: Project) -> None:
    table = (
        b"image_key,caption,rater_id,label\ndog,A dog that nobody described before,e1,4\nhorse,A horse,e1,3\n"
    )
    assert counts(brought(project, table)) == (0, 0, 2, 0)
    trial = brought(project, table, is_trial=True, creates_captions=True)
    assert (counts(trial), trial.n_captions) == ((1, 0, 1, 0), 1)
    row = brought(project, table, creates_captions=True)
    assert (counts(row), row.n_captions) == ((1, 0, 1, 0), 1)
    assert CaptionVersion.objects.get(text="A dog that nobody described before").caption.image.key == "dog"


def test_raters_become_accounts_that_nobody_can_sign_in_to(project: Project) -> None:
    brought(project, expert_table())
    for imported in ImportedRater.objects.select_related("user"):
        user = imported.user
        assert not user.is_active
        assert not user.has_usable_password()
        assert user.username.startswith("imported-")
        assert not user.memberships.exists()
        assert str(user) not in imported.name_hash


def test_pseudonymised_raters_leave_no_name_behind(project: Project) -> None:
    row = brought(project, expert_table(), keeps_names=False)
    told = json.dumps(row.told) + json.dumps(row.job.parameters)
    assert "expert" not in told
    assert {str(imported.user) for imported in ImportedRater.objects.all()} == {
        "Rater 1",
        "Rater 2",
        "Rater 3",
    }
    assert counts(brought(project, expert_table(), keeps_names=False)) == (0, 18, 0, 0)


def test_a_named_member_signs_their_own_ratings(project: Project) -> None:
    member = make.add_member(project)
    brought(project, expert_table(), members={"expert 2": member})
    assert Judgment.objects.filter(annotator=member).count() == 6
    assert ImportedRater.objects.count() == 2


def test_pseudonyms_of_one_file_are_no_persons_of_another(project: Project) -> None:
    table = b"caption_key,rater,label\ndog-1,rater_01,4\ndog-2,rater_01,1\n"
    for name in ("First", "Second"):
        brought(project, table, batch_name=name, names_hold=False)
    assert ImportedRater.objects.count() == 2
    brought(project, table, batch_name="Third", names_hold=True)
    brought(project, table, batch_name="Fourth", names_hold=True)
    assert ImportedRater.objects.count() == 3


def test_grades_touch_no_verdict_and_good_and_bad_do(project: Project) -> None:
    brought(project, expert_table())
    judged = with_verdict(CaptionVersion.objects.filter(project=project))
    verdicts = {getattr(version, "verdict", "") for version in judged}
    assert verdicts == {"not_judged"}
    assert not undecided_versions(project).exists()
    schema = project.label_schemas.order_by("pk").first()
    table = b"caption_key,rater,label\ndog-1,a,Good\ndog-1,b,good\ndog-2,a,bad\ndog-2,b,good\ndog-3,a,good\n"
    brought(project, table, batch_name="Elsewhere", schema=schema)
    found = {
        version.caption.key: getattr(version, "verdict", "")
        for version in with_verdict(CaptionVersion.objects.filter(project=project)).select_related("caption")
    }
    assert (found["dog-1"], found["dog-2"], found["dog-3"]) == ("good", "undecided", "incomplete")


def test_labels_that_a_set_lacks_are_refused(project: Project) -> None:
    schema = project.label_schemas.order_by("pk").first()
    row = brought(project, b"caption_key,rater,label\ndog-1,a,excellent\n", schema=schema)
    assert "Good, Bad, Unsure" in reasons(row)["ratings.csv line 2"]


def test_listed_labels_fix_order_names_and_meaning(project: Project) -> None:
    table = b"caption_key,rater,label\ndog-1,a,fits\ndog-2,a,partly\n"
    with pytest.raises(Invalid):
        request_judgment_import(
            project=project,
            actor=None,
            file=GivenFile("x.csv", table),
            settings=JudgmentImportSettings(format="long_csv", batch_name="B"),
            is_trial=True,
        )
    brought(project, table, listed_labels="no = Does not fit (bad)\npartly\nfits = Fits well (good)\n")
    labels = LabelSchema.objects.get(name="Grades").labels.all()
    assert [(label.key, label.name, label.meaning) for label in labels] == [
        ("no", "Does not fit", "bad"),
        ("partly", "partly", "neutral"),
        ("fits", "Fits well", "good"),
    ]


def test_words_without_an_order_fail_the_job_with_the_reason(project: Project) -> None:
    job = request_judgment_import(
        project=project,
        actor=None,
        file=GivenFile("x.csv", b"caption_key,rater,label\ndog-1,a,fits\ndog-2,a,partly\n"),
        settings=JudgmentImportSettings(format="long_csv", batch_name="B", schema_name="S", level="ordinal"),
        is_trial=False,
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "lowest to the highest" in job.error


def test_the_name_of_a_batch_with_other_work_is_refused(project: Project) -> None:
    make.make_batch(project, list(project.images.all()), name="Experts")
    with pytest.raises(Conflict):
        brought(project, expert_table())


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        ("long_csv", b"a,b\n1,2\n", "rater_id"),
        ("long_csv", b"rater,label\n1,2\n", "item_id"),
        ("label_studio", b'{"no": "list"}', "list of tasks"),
        ("label_studio", b'[{"data": {"text": "x"}, "annotations": [', "breaks off"),
        ("json_lines", b"\n", "no judgments"),
    ],
)
def test_a_file_that_is_none_of_its_kind_is_refused_as_a_whole(
    project: Project, kind: str, content: bytes, told: str
) -> None:
    job = request_judgment_import(
        project=project,
        actor=None,
        file=GivenFile("x", content),
        settings=JudgmentImportSettings(format=kind, batch_name="B", schema_name="S"),
        is_trial=True,
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert told in job.error


def test_a_skip_is_no_rating_and_is_kept_as_a_skipped_image(project: Project) -> None:
    tasks_given = [
        {
            "data": {"image": "/data/upload/1/0a1b2c3d-dog.jpg", "text": "A dog in scene number 1"},
            "annotations": [
                {"completed_by": 3, "result": [], "was_cancelled": True, "lead_time": 2.5},
                {
                    "completed_by": 4,
                    "result": [
                        {
                            "from_name": "grade",
                            "to_name": "image",
                            "type": "rating",
                            "value": {"rating": 4},
                        }
                    ],
                    "was_cancelled": False,
                    "lead_time": 3.25,
                    "created_at": "2024-05-06T07:08:09.123456Z",
                },
            ],
        }
    ]
    row = brought(
        project, json.dumps(tasks_given).encode(), format="label_studio", listed_labels="1\n2\n3\n4"
    )
    assert counts(row) == (1, 0, 0, 1)
    judgment = Judgment.objects.get()
    assert (judgment.label, judgment.duration_ms, judgment.made_at.year) == ("4", 3250, 2024)
    assert Assignment.objects.filter(batch__name="Experts", state="skipped").count() == 1


def test_several_rounds_in_one_file_become_a_batch_each(project: Project) -> None:
    table = b"caption_key,rater,label,round\ndog-1,a,4,first\ndog-1,a,3,second\n"
    row = brought(project, table)
    assert counts(row) == (2, 0, 0, 0)
    assert row.told["batches"] == ["Experts · first", "Experts · second"]


def test_imported_ratings_take_no_image_out_of_the_work_and_make_no_pace(project: Project) -> None:
    brought(project, expert_table())
    assert free_images(project).count() == 2
    assert free_images(project, LabelSchema.objects.get(name="Grades")).count() == 2
    progress = progress_of(project)
    assert (progress.n_people, progress.n_judgments, progress.forecast) == (0, 0, None)
    assert not ImageTally.objects.filter(project=project, n_slots_done__gt=0).exists()


def test_times_that_a_file_tells_are_no_pace_of_this_workspace(project: Project) -> None:
    lines = [line + b",9000" for line in expert_table().splitlines()[1:]]
    brought(project, b"\n".join([b"image_key,caption,rater_id,label,duration_ms", *lines]))
    assert Judgment.objects.filter(duration_ms=9000).count() == 18
    assert project_pace(project) is None


def test_a_batch_of_imported_judgments_stays_closed(project: Project) -> None:
    brought(project, expert_table())
    head = make.add_member(project, Role.HEAD)
    with pytest.raises(Conflict):
        reopen_batch(batch=Batch.objects.get(name="Experts"), actor=head)
    client = Client()
    client.force_login(head)
    page = client.get(reverse("batches", args=[project.slug])).content.decode()
    assert "Experts" in page
    assert "Open again" not in page
