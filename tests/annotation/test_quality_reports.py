"""Whether feedback helped, on fresh calibration sets alone; control charts that lead to judgments."""

import csv
import io
import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from annotation import tasks  # noqa: F401  registers the runners
from annotation.models import Batch, CaptionVersion, Image, QualityKind, QualityReport
from annotation.quality.reports import DRIFT, FEEDBACK, request_quality
from annotation.review.reviewing import open_round, return_item
from annotation.working.assigning import claim_assignment
from annotation.working.judging import record_judgment
from annotation.working.opening import open_batch, open_calibration
from projects.models import Job, Project, Role
from projects.running import run_job
from tests import factories as make

pytestmark = pytest.mark.django_db


def judged(batch: Batch, people: list[User], care: float, rng: random.Random, *, days_ago: int = 0) -> None:
    """Let everybody judge every image of the batch: with this chance the truth, else either label."""
    for person in people:
        while (assignment := claim_assignment(batch=batch, annotator=person)) is not None:
            for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                truth = "good" if version.pk % 3 else "bad"
                label = truth if rng.random() < care else rng.choice(["good", "bad"])
                made_at = timezone.now() - timedelta(days=days_ago)
                sent = make.given(version, label, made_at=made_at)
                record_judgment(assignment=assignment, annotator=person, given=sent)
            make.finish(assignment)


def stocked(n_images: int, captions: int = 3) -> tuple[Project, list[User], User, list[Image]]:
    project = make.make_project()
    people = [make.add_member(project) for _ in range(3)]
    head = make.add_member(project, Role.HEAD)
    images = [make.add_image(project) for _ in range(n_images)]
    for image in images:
        for rank in range(captions):
            make.add_caption(image, pool_rank=rank)
    return project, people, head, images


def computed(project: Project, kind: str, **parameters: Any) -> QualityReport:
    job = request_quality(project=project, kind=kind, asked_by=None, **parameters)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return QualityReport.objects.get(job=job)


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def helped() -> dict[str, Any]:
    """Return a project with a careless calibration set, feedback, and a careful one on fresh images."""
    project, people, head, _images = stocked(24)
    rng = random.Random(1)
    first = open_calibration(project=project, name="Before", n_images=12, actor=head, seed=1)
    judged(first, people, 0.35, rng)
    review = open_round(batch=first, head=head, draw="random")
    return_item(item=review.items.all()[0], head=head, comment="Look at the colours.")
    second = open_calibration(project=project, name="After", n_images=12, actor=head, seed=2)
    judged(second, people, 0.98, rng)
    return {"project": project, "head": head, "sets": [first, second], "people": people}


def test_agreement_on_fresh_sets_is_compared_with_what_came_between(helped: dict[str, Any]) -> None:
    row = computed(helped["project"], FEEDBACK, replicates=300)
    figures = row.figures
    assert [each["name"] for each in figures["sets"]] == ["Before", "After"]
    assert [each["images"] for each in figures["sets"]] == [12, 12]
    assert [each["left_out_images"] for each in figures["sets"]] == [0, 0]
    (between,) = figures["between"]
    assert (between["rounds"][0]["returned"], between["rounds"][0]["batch"]) == (1, "Before")
    alpha = next(each for each in figures["changes"] if each["key"].startswith("krippendorff"))
    assert alpha["difference"] > 0.2
    assert alpha["interval"]["low"] > 0
    assert alpha["interval"]["seed"] == 20_240_501
    client = client_of(helped["head"])
    text = client.get(reverse("quality-feedback", args=[helped["project"].slug])).content.decode()
    for told in (
        "From Before to After: higher than before",
        "1 of 108 returned",
        "Why returned captions do not count",
    ):
        assert told in text
    told = client.get(
        reverse("quality-feedback", args=[helped["project"].slug]), headers={"accept": "application/json"}
    ).json()
    assert (told["labels"], told["judgments"], told["changes"]) == ("IMP", 216, figures["changes"])
    answer = client.get(reverse("quality-feedback-csv", args=[helped["project"].slug]))
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [each["earlier"] for each in rows] == ["Before"] * 3
    assert float(rows[1]["difference"]) == pytest.approx(alpha["difference"])


