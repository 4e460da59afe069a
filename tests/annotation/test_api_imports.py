"""Judgments and captions through the API: tried, brought in for good, refused by file and line, by the page's roles."""

import io
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from annotation.models import Batch, LabelSchema
from projects.models import Job, Project, Role, Scope
from projects.running import run_job
from tests import factories as make
from tests.annotation.made_elsewhere import expert_table, two_animals
from tests.asking_api import address, headers, send

pytestmark = pytest.mark.django_db

PATH = "judgments/imports/"
GIVEN = {"batch_name": "Experts", "schema_name": "Grades 1 to 4"}


@pytest.fixture
def project() -> Project:
    return two_animals()


def sent(person: User, project: Project, content: bytes, *scopes: str, **given: Any) -> Any:
    return sent_with(headers(person, project, *scopes), project, content, **given)


def sent_with(head: dict[str, str], project: Project, content: bytes, **given: Any) -> Any:
    file = io.BytesIO(content)
    file.name = "experts.csv"
    return Client().post(address(project, PATH), {"file": file, **GIVEN, **given}, headers=head)


def got(person: User, project: Project, path: str) -> Any:
    return Client().get(address(project, path), headers=headers(person, project)).json()


def run(answer: Any) -> str:
    assert answer.status_code == 202, answer.content
    run_job(Job.objects.get(public_id=answer.json()["id"]).pk)
    return str(answer.json()["id"])


def test_a_file_is_tried_then_imported_and_a_second_time_changes_nothing(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    expert = make.add_member(project)
    content = expert_table() + b"\nowl.jpg,Nobody,expert 1,2\ndog.jpg,A dog in scene number 1,expert 1,4"
    trial = run(sent(head, project, content, members=f"expert 1 = {expert.username}", trial="true"))
    told = got(head, project, f"{PATH}{trial}/")
    assert {name: told[name] for name in ("is_trial", "n_rows", "n_new", "n_there", "n_refused")} == {
        "is_trial": True,
        "n_rows": 20,
        "n_new": 18,
        "n_there": 1,
        "n_refused": 1,
    }
    assert told["raters"] == {"members": 1, "known": 0, "new": 2}
    assert [(label["key"], label["n"]) for label in told["labels"]] == [
        ("1", 6),
        ("2", 3),
        ("3", 4),
        ("4", 7),
    ]
    (refused,) = got(head, project, f"imports/{trial}/errors/")["results"]
    assert (refused["file"], refused["line"]) == ("experts.csv", "20")
    assert not Batch.objects.exists()
    done = run(send(head, project, f"{PATH}{trial}/for-good/", None))
    assert got(head, project, f"{PATH}{done}/")["n_new"] == 18
    assert Batch.objects.get().name == "Experts"
    again = run(send(head, project, f"{PATH}{trial}/for-good/", None))
    assert got(head, project, f"{PATH}{again}/")["n_there"] == 19
    assert [row["job"] for row in got(head, project, PATH)["results"]] == [again, done, trial]
    assert send(head, project, f"{PATH}{done}/for-good/", None).json()["code"] == "no_trial"


def test_an_import_is_for_heads_and_admins_with_the_scope_write(project: Project) -> None:
    for role, status in {Role.ANNOTATOR: 403, Role.RESEARCHER: 403, Role.HEAD: 202, Role.ADMIN: 202}.items():
        assert sent(make.add_member(project, role), project, expert_table()).status_code == status, role
    head = make.add_member(project, Role.HEAD)
    scopes = (Scope.READ, Scope.REVIEW, Scope.JUDGMENTS)
    assert sent(head, project, expert_table(), *scopes).json()["code"] == "scope_needed"


def test_settings_that_make_no_sense_are_told_and_a_key_asks_once(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"members": "expert 1 = nobody-here"}, "mapping_no_member"),
        ({"schema_name": ""}, "schema_name_needed"),
        ({"format": "parquet"}, "invalid"),
        ({"needed": 0}, "invalid"),
        ({"schema": "0" * 32}, "row_missing"),
    ]
    for given, code in wrong:
        assert sent(head, project, expert_table(), **given).json()["code"] == code, given
    paraphrases = LabelSchema.objects.create(
        project=project, name="Grades of paraphrases", level="ordinal", compares_paraphrases=True
    )
    refused = sent(head, project, expert_table(), schema=paraphrases.public_id)
    assert (refused.status_code, refused.json()["code"]) == (422, "schema_missing")
    assert not Job.objects.exists()
    key = {**headers(head, project), "Idempotency-Key": "k"}
    first, again = (sent_with(key, project, expert_table()) for _time in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Job.objects.count() == 1


def test_what_a_trial_of_captions_tried_is_imported(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    table = io.BytesIO(b"image_key,text\ndog,A dog sleeps\nowl,Nobody\n")
    table.name = "captions.csv"
    given = {"captions": table, "trial": "true"}
    trial = run(Client().post(address(project, "imports/"), given, headers=headers(head, project)))
    (refused,) = got(head, project, f"imports/{trial}/errors/")["results"]
    assert (refused["file"], refused["line"]) == ("captions.csv", "3")
    done = run(send(head, project, f"imports/{trial}/for-good/", None))
    assert got(head, project, f"jobs/{done}/")["result"]["captions"]["added"] == 1
    assert send(head, project, f"imports/{done}/for-good/", None).status_code == 404, "no trial"
