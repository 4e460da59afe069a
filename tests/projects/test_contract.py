"""The OpenAPI document is the contract: it is checked in, and what would break a client is noticed."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from projects.api.serving import document
from tests.projects.contract import breaking_changes

FOLDER = Path(__file__).resolve().parents[2] / "docs/api"
BATCHES = "/api/v1/projects/{project_slug}/batches/"


def now() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(document()))
    return told


def test_the_document_that_is_checked_in_is_that_of_the_views() -> None:
    kept = json.loads((FOLDER / "openapi.json").read_text())
    assert kept == now(), "python manage.py openapi > docs/api/openapi.json"


def test_nothing_that_version_1_promised_is_broken() -> None:
    promised = json.loads((FOLDER / "openapi-1.0.json").read_text())
    assert breaking_changes(promised, now()) == []


def schemas(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["components"]["schemas"]
    return found


BREAKS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda told: told["paths"].pop(BATCHES), f"GET {BATCHES} is gone"),
    (lambda told: schemas(told)["BatchOut"]["properties"].pop("overlap"), "BatchOut lost its field overlap"),
    (
        lambda told: schemas(told)["BatchInRequest"]["required"].append("overlap"),
        "BatchInRequest needs overlap now",
    ),
    (
        lambda told: schemas(told)["BatchOut"]["properties"]["overlap"].update(type="string"),
        "BatchOut.overlap is of another type",
    ),
    (lambda told: schemas(told)["JobState"]["enum"].remove("done"), "JobState lost the value done"),
    (
        lambda told: told["paths"][BATCHES]["get"]["parameters"].append(
            {"in": "query", "name": "who", "required": True, "schema": {}}
        ),
        f"GET {BATCHES} needs the parameter who now",
    ),
]


@pytest.mark.parametrize(("change", "sentence"), BREAKS, ids=[sentence for _change, sentence in BREAKS])
def test_what_would_break_a_client_is_named(change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    changed = copy.deepcopy(now())
    change(changed)
    assert sentence in breaking_changes(now(), changed)


def test_what_is_added_breaks_nobody() -> None:
    added = copy.deepcopy(now())
    added["paths"]["/api/v1/new/"] = added["paths"][BATCHES]
    schemas(added)["BatchOut"]["properties"]["colour"] = {"type": "string"}
    assert breaking_changes(now(), added) == []


def test_every_operation_says_what_errors_look_like_and_is_named_once() -> None:
    operations = [
        operation
        for methods in now()["paths"].values()
        for name, operation in methods.items()
        if name in {"get", "post"}
    ]
    assert all("application/problem+json" in row["responses"]["default"]["content"] for row in operations)
    names = [row["operationId"] for row in operations]
    assert len(names) == len(set(names)) > 30


def test_anybody_may_read_the_document(client: Client) -> None:
    assert client.get("/api/v1/openapi.json").json()["openapi"] == "3.0.3"
