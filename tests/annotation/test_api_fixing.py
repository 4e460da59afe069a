"""Find-and-fix, and images that go and come, through the API: by the acts, the counts and the roles of the pages."""

from typing import Any

import pytest

from annotation.models import CaptionFix, CaptionVersion, Image, ImageSwap
from projects.models import Project, Role, Scope
from tests import factories as make
from tests.annotation.made_elsewhere import two_animals
from tests.asking_api import ask, headers, rows, send
from tests.populated import Populated

pytestmark = pytest.mark.django_db

GIVEN = {"pattern": "scene", "replacement": "picture", "kinds": ["other"], "scope": "q=dog"}


@pytest.fixture
def project() -> Project:
    return two_animals()


@pytest.fixture
def here(project: Project) -> Populated:
    return Populated(project, {})


def test_a_fix_is_drafted_looked_at_chosen_from_applied_confirmed_and_undone(here: Populated) -> None:
    project = here.project
    head, other = make.add_member(project, Role.HEAD), make.add_member(project, Role.HEAD)
    made = send(head, project, "caption-fixes/", GIVEN)
    assert (made.status_code, made.json()["draft"]) == (201, {"n_found": 3, "n_ticked": 3})
    path = f"caption-fixes/{made.json()['id']}/"
    shown = rows(head, here, f"{path}preview/")
    assert shown[0]["becomes"] == "A dog in picture number 1"
    assert ask(other, here, path).status_code == 404, "a draft is its maker's"
    out = {"leave_out": [shown[0]["version"]]}
    assert send(head, project, f"{path}leave-out/", out).json()["draft"]["n_ticked"] == 2
    assert [row["is_ticked"] for row in rows(head, here, f"{path}preview/")] == [False, True, True]
    moved = send(head, project, f"{path}apply/", {"n_named": 3})
    assert (moved.status_code, moved.json()["code"]) == (409, "fix_moved_on")
    applied = send(head, project, f"{path}apply/", {"n_named": 2}).json()
    assert (applied["state"], applied["outcomes"]) == ("applied", {"left_out": 1, "changed": 2})
    assert applied["n_undecided"] == 2
    assert ask(head, here, f"{path}preview/").json()["code"] == "fix_no_draft"
    changed = rows(other, here, f"{path}items/?outcome=changed")
    assert [row["made_text"] for row in changed] == [f"A dog in picture number {n}" for n in (2, 3)]
    assert send(head, project, f"{path}confirm/", {"n_named": 2, "accept": True}).json()["code"] == "own_edit"
    confirmed = send(other, project, f"{path}confirm/", {"n_named": 2, "accept": True})
    assert confirmed.json()["n_undecided"] == 0
    assert CaptionVersion.objects.filter(decided_by=other).count() == 2
    undone = send(head, project, f"{path}undo/", None).json()
    assert undone == {"n_undone": 0, "n_kept": 2}, "a second person had decided"


def test_a_filter_that_is_none_is_refused_instead_of_finding_everything(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    for scope in ("sourc=flickr", "verdict=best", "q=%00"):
        refused = send(head, here.project, "caption-fixes/", {**GIVEN, "scope": scope})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "scope"), scope
    assert not CaptionFix.objects.exists()
    assert len(rows(head, here, "captions/?search=q%3Dcat%26drop%3Din_pool")) == 3
    assert ask(head, here, "captions/?search=sourc%3Dflickr").status_code == 422


def test_fixes_need_the_role_and_the_scope_review_and_only_heads_accept(here: Populated) -> None:
    project = here.project
    head, researcher = make.add_member(project, Role.HEAD), make.add_member(project, Role.RESEARCHER)
    refused = send(head, project, "caption-fixes/", GIVEN, Scope.READ, Scope.WRITE)
    assert refused.json()["code"] == "scope_needed"
    assert send(make.add_member(project), project, "caption-fixes/", GIVEN).status_code == 403
    accepting = send(researcher, project, "caption-fixes/", {**GIVEN, "accepts": True})
    assert accepting.json()["code"] == "fix_accepts"
    made = send(researcher, project, "caption-fixes/", GIVEN).json()
    path = f"caption-fixes/{made['id']}/"
    assert send(researcher, project, f"{path}discard/", None).json()["state"] == "discarded"
    assert send(researcher, project, f"{path}confirm/", {}).status_code == 403


def with_reserve(project: Project) -> tuple[Image, Image]:
    return project.images.get(key="dog"), make.add_image(project, "owl", state="reserve")


def test_images_are_swapped_once_for_each_key_and_back(here: Populated) -> None:
    project, head = here.project, make.add_member(here.project, Role.HEAD)
    dog, owl = with_reserve(project)
    given = {"images": [str(dog.public_id)], "why": "It is blurred."}
    key = {**headers(head, project), "Idempotency-Key": "1"}
    first, again = (send(head, project, "swaps/", given, **key) for _time in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert [row["brought_in"] for row in first.json()["swaps"]] == [str(owl.public_id)]
    assert (Image.objects.get(pk=dog.pk).state, ImageSwap.objects.count()) == ("retired", 1)
    cat = {**given, "images": [str(project.images.get(key="cat").public_id)]}
    assert send(head, project, "swaps/", cat).json()["code"] == "too_few_reserves"
    elsewhere = make.add_image(make.make_project())
    missing = send(head, project, "swaps/", {**given, "images": [str(elsewhere.public_id)]})
    assert missing.status_code == 404
    undo = f"swaps/{first.json()['act']}/undo/"
    assert send(head, project, undo, None).json() == {"n_undone": 1, "n_kept": 0}
    assert send(head, project, undo, None).json()["code"] == "swap_in_work"
    assert Image.objects.get(pk=dog.pk).state == "active"


def test_one_image_is_taken_out_brought_in_and_set_aside_by_heads_and_admins(here: Populated) -> None:
    project, admin = here.project, make.add_member(here.project, Role.ADMIN)
    dog, _owl = with_reserve(project)

    def act(name: str, given: object = None, by: Any = admin) -> Any:
        return send(by, project, f"images/{dog.public_id}/{name}/", given)

    assert act("retire", {"why": ""}).status_code == 422
    assert act("retire", {"why": "It is blurred."}).json()["state"] == "retired"
    assert act("retire", {"why": "It is blurred."}).json()["code"] == "image_retired"
    assert act("activate").json()["state"] == "active"
    assert act("reserve").json()["state"] == "reserve"
    assert act("reserve").json()["code"] == "image_in_work"
    assert act("activate", by=make.add_member(project, Role.RESEARCHER)).status_code == 403
    assert rows(admin, here, "images/?target=reached") == []
    assert {row["key"] for row in rows(admin, here, "images/?target=cannot")} == {"cat"}