def test_images_that_somebody_had_judged_before_the_set_was_opened_do_not_count() -> None:
    project, people, head, images = stocked(8)
    rng = random.Random(2)
    early = open_batch(project=project, name="Production", images=images[:2], overlap=3, actor=head)
    judged(early, people, 0.9, rng, days_ago=1)
    stale = open_batch(
        project=project, name="Stale", images=images[:6], overlap=3, actor=head, purpose="calibration"
    )
    judged(stale, people, 0.9, rng)
    (only,) = computed(project, FEEDBACK, replicates=100).figures["sets"]
    assert (only["images"], only["left_out_images"], only["judgments"]) == (4, 2, 36)
    text = client_of(head).get(reverse("quality-feedback", args=[project.slug])).content.decode()
    assert "1 calibration set has judgments on fresh images" in text


@pytest.fixture
def drifting() -> dict[str, Any]:
    """Return a project in which one of three annotators begins to say good to everything."""
    project, people, head, images = stocked(90, captions=2)
    rng = random.Random(3)
    parts = [images[:60], images[60:]]
    for number, part in enumerate(parts):
        batch = make.make_batch(project, part, overlap=3, name=f"Part {number}")
        judged(batch, people[:2], 0.95, rng)
        while (assignment := claim_assignment(batch=batch, annotator=people[2])) is not None:
            for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                truth = "good" if version.pk % 3 else "bad"
                make.judge(assignment, version, "bad" if number else truth)
            make.finish(assignment)
    return {"project": project, "head": head, "people": people, "report": computed(project, DRIFT, block=20)}


def test_a_change_gives_a_signal_that_leads_to_its_judgments(drifting: dict[str, Any]) -> None:
    stored = drifting["report"].figures["annotators"]
    changed, steady = (str(person.public_id) for person in (drifting["people"][2], drifting["people"][0]))
    assert stored[changed]["good"]["n_signals"] >= 1
    assert stored[changed]["majority"]["n_signals"] >= 1
    assert stored[steady]["good"]["n_signals"] == 0
    block = next(each for each in stored[changed]["good"]["blocks"] if each["signal"])
    assert block["signal"] == "below"
    assert len(block["versions"]) == block["answers"]
    client, slug = client_of(drifting["head"]), drifting["project"].slug
    text = client.get(reverse("drift", args=[slug]), {"annotator": changed}).content.decode()
    assert "at most 0.5% of blocks fall outside their limits: one in 200" in text
    assert "below its limits" in text
    assert "a reason to look, no verdict on a person" in text
    query = {
        "report": drifting["report"].public_id,
        "annotator": changed,
        "measure": "good",
        "block": block["number"],
    }
    listed = client.get(reverse("drift-judgments", args=[slug]), query).content.decode()
    assert listed.count('class="row--pictured"') == block["answers"]
    rows = list(
        csv.DictReader(io.StringIO(client.get(reverse("drift-csv", args=[slug])).getvalue().decode()))
    )
    assert {row["annotator"] for row in rows} == set(stored)


def test_annotators_see_their_own_charts_and_nobody_elses(drifting: dict[str, Any]) -> None:
    slug, person = drifting["project"].slug, drifting["people"][2]
    client = client_of(person)
    text = client.get(reverse("my-charts", args=[slug])).content.decode()
    assert "below its limits" in text
    assert "Look at its judgments" not in text
    assert text.count("<figure") == 3
    assert client.get(reverse("drift", args=[slug])).status_code == 403
    query = {"report": drifting["report"].public_id}
    assert client.get(reverse("drift-judgments", args=[slug]), query).status_code == 403


def test_a_report_that_is_none_of_this_project_is_missing(drifting: dict[str, Any]) -> None:
    client, slug = client_of(drifting["head"]), drifting["project"].slug
    for name in ("", "nonsense", "00000000-0000-0000-0000-000000000000"):
        assert client.get(reverse("drift-judgments", args=[slug]), {"report": name}).status_code == 404


def test_pages_say_what_to_do_before_anything_is_computed_and_asking_twice_is_one_job() -> None:
    project, _people, head, _images = stocked(1)
    client = client_of(head)
    for name, told in (
        ("quality-feedback", "open another with fresh images"),
        ("drift", "three blocks of 50"),
    ):
        assert told in client.get(reverse(name, args=[project.slug])).content.decode()
        for _time in range(2):
            answer = client.post(reverse(f"{name}-compute", args=[project.slug]))
            assert answer.status_code == 302
        assert "hx-get" in client.get(reverse(name, args=[project.slug])).content.decode()
    assert Job.objects.filter(project=project).count() == 2
    assert not QualityReport.objects.filter(kind=QualityKind.DRIFT).exists()
