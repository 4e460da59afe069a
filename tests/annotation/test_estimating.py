"""Estimated labels: stored beside the verdict, hidden where ratings are few, leading to pairs."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from annotation import tasks
from annotation.agreement.scope import Scope, scope_of
from annotation.models import Batch, LabelEstimateRun
from annotation.progress.verdicts import Verdict
from annotation.quality.estimate_showing import estimates_listed
from annotation.quality.estimating import completed_estimates, request_estimates
from annotation.review.adjudicating import adjudicate
from polyannot.kernel.errors import Invalid
from projects.models import Project, Role
from projects.running import run_job
from tests import factories as make
from tests.annotation.agreement_work import work

pytestmark = pytest.mark.django_db

# Four careful annotators, and one who mixes things up; the last caption is a tie of two to two.
ANSWERS = [
    ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
    ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
    ["good", "good", "bad", "bad", "good", "bad", "good", "bad"],
    ["bad", "bad", "good", "good", "bad", "good", "bad", "bad"],
]


def scope(project: Project, batch: Batch) -> Scope:
    found = scope_of(project, batches=[batch])
    assert found is not None
    return found


def estimated(project: Project, batch: Batch, **settings: str) -> LabelEstimateRun:
    job = request_estimates(scope=scope(project, batch), asked_by=None, **settings)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return LabelEstimateRun.objects.get(job=job)


def test_each_caption_gets_its_most_probable_label_beside_what_most_answered() -> None:
    project, batch, _annotators = work(ANSWERS)
    run = estimated(project, batch, outcome="labels")
    assert (run.n_items, run.n_sparse, run.n_ratings, run.n_raters) == (8, 0, 32, 4)
    rows = list(run.estimates.order_by("version"))
    assert [row.label for row in rows] == ["good", "good", "bad", "bad", "good", "bad", "good", "good"]
    assert [row.majority for row in rows] == [*(row.label for row in rows[:-1]), ""]
    assert (rows[0].n_majority, rows[0].n_ratings) == (3, 4)
    assert all(row.probability > 0.9 for row in rows[:-1])


def test_the_turned_annotator_is_seen_for_what_they_are_and_named_by_public_id() -> None:
    project, batch, annotators = work(ANSWERS)
    run = estimated(project, batch, outcome="labels")
    raters = {row["rater"]: row for row in run.figures["raters"]}
    turned = raters[str(annotators[3].public_id)]
    assert turned["right"] < 0.2
    assert turned["n"] == 8
    assert turned["low"] <= turned["right"] <= turned["high"]
    assert run.figures["has_converged"]


def test_captions_with_fewer_than_three_answers_take_no_part_and_are_counted() -> None:
    project, batch, _annotators = work(ANSWERS[:2])
    run = estimated(project, batch)
    assert (run.n_items, run.n_sparse) == (0, 8)
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    address = reverse("agreement-estimates", args=[project.slug])
    page = client.get(address, {"batches": str(batch.public_id)}).content.decode()
    assert "No caption has 3 answers yet (8 have fewer)" in page


def test_unsure_is_no_answer_unless_it_is_declared_one() -> None:
    project, batch, _annotators = work([["good", "unsure", "bad", "bad"]] * 3)
    assert (estimated(project, batch).n_items, estimated(project, batch, unsure="nominal").n_items) == (3, 4)


def test_an_edited_good_is_an_answer_of_its_own() -> None:
    project, batch, _annotators = work([["good+red", "good", "bad", "bad"]] * 3)
    labels = dict(estimated(project, batch).estimates.values_list("version__caption__pk", "label"))
    assert sorted(labels.values()) == ["bad", "bad", "good", "good_after_edit"]


def test_the_lists_lead_to_pairs_and_no_verdict_changes() -> None:
    project, batch, _annotators = work(ANSWERS)
    run = estimated(project, batch, outcome="labels")
    assert [row.majority for row in estimates_listed(run, "majority")] == [""]
    assert estimates_listed(run, "open").count() == 8
    assert estimates_listed(run, "verdict").count() == 0
    last = run.estimates.order_by("version").last()
    assert last is not None
    adjudicate(version=last.version, head=make.add_member(project, Role.HEAD), label="bad")
    assert [row.pk for row in estimates_listed(run, "verdict")] == [last.pk]
    assert last.version.tally.verdict == Verdict.BAD


def test_running_the_job_again_keeps_one_run() -> None:
    project, batch, _annotators = work(ANSWERS)
    run = estimated(project, batch)
    tasks.RUNNERS["label_estimates"].run(run.job, run.job.chunks.get()) if hasattr(tasks, "RUNNERS") else None
    assert LabelEstimateRun.objects.count() == 1
    assert run.estimates.count() == 8


def test_the_page_asks_for_estimates_and_shows_them_with_their_files() -> None:
    project, batch, annotators = work(ANSWERS)
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    address = reverse("agreement-estimates", args=[project.slug])
    assert "Nothing estimated yet" in client.get(address).content.decode()
    asked = {"outcome": "labels", "unsure": "missing", "batches": str(batch.public_id)}
    answer = client.post(reverse("agreement-estimates-compute", args=[project.slug]), asked)
    assert answer.status_code == 302
    run_job(project.jobs.latest("pk").pk)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "a tie: 2 of 4 answers for each" in page
    assert str(annotators[3]) in page
    run = LabelEstimateRun.objects.get()
    files = [
        reverse(f"agreement-estimates-{kind}", args=[project.slug, run.public_id]) for kind in ("csv", "json")
    ]
    rows = list(csv.DictReader(io.StringIO(client.get(files[0]).getvalue().decode())))
    assert (len(rows), rows[0]["estimated_label"]) == (8, "good")
    told = client.get(files[1]).json()
    assert (told["items"], told["code_version"]) == (8, "measures.dawid_skene 1")


def test_annotators_and_researchers_see_no_estimates() -> None:
    project, _batch, annotators = work(ANSWERS)
    for person in (annotators[0], make.add_member(project, Role.RESEARCHER)):
        client = Client()
        client.force_login(person)
        assert client.get(reverse("agreement-estimates", args=[project.slug])).status_code == 403


@pytest.mark.parametrize("parameters", [{"unsure": "ordinal"}, {"outcome": "text"}, {"shape": "round"}])
def test_parameters_that_make_no_sense_are_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        completed_estimates(parameters)
