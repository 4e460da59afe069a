"""Agreement reports: which judgments enter, what is left out and counted, and what is stored."""

from typing import Any

import pytest

from annotation.agreement.ratings import AFTER_EDIT, read_judgments
from annotation.agreement.reports import completed_agreement, compute_report, request_report
from annotation.agreement.scope import scope_of
from annotation.models import AgreementReport, CaptionVersion
from annotation.models.reviews import ReviewDraw
from annotation.review.reviewing import open_round, return_item
from annotation.review.revising import mark_feedback_seen, revise_judgment
from annotation.working.judging import record_judgment
from polyannot.kernel.errors import Invalid
from projects.models import Role
from projects.running import run_job
from tests import factories as make
from tests.annotation.agreement_work import computed, work

pytestmark = pytest.mark.django_db


def test_two_annotators_get_raw_agreement_kappa_and_intervals_over_images() -> None:
    project, batch, _ = work([["good", "good", "bad", "bad"] * 3, ["good", "bad", "bad", "bad"] * 3])
    row = computed(project, batch, outcome="labels")
    found = row.figures["coefficients"]
    assert (row.n_items, row.n_ratings, row.n_raters) == (12, 24, 2)
    assert found["raw_agreement"]["value"] == pytest.approx(0.75)
    assert found["cohen_kappa"]["value"] == pytest.approx(0.5)
    assert found["raw_agreement"]["intervals"][0]["method"] == "percentile bootstrap over clusters"
    assert found["raw_agreement"]["intervals"][0]["seed"] == 20_240_501


def test_an_edited_good_is_an_outcome_of_its_own_and_a_good_where_labels_alone_were_asked_for() -> None:
    project, batch, _ = work([["good+red", "good", "bad", "unsure"], ["good", "good", "bad", "unsure"]])
    with_edits = computed(project, batch).figures
    assert with_edits["coefficients"]["raw_agreement"]["value"] == pytest.approx(0.75)
    assert {row["label"]: row["ratings"] for row in with_edits["prevalence"]}[AFTER_EDIT] == 1
    assert with_edits["judgments"]["other_outcome"]["coefficients"]["raw_agreement"]["value"] == 1.0
    assert computed(project, batch, outcome="labels").figures["coefficients"]["raw_agreement"]["value"] == 1.0


def test_edits_are_compared_by_whether_kinds_and_text() -> None:
    project, batch, _ = work(
        [["good+red", "good+red", "good", "bad"], ["good+red", "good+blue", "good", "bad"]]
    )
    edits = computed(project, batch).figures["judgments"]["edits"]
    assert (edits["both_edited"]["agreed"], edits["both_edited"]["pairs"]) == (2, 2)
    assert (edits["same_kinds"]["agreed"], edits["same_kinds"]["pairs"]) == (2, 2)
    assert (edits["same_text"]["agreed"], edits["same_text"]["pairs"]) == (1, 2)
    assert (edits["final_text"]["agreed"], edits["final_text"]["pairs"]) == (2, 3)


def test_mark_the_rest_bad_stays_out_and_is_counted() -> None:
    project, batch, annotators = work([["good", "bad", "bad", "good"], ["good", "bad", "bad", "bad"]])
    assignment = annotators[0].assignments.get()
    version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
    record_judgment(
        assignment=assignment, annotator=annotators[0], given=make.given(version, "bad", mode="rest_bad")
    )
    row = computed(project, batch)
    assert row.figures["judgments"]["left_out"] == {"rest_bad": 1}
    assert row.n_ratings == 7


def test_a_revision_after_feedback_counts_as_the_judgment_before_it() -> None:
    project, batch, annotators = work([["good", "good", "bad", "bad"], ["bad", "good", "bad", "bad"]])
    head = make.add_member(project, Role.HEAD)
    review = open_round(batch=batch, head=head, draw=ReviewDraw.RANDOM)
    item = review.items.get(judgment__annotator=annotators[1], judgment__shown_position=0)
    before = computed(project, batch).figures["coefficients"]["raw_agreement"]["value"]
    return_item(item=item, head=head, comment="Look again.")
    other = "good" if item.judgment.label == "bad" else "bad"
    revise_judgment(item=item, annotator=annotators[1], given=make.given(item.judgment.version, other))
    after = computed(project, batch, seed=2)
    assert after.figures["coefficients"]["raw_agreement"]["value"] == before
    assert after.figures["judgments"]["left_out"] == {"revision": 1}
    assert after.n_ratings == 8


