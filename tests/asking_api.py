"""Asking the API as a person's script does, with a token made for each request."""

from typing import Any

from django.test import Client

from accounts.models import User
from projects.models import Project
from tests import factories as make
from tests.populated import Populated


def ask(person: User, there: Populated, path: str, *scopes: str) -> Any:
    """Return the answer to a GET below the project, with a token of these scopes (of all without any)."""
    return Client().get(address(there.project, path), headers=headers(person, there.project, *scopes))


def rows(person: User, there: Populated, path: str) -> list[dict[str, Any]]:
    """Return the first page of a list, which must be given out."""
    answer = ask(person, there, path)
    assert answer.status_code == 200, answer.content
    told: list[dict[str, Any]] = answer.json()["results"]
    return told


def send(person: User, project: Project, path: str, given: object, *scopes: str, **more: str) -> Any:
    """Return the answer to a POST of JSON below the project; `more` are headers."""
    sent = {**headers(person, project, *scopes), **more}
    return Client().post(address(project, path), given, content_type="application/json", headers=sent)


def address(project: Project, path: str) -> str:
    """Return an address below a project."""
    return f"/api/v1/projects/{project.slug}/{path}"


def headers(person: User, project: Project, *scopes: str) -> dict[str, str]:
    """Return the header of a new token."""
    return {"Authorization": f"Bearer {make.token_of(person, project, *scopes)}"}
