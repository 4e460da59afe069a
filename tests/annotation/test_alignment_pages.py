"""The page of alignments: before and after with intervals and n, the table, and what can be asked for there."""

import csv
import uuid

import pytest
from django.test import Client

from annotation.models import AlignmentRun
from projects import queue
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from projects.storage import store_bytes
from tests.alignments import alignment_config
from tests.factories import add_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


def signed_in(project: Project, role: str = Role.RESEARCHER) -> Client:
    client = Client()
    client.force_login(add_member(project, role))
    return client


def an_alignment(project: Project) -> AlignmentRun:
    job = Job.objects.create(
        project=project, kind="alignment", queue="gpu", fingerprint=uuid.uuid4().hex, state=JobState.DONE
    )
    weights = store_bytes(b"weights", media_type="application/octet-stream")
    return AlignmentRun.objects.create(project=project, job=job, weights=weights, config=alignment_config())


def test_the_page_tells_before_and_after_with_n_and_intervals() -> None:
    run = an_alignment(make_project())
    answer = signed_in(run.project).get(f"/p/{run.project.slug}/difficulty/alignment/")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "frozen text tower with 2 layers appended, with paraphrase losses" in text
    assert "180 captions of 36 images, 3 epochs" in text
    assert "1 image could not be read" in text
    assert "20 captions of 4 other images, 40 pairs" in text
    assert "+1.2 points (+0.5 to +2.0)" in text
    assert run.encoder_name in text


def test_overlaps_that_are_undefined_are_left_out_and_an_interval_that_says_nothing_too() -> None:
    run = an_alignment(make_project())
    for part in ("before", "after"):
        del run.config[part]["JS@10"]
        run.config[part]["AO@10"]["interval"] = None
    run.config["change"]["AO@10"]["interval"] = None
    run.save()
    client, address = signed_in(run.project), f"/p/{run.project.slug}/difficulty/alignment/"
    assert "+1.2 points over the same pairs, of too few images for an interval" in client.get(address).text
    rows = b"".join(client.get(f"{address}{run.public_id}/figures.csv")).decode("utf-8-sig").splitlines()
    assert len(rows) == 1 + 14
    for part in ("before", "after"):
        del run.config[part]["AO@10"]
    run.config["change"] = {}
    run.save()
    assert "0 pairs of captions" in client.get(address).text


def test_the_table_holds_every_figure_with_its_interval_and_n() -> None:
    run = an_alignment(make_project())
    answer = signed_in(run.project).get(
        f"/p/{run.project.slug}/difficulty/alignment/{run.public_id}/figures.csv"
    )
    rows = list(csv.DictReader(b"".join(answer).decode("utf-8-sig").splitlines()))
    assert len(rows) == 16
    first = next(row for row in rows if row["part"] == "after" and row["figure"] == "AO@10")
    assert (first["value"], first["low"], first["high"], first["n"]) == ("31.25", "30.25", "32.25", "40")
    other = signed_in(make_project())
    assert other.get(answer.request["PATH_INFO"]).status_code in {403, 404}


def test_an_alignment_is_asked_for_and_a_wrong_variant_is_refused_with_what_was_typed() -> None:
    project = make_project()
    client = signed_in(project)
    address = f"/p/{project.slug}/difficulty/alignment/run/"
    asked = {
        "base": "shipped:lite2",
        "layers": "2",
        "text_tower": "frozen",
        "losses": "paraphrases",
        "epochs": 4,
        "seed": 9,
    }
    assert client.post(address, asked | {"text_tower": "finetuned"}).status_code == 422
    assert not Job.objects.filter(kind="alignment").exists()
    assert client.post(address, asked).status_code == 302
    job = Job.objects.get(kind="alignment")
    assert (job.seed, job.parameters["layers"], job.parameters["epochs"]) == (9, 2, 4)
    assert signed_in(project, Role.ANNOTATOR).post(address, asked).status_code in {403, 404}
