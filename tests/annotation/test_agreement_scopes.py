"""Agreement by scope: a batch, a choice of batches or all of one set of labels; grades get ordinal figures."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.agreement.reports import compute_report, latest_report, request_report
from annotation.agreement.scope import scope_of
from annotation.models import AgreementCell, AgreementReport, Batch, CaptionVersion, CellKind, LabelSchema
from annotation.rules.label_presets import SIMILARITY
from annotation.rules.label_schemas import make_schema
from annotation.working.assigning import claim_assignment
from annotation.working.opening import open_batch
from polyannot.kernel.errors import Invalid
from projects.models import Project, Role
from tests import factories as make
from tests.annotation.agreement_work import computed, work

pytestmark = pytest.mark.django_db


def graded(project: Project, answers: list[list[str]]) -> tuple[LabelSchema, Batch]:
    """Return a set of grades 0 to 5 and a batch in which each list is one annotator's, one caption an image."""
    schema = make_schema(
        project=project,
        name="Grades",
        level="ordinal",
        labels=SIMILARITY,
        allows_edits=False,
        actor=make.add_member(project, Role.ADMIN),
    )
    images = [make.add_image(project) for _ in answers[0]]
    versions = [make.add_caption(image) for image in images]
    batch = open_batch(
        project=project, name="Graded", images=images, overlap=len(answers), actor=None, schema=schema
    )
    for labels in answers:
        annotator = make.add_member(project)
        by_version = dict(zip([version.pk for version in versions], labels, strict=True))
        while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
            version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
            make.judge(assignment, version, by_version[version.pk])
            make.finish(assignment)
    return schema, batch


def signed_in(project: Project) -> Client:
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    return client


def test_grades_have_ordinal_alpha_and_weighted_kappa_and_are_never_mixed_with_other_labels() -> None:
    project, batch, _ = work([["good", "bad", "bad", "good"], ["good", "bad", "good", "bad"]])
    schema, grades = graded(project, [["0", "3", "5", "4", "2"], ["1", "3", "5", "5", "0"]])
    with pytest.raises(Invalid, match="different labels"):
        scope_of(project, batches=[batch, grades])
    row = compute_report(request_report(project=project, schema=schema, asked_by=None, replicates=100))
    assert (row.schema, row.n_items, row.n_raters) == (schema, 5, 2)
    assert row.figures["primary"] == "krippendorff_alpha_ordinal"
    assert row.figures["parameters"]["categories"] == ["0", "1", "2", "3", "4", "5"]
    assert row.figures["coefficients"]["cohen_kappa_quadratic"]["value"] == pytest.approx(0.83146, abs=1e-5)
    assert row.figures["pairs"][0]["weighted_kappa"] == pytest.approx(0.83146, abs=1e-5)
    text = (
        signed_in(project)
        .get(reverse("agreement", args=[project.slug]), {"schema": str(schema.public_id)})
        .content.decode()
    )
    assert "Krippendorff&#x27;s alpha, ordinal" in text
    assert "Cohen&#x27;s kappa, quadratic weights" in text
    assert "The same" in text
    assert "kappa with quadratic weights" in text
    assert "positive agreement" not in text
    imp = scope_of(project)
    assert imp is not None
    assert latest_report(imp) is None


