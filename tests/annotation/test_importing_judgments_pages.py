"""Judgments made elsewhere through the pages, and our own files coming back with the same agreement."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from annotation import tasks  # noqa: F401  registers the runner
from annotation.exchange.exporting import ExportFormat, ExportRequest, Which, begin_export
from annotation.exchange.exporting_label_studio import label_studio_file
from annotation.exchange.exporting_tables import json_lines, long_columns, long_rows
from annotation.models import Batch
from polyannot.kernel.tables import safe_cell
from projects.access import Access
from projects.models import Job, Project, Role
from projects.running import run_job
from tests import factories as make
from tests.annotation.agreement_work import computed, work
from tests.annotation.made_elsewhere import brought, counts, expert_table, two_animals

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return two_animals()


def files_of(project: Project, batch: Batch, kind: str) -> bytes:
    """Return an export as another installation would get it."""
    head = make.add_member(project, Role.HEAD)
    request = ExportRequest(format=kind, batch=batch, which=Which.CURRENT, with_edits=True, with_mode=True)
    export = begin_export(access=Access(head, project, Role.HEAD), request=request)
    if kind == ExportFormat.JSON_LINES:
        return "".join(json_lines(export)).encode()
    if kind == ExportFormat.LABEL_STUDIO:
        return "".join(label_studio_file(export, lambda pair: f"/data/{pair.image_key}.jpg")).encode()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(long_columns(request))
    writer.writerows([safe_cell(cell) for cell in row] for row in long_rows(export))
    return out.getvalue().encode()


@pytest.mark.parametrize("kind", ["long_csv", "json_lines", "label_studio"])
def test_what_was_exported_comes_back_with_the_same_agreement(kind: str) -> None:
    project, batch, _annotators = work(
        [
            ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
            ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
            ["good", "good+blue", "bad", "good", "good", "bad", "good", "bad"],
        ]
    )
    schema = project.label_schemas.get()
    content = files_of(project, batch, kind)
    row = brought(
        project, content, format=kind, batch_name="Back", schema=schema, names_hold=False, name=f"back.{kind}"
    )
    assert (counts(row), row.n_edits, row.n_raters) == ((24, 0, 0, 0), 2, 3)
    back = Batch.objects.get(name="Back")
    before, after = computed(project, batch).figures, computed(project, back).figures
    for name, figure in before["coefficients"].items():
        assert after["coefficients"][name]["value"] == figure["value"], name
    assert after["judgments"]["edits"] == before["judgments"]["edits"]
    assert counts(
        brought(project, content, format=kind, batch_name="Back", schema=schema, names_hold=False)
    ) == (0, 24, 0, 0)


def test_the_page_tries_a_file_then_imports_it(project: Project) -> None:
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    file = io.BytesIO(expert_table())
    file.name = "experts.csv"
    asked = {
        "file": file,
        "format": "long_csv",
        "batch_name": "Experts",
        "schema_name": "Grades 1 to 4",
        "level": "ordinal",
        "naming": "names",
        "names_hold": "on",
        "needed": "2",
        "act": "trial",
    }
    answer = client.post(reverse("judgments-import", args=[project.slug]), asked)
    assert answer.status_code == 302
    trial = Job.objects.get(kind="judgments")
    run_job(trial.pk)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Import 18 judgments" in page
    assert "expert 3" in page
    answer = client.post(reverse("judgments-import-for-good", args=[project.slug, trial.public_id]))
    run_job(Job.objects.latest("pk").pk)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Added" in page
    assert reverse("agreement", args=[project.slug]) in page
    assert "experts.csv" in client.get(reverse("judgments-import", args=[project.slug])).content.decode()


def test_the_page_says_what_is_missing(project: Project) -> None:
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    answer = client.post(
        reverse("judgments-import", args=[project.slug]), {"members": "expert 1 = nobody-here"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "nobody-here" in page
    assert "name the new one" in page
