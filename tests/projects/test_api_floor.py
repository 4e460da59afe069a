"""The floor of the API: pages by cursor, keys that make a request safe to repeat, one form of errors, limits."""

from typing import Any

import pytest
from django.test import Client

from annotation.models import Batch
from projects.models import KeptAnswer, Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


class Script:
    """A head annotator's script in a project with five images."""

    def __init__(self) -> None:
        self.project: Project = make.make_project()
        self.person = make.add_member(self.project, Role.HEAD)
        self.images = [make.add_image(self.project) for _ in range(5)]
        self.secret = make.token_of(self.person, self.project)

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        base = f"/api/v1/projects/{self.project.slug}/"
        address = path if path.startswith("http") else base + path
        sent = {"Authorization": f"Bearer {self.secret}", **headers}
        more = {"content_type": "application/json"} if data is not None else {}
        return getattr(Client(), method)(address, data, headers=sent, **more)


@pytest.fixture
def script() -> Script:
    return Script()


BATCH = {"name": "Monday", "n_images": 2}


def test_pages_go_on_after_the_last_row_whatever_comes_meanwhile(script: Script) -> None:
    keys, address = [], "images/?page_size=2"
    while address:
        page = script.ask("get", address).json()
        keys += [row["key"] for row in page["results"]]
        if len(keys) == 2:
            script.images.append(make.add_image(script.project))
        address = page["next"]
    assert keys == [image.key for image in script.images]


@pytest.mark.parametrize("cursor", ["nonsense", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "bz0tMQ=="])
def test_a_cursor_that_was_not_ours_is_no_place(script: Script, cursor: str) -> None:
    assert script.ask("get", f"images/?cursor={cursor}").status_code in {200, 404}


def test_the_same_key_makes_one_batch_and_answers_alike(script: Script) -> None:
    first = script.ask("post", "batches/", BATCH, **{"Idempotency-Key": "k1"})
    second = script.ask("post", "batches/", BATCH, **{"Idempotency-Key": "k1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert Batch.objects.filter(project=script.project).count() == 1


def test_a_key_is_for_one_request_and_free_again_after_a_refusal(script: Script) -> None:
    key = {"Idempotency-Key": "k2"}
    assert (
        script.ask("post", "batches/", {**BATCH, "n_images": 99, "purpose": "calibration"}, **key).status_code
        == 422
    )
    assert script.ask("post", "batches/", BATCH, **key).status_code == 201
    other = script.ask("post", "batches/", {**BATCH, "name": "Tuesday"}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    KeptAnswer.objects.update(status=None)
    waiting = script.ask("post", "batches/", BATCH, **key)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_key_in_work")


def test_every_error_is_a_problem_with_a_code(script: Script) -> None:
    answers = [
        script.ask("get", "images/?state=lost"),
        script.ask("post", "batches/", {"n_images": 0}),
        script.ask("get", "jobs/00000000-0000-0000-0000-000000000000/"),
        script.ask("get", "nowhere/"),
        script.ask("delete", "images/"),
        Client().get("/api/v1/projects/"),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 404, 404, 405, 401]
    for answer in answers:
        assert answer["Content-Type"] == "application/problem+json"
        told = answer.json()
        assert told["status"] == answer.status_code
        assert told["code"]
        assert told["detail"]
    assert {error["field"] for error in answers[1].json()["errors"]} == {"name", "n_images"}


def test_a_token_that_asks_too_often_is_told_when_to_come_again(script: Script, settings: Any) -> None:
    settings.API_REQUESTS_A_MINUTE = 3
    answers = [script.ask("get", "") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 1 <= int(refused[0]["Retry-After"]) <= 60
    assert refused[0].json()["code"] == "throttled"


def test_lists_are_filtered(script: Script) -> None:
    caption = make.add_caption(script.images[0], "A heron in the reeds", source="CC3M")
    make.add_caption(script.images[1], "Nobody at all")
    (row,) = script.ask("get", f"captions/?image={script.images[0].public_id}").json()["results"]
    assert (row["version"], row["text"], row["verdict"]) == (
        str(caption.public_id),
        "A heron in the reeds",
        "not_judged",
    )
    assert len(script.ask("get", "captions/?source=test&in_pool=true").json()["results"]) == 1
    assert script.ask("get", f"captions/{row['id']}/").json() == row


def test_judgments_are_listed_without_who_gave_them_and_exported_as_the_page_does(script: Script) -> None:
    version = make.add_caption(script.images[0])
    batch = make.make_batch(script.project, script.images[:1])
    annotator = make.add_member(script.project)
    make.judge(make.claim(batch, annotator), version, "good")
    answer = script.ask("get", f"judgments/?batch={batch.public_id}&is_current=true")
    (row,) = answer.json()["results"]
    assert (row["label"], row["version"]) == ("good", str(version.public_id))
    assert annotator.username not in answer.content.decode()
    assert str(annotator.public_id) not in answer.content.decode()
    export = script.ask("post", "judgments/export/", {"format": "long_csv"})
    lines = b"".join(export.streaming_content).decode().splitlines()
    assert lines[1].startswith(f"{version.public_id},rater_")
    named = script.ask("post", "judgments/export/", {"names": "usernames"})
    assert named.status_code == 422