def test_a_choice_of_batches_is_a_scope_of_its_own_with_a_trend_over_them() -> None:
    project, first, annotators = work([["good", "bad"] * 6, ["good", "good"] * 6])
    images = [make.add_image(project) for _ in range(4)]
    versions = [make.add_caption(image) for image in images]
    second = make.make_batch(project, images, name="Later")
    for annotator in annotators:
        for _ in images:
            assignment = make.claim(second, annotator)
            for version in versions:
                if version.pk in assignment.version_ids:
                    make.judge(assignment, version, "good" if version.pk % 2 else "bad")
            make.finish(assignment)
    computed(project, first)
    job = request_report(project=project, batches=[second, first], asked_by=None, replicates=200)
    row = compute_report(job)
    assert row.batch is None
    assert set(row.batches.all()) == {first, second}
    points = row.figures["trend"]["batch"]
    assert [point["period"] for point in points] == [str(first.public_id), str(second.public_id)]
    assert [point["coefficients"][0]["value"] for point in points] == [0.5, 1.0]
    assert points[0]["coefficients"][0]["intervals"][0]["replicates"] == 100
    client = signed_in(project)
    chosen = {"batches": [str(first.public_id), str(second.public_id)]}
    text = client.get(reverse("agreement", args=[project.slug]), chosen).content.decode()
    assert "2 batches chosen" in text
    assert "Later" in text
    assert 'role="img" aria-label="2 periods' in text
    answer = client.get(reverse("agreement-trend-csv", args=[project.slug, row.public_id]))
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert len(rows) == 6
    assert (rows[0]["name"], rows[0]["coefficient"], rows[0]["value"], rows[0]["items"]) == (
        first.name,
        "Raw agreement",
        "0.5",
        "12",
    )
    period = {"report": str(row.public_id), "period": str(first.public_id)}
    listed = client.get(reverse("agreement-pairs", args=[project.slug]), period).content.decode()
    assert "6 captions in the report" in listed


@pytest.fixture
def three() -> dict[str, Any]:
    """Return a computed report of three annotators, of whom one often differs."""
    answers = [["good", "bad", "good", "good"] * 6, ["good", "bad", "good", "good"] * 6, ["bad", "good"] * 12]
    project, batch, annotators = work(answers, captions=2)
    return {
        "project": project,
        "annotators": annotators,
        "report": computed(project, batch),
        "client": signed_in(project),
    }


def test_cells_that_differ_are_marked_with_the_rate_and_the_test(three: dict[str, Any]) -> None:
    report: AgreementReport = three["report"]
    tests = {frozenset((pair["first"], pair["second"])): pair["test"] for pair in report.figures["pairs"]}
    alike = frozenset(str(person.public_id) for person in three["annotators"][:2])
    assert tests[alike]["differs"] == "more"
    assert {test["differs"] for pair, test in tests.items() if pair != alike} == {"less"}
    assert report.figures["pair_test"]["false_discovery_rate"] == 0.05
    text = three["client"].get(reverse("agreement", args=[three["project"].slug])).content.decode()
    assert "No report yet" in text
    chosen = {"batches": str(report.batches.get().public_id)}
    text = three["client"].get(reverse("agreement", args=[three["project"].slug]), chosen).content.decode()
    assert "false discovery rate of 5% over 3 cells" in text
    assert "▼" in text
    assert "Shrunken" in text


def test_the_row_of_an_annotator_leads_to_where_most_others_said_otherwise(three: dict[str, Any]) -> None:
    who = three["annotators"][2]
    cell = AgreementCell.objects.get(report=three["report"], kind=CellKind.MAJORITY, first=who)
    row = next(each for each in three["report"].figures["annotators"] if each["rater"] == str(who.public_id))
    assert cell.n_items == row["compared"] - row["agreed"] == 18
    query = {"report": three["report"].public_id, "first": who.public_id, "which": "majority"}
    text = (
        three["client"].get(reverse("agreement-pairs", args=[three["project"].slug]), query).content.decode()
    )
    assert "18 captions in the report" in text


def test_the_pages_of_pairs_ask_few_questions_of_the_database(
    three: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    query = {"report": three["report"].public_id}
    with django_assert_max_num_queries(20):
        three["client"].get(reverse("agreement-pairs", args=[three["project"].slug]), query)


def test_a_report_of_another_project_is_not_shown(three: dict[str, Any]) -> None:
    other = make.make_project()
    query = {"report": three["report"].public_id}
    text = signed_in(other).get(reverse("agreement-pairs", args=[other.slug]), query).content.decode()
    assert "No report yet" in text
