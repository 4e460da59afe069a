"""Onboarding, people, settings through the API: what is asked, who is let in, what is changed, by the pages' rules."""

import pytest

from annotation.models import OnboardingPlan, OnboardingRun
from projects.models import Event, Membership, Role, Scope
from tests import factories as make
from tests.asking_api import ask, headers, send
from tests.populated import Populated, populate

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Populated:
    return populate("here")


def test_what_is_asked_of_newcomers_is_read_and_changed_in_part(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    before = ask(head, here, "onboarding/").json()
    changed = send(head, here.project, "onboarding/", {"is_asked": True, "pass_percent": 70}).json()
    assert changed == before | {"is_asked": True, "pass_percent": 70}
    wrong = send(head, here.project, "onboarding/", {"gold_percent": 90})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "gold_percent")
    assert OnboardingPlan.objects.get().gold_percent == 0
    assert send(head, here.project, "onboarding/", {}, Scope.WRITE).json()["code"] == "scope_needed"


def test_where_everybody_stands_is_told_and_somebody_is_let_in_without_a_pass(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    OnboardingPlan.objects.create(project=here.project, is_asked=True, seed=1)
    person = here.values["person_id"]
    assert ask(head, here, "onboarding/people/", Scope.READ).json()["code"] == "scope_needed"
    (row,) = ask(head, here, "onboarding/people/").json()["people"]
    assert {name: row[name] for name in ("person", "step", "may_be_waved", "qualification")} == {
        "person": person,
        "step": "on_the_way",
        "may_be_waved": True,
        "qualification": None,
    }
    path = f"onboarding/people/{person}/wave/"
    assert send(make.add_member(here.project, Role.RESEARCHER), here.project, path, None).status_code == 403
    waved = send(head, here.project, path, None)
    assert (waved.status_code, waved.json()["person"]) == (200, person)
    assert send(head, here.project, path, None).json()["code"] == "onboarding_passed"
    (row,) = ask(head, here, "onboarding/people/").json()["people"]
    assert (row["step"], row["may_be_waved"]) == ("free", False)
    assert OnboardingRun.objects.get(person__public_id=person).state == waved.json()["state"]
    assert send(head, here.project, "onboarding/wave-experienced/", None).json() == {"n": 0}


def test_people_are_let_in_given_roles_and_sent_off_with_the_scope_people(here: Populated) -> None:
    project, admin = here.project, make.add_member(here.project, Role.ADMIN)
    newcomer = make.make_user()
    given = {"username": newcomer.username, "role": "annotator"}
    refused = send(admin, project, "people/", given, Scope.READ, Scope.WRITE, Scope.REVIEW)
    assert refused.json()["code"] == "scope_needed"
    assert send(make.add_member(project, Role.HEAD), project, "people/", given).status_code == 403
    nobody = send(admin, project, "people/", {**given, "username": "nobody"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "account_missing")
    key = {**headers(admin, project), "Idempotency-Key": "1"}
    first, again = (send(admin, project, "people/", given, **key) for _time in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    path = f"people/{newcomer.public_id}/"
    assert send(admin, project, f"{path}role/", {"role": "head"}).json()["role"] == "head"
    assert send(admin, project, f"{path}role/", {"role": "king"}).status_code == 422
    assert send(admin, project, f"{path}end/", None).json()["ended_at"] is not None
    assert send(admin, project, f"{path}end/", None).json()["code"] == "membership_ended"
    Membership.objects.filter(role=Role.ADMIN).exclude(user=admin).update(role=Role.HEAD)
    last = send(admin, project, f"people/{admin.public_id}/end/", None)
    assert (last.status_code, last.json()["code"]) == (409, "last_admin")
    assert Membership.objects.get(user=newcomer).role == Role.HEAD
    assert Event.objects.filter(act="role_set", actor=admin).count() == 2


def test_settings_are_changed_in_part_by_admins(here: Populated) -> None:
    project, admin = here.project, make.add_member(here.project, Role.ADMIN)
    before = ask(admin, here, "").json()
    changed = send(admin, project, "", {"good_target": 4, "shown_at_once": 8})
    assert changed.json() == before | {"good_target": 4, "shown_at_once": 8}
    assert send(admin, project, "", {"shown_at_once": None}).json()["shown_at_once"] is None
    wrong = send(admin, project, "", {"good_target": 900})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "good_target")
    assert send(make.add_member(project, Role.HEAD), project, "", {"good_target": 4}).status_code == 403
    assert Event.objects.filter(act="settings_changed").count() == 2