@pytest.mark.parametrize("answers_first", [True, False])
def test_a_change_in_the_workspace_after_feedback_is_no_independent_rating(*, answers_first: bool) -> None:
    project, batch, annotators = work([["good", "good", "bad", "bad"], ["bad", "good", "bad", "bad"]])
    head = make.add_member(project, Role.HEAD)
    review = open_round(batch=batch, head=head, draw=ReviewDraw.RANDOM)
    item = review.items.get(judgment__annotator=annotators[1], judgment__shown_position=0)
    before = computed(project, batch).figures["coefficients"]["raw_agreement"]["value"]
    return_item(item=item, head=head, comment="Look again.")
    mark_feedback_seen(project=project, annotator=annotators[1])
    version, other = item.judgment.version, "good" if item.judgment.label == "bad" else "bad"
    if answers_first:
        revise_judgment(item=item, annotator=annotators[1], given=make.given(version, item.judgment.label))
    make.judge(item.judgment.assignment, version, other)
    after = computed(project, batch, seed=2)
    assert after.figures["coefficients"]["raw_agreement"]["value"] == before
    assert after.figures["judgments"]["left_out"] == {"revision": 1}


def test_ratings_that_do_not_vary_give_undefined_with_the_reason() -> None:
    project, batch, _ = work([["good"] * 4, ["good"] * 4])
    found = computed(project, batch).figures["coefficients"]
    assert found["raw_agreement"]["value"] == 1.0
    assert found["krippendorff_alpha_nominal"]["value"] is None
    assert "no variation" in found["krippendorff_alpha_nominal"]["reason"]


def test_nothing_judged_is_a_report_that_says_so() -> None:
    project = make.make_project()
    row = computed(project)
    assert row.n_ratings == 0
    assert row.figures["coefficients"]["raw_agreement"]["reason"] == "no ratings"


def test_names_and_row_ids_are_not_in_the_stored_report() -> None:
    project, batch, annotators = work([["good", "bad", "bad", "good"], ["good", "bad", "good", "bad"]])
    figures = computed(project, batch).figures
    people = {str(annotator.public_id) for annotator in annotators}
    assert {row["rater"] for row in figures["annotators"]} == people
    assert {figures["confusion"]["row_rater"], figures["confusion"]["column_rater"]} == people
    assert set(figures["judgments"]["paces"]) == people
    versions = {str(pk) for pk in CaptionVersion.objects.values_list("public_id", flat=True)}
    assert {row["item"] for row in figures["hardest"]} <= versions


def test_the_job_runs_to_its_end_and_running_it_again_keeps_one_row() -> None:
    project, batch, _ = work([["good", "bad", "bad", "good"], ["good", "bad", "good", "bad"]])
    job = request_report(project=project, batches=[batch], asked_by=None, replicates=100)
    from annotation import tasks  # noqa: F401  registers the runner

    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    assert job.result["items"] == 4
    compute_report(job)
    assert AgreementReport.objects.filter(job=job).count() == 1


@pytest.mark.parametrize(
    "parameters",
    [
        {"unsure": "maybe"},
        {"outcome": "text"},
        {"replicates": 5},
        {"seed": -1},
        {"shape": "round"},
        {"unsure": "ordinal", "outcome": "with_edits"},
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        completed_agreement(parameters)


def test_all_batches_together_and_one_alone_differ_in_what_they_read() -> None:
    project, batch, annotators = work([["good", "bad", "bad", "good"], ["good", "bad", "good", "bad"]])
    image = make.add_image(project)
    version = make.add_caption(image)
    other = make.make_batch(project, [image])
    make.judge(make.claim(other, annotators[0]), version, "good")
    alone, together = scope_of(project, batches=[batch]), scope_of(project)
    assert alone is not None
    assert together is not None
    assert (len(read_judgments(alone).versions), len(read_judgments(together).versions)) == (8, 9)
    chosen = scope_of(project, batches=[other, batch])
    assert chosen is not None
    assert len(read_judgments(chosen).versions) == 9
    assert len({alone.key, together.key, chosen.key}) == 3
