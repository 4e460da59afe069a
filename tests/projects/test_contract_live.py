"""Whatever fits the OpenAPI document is sent to a live server, and every answer fits it too; nothing ends in a 500."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis.checks import CheckFunction, load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from projects.models import Role, Scope
from tests import factories as make
from tests.live import LiveProgram
from tests.populated import Populated, populate

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/api/openapi.json").read_text())
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def operations() -> Iterator[Any]:
    load_all_checks()
    for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
        assert isinstance(result, Ok), result
        yield result.ok()


OPERATIONS = {operation.label: operation for operation in operations()}


def walk(operation: Any, there: Populated, secret: str, url: str, n: int, *, is_same_each_time: bool) -> None:
    """Send n cases of an operation, at addresses of rows that are there and of others."""

    @given(case=operation.as_strategy(), is_there=some.integers(0, 3))
    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        derandomize=is_same_each_time,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any, is_there: int) -> None:
        # Three in four go to rows that exist: of an address drawn at random nothing but 404 comes.
        if is_there and case.path_parameters:
            real = {"project_slug": there.project.slug, **there.values}
            case.path_parameters = {
                name: real.get(name, value) for name, value in case.path_parameters.items()
            }
        headers = {"Authorization": f"Bearer {secret}"}
        answer = case.call(base_url=url.rstrip("/"), headers=headers)
        case.validate_response(answer, checks=CHECKS, headers=headers)

    send()


def a_token(there: Populated, label: str) -> str:
    """The token that lets most of an operation through: a site admin's for making projects, else a project admin's."""
    if label.endswith("POST /api/v1/projects/"):
        return make.token_of(make.make_user(is_site_admin=True), None, Scope.PROJECTS)
    return make.token_of(make.add_member(there.project, Role.ADMIN), there.project)


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_answers_fit_the_document(label: str, live_web: LiveProgram) -> None:
    there = populate("walked")
    walk(OPERATIONS[label], there, a_token(there, label), live_web.url, 10, is_same_each_time=True)


@pytest.mark.soak
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_answers_fit_the_document_for_long(label: str, live_web: LiveProgram) -> None:
    there = populate("walked")
    walk(OPERATIONS[label], there, a_token(there, label), live_web.url, 300, is_same_each_time=False)
