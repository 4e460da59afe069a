"""Studies are launched, paused and closed through the API as on their pages."""

import pytest

from projects.models import Role, Scope
from studies.models import Study
from tests.asking_api import send
from tests.factories import add_member
from tests.study_rows import make_judged_project, make_study, researcher_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(db: None) -> Study:
    return make_study(make_judged_project(images=7))


def test_a_study_is_launched_paused_resumed_and_closed_by_its_researchers(draft: Study) -> None:
    researcher = researcher_of(draft.project)

    def act(name: str, *scopes: str) -> tuple[int, str]:
        told = send(researcher, draft.project, f"studies/{draft.public_id}/{name}/", None, *scopes)
        return told.status_code, told.json().get("state") or told.json()["code"]

    assert act("launch", Scope.READ) == (403, "scope_needed")
    assert act("pause")[0] == 409, "a draft has nobody to stop"
    assert act("launch") == (200, "launched")
    assert act("pause") == (200, "paused")
    assert act("resume") == (200, "launched")
    assert act("close") == (200, "closed")
    assert act("close")[0] == 409
    head = add_member(draft.project, Role.HEAD)
    assert send(head, draft.project, f"studies/{draft.public_id}/launch/", None).status_code == 403


def test_a_study_that_lacks_something_is_not_launched_and_says_what(draft: Study) -> None:
    Study.objects.filter(pk=draft.pk).update(pairs_per_participant=10_000)
    told = send(researcher_of(draft.project), draft.project, f"studies/{draft.public_id}/launch/", None)
    assert told.status_code == 422
    assert Study.objects.get(pk=draft.pk).launched_at is None
