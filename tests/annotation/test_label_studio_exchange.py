"""Files of a real Label Studio, and what it took from us: tests/fixtures/label_studio/README.md says how they came."""

import json
from pathlib import Path

import pytest

from annotation import tasks  # noqa: F401  registers the runner
from annotation.exchange.exporting_label_studio import labeling_config
from annotation.exchange.importing_judgments import JudgmentImportSettings, request_judgment_import
from annotation.exchange.told_raters import shown_raters
from annotation.importing.requesting import GivenFile
from annotation.models import Assignment, CaptionVersion, Judgment, JudgmentImport
from projects.models import Project
from projects.running import run_job
from tests import factories as make
from tests.annotation.agreement_work import computed

FILES = Path(__file__).parents[1] / "fixtures" / "label_studio"

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Return the project that the tasks were made from, as another installation would have it."""
    made = make.make_project()
    for name in ("dog", "cat"):
        image = make.add_image(made, name)
        for number in (1, 2, 3):
            make.add_caption(image, f"A {name} in scene number {number}", key=f"{name}-{number}")
    return made


def brought(project: Project, name: str, *, content: bytes | None = None) -> JudgmentImport:
    settings = JudgmentImportSettings(
        format="label_studio", batch_name=name, schema=project.label_schemas.get(), names_hold=False
    )
    file = GivenFile(name, content if content is not None else (FILES / name).read_bytes())
    job = request_judgment_import(project=project, actor=None, file=file, settings=settings, is_trial=False)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return JudgmentImport.objects.get(job=job)


def test_a_real_export_comes_in_with_choices_edits_and_skips(project: Project) -> None:
    row = brought(project, "export.json")
    assert (row.n_rows, row.n_new, row.n_refused, row.n_skips) == (11, 10, 0, 1)
    assert (row.n_edits, row.n_raters, row.n_captions) == (2, 2, 0)
    edits = CaptionVersion.objects.filter(project=project, state="proposed").order_by("text")
    assert [(edit.text, edit.kinds) for edit in edits] == [
        ("A cat in scene number 1 at night", ["location"]),
        ("A large dog in scene number 2", ["object_name", "other"]),
    ]
    first = Judgment.objects.filter(caption__key="dog-1").order_by("pk").first()
    assert first is not None
    assert (first.label, first.meaning, first.mode, first.duration_ms) == ("good", "good", "imported", 11200)
    assert not Assignment.objects.filter(project=project, state="skipped").exists()
    report = computed(project, first.batch, outcome="labels")
    assert (report.n_items, report.n_ratings, report.n_raters) == (6, 10, 2)
    again = brought(project, "export.json")
    assert (again.n_new, again.n_there, again.n_edits) == (0, 10, 0)


def test_our_tasks_come_back_from_label_studio_with_our_raters(project: Project) -> None:
    """Label Studio has one account for all imported annotations; who judged comes back in `meta`."""
    row = brought(project, "export_of_our_tasks.json")
    assert (row.n_rows, row.n_new, row.n_refused, row.n_skips) == (13, 12, 0, 1)
    assert {rater["shown"] for rater in shown_raters(row)} >= {"rater_01", "rater_02"}
    straight = brought(project, "tasks.json")
    assert (straight.n_new, straight.n_refused) == (12, 0)
    first, second = (
        sorted(
            Judgment.objects.filter(batch__name=name).values_list(
                "caption__key", "annotator__display_name", "label"
            )
        )
        for name in ("export_of_our_tasks.json", "tasks.json")
    )
    assert first == second


def test_the_config_that_label_studio_took_is_the_one_we_write(project: Project) -> None:
    assert labeling_config(project.label_schemas.get()) == (FILES / "config.xml").read_text()


def test_a_list_of_thousands_of_tasks_is_read_one_by_one(project: Project) -> None:
    """The pieces that are read end anywhere: in a word, in a letter of several bytes."""
    real = json.loads((FILES / "export.json").read_text())
    many = [{**real[0], "meta": {"filling": "ä" * 997}} for _copy in range(2500)]
    row = brought(project, "many.json", content=json.dumps(many, ensure_ascii=False).encode())
    assert (row.n_new, row.n_there) == (2, 4998)
