"""What head annotators decide through the API: by the acts of the pages, with the scope for it, once for each key."""

import pytest

from annotation.captions.editing import propose_edit
from annotation.models import (
    Adjudication,
    CaptionVersion,
    Guideline,
    Image,
    ImageSampling,
    KnownAnswer,
    ReviewRound,
    VersionState,
)
from annotation.rules.starting import publish_guidelines
from projects.models import Event, Role, Scope
from tests import factories as make
from tests.asking_api import headers, rows, send
from tests.populated import Populated, populate, version_of

pytestmark = pytest.mark.django_db

READS_AND_WRITES = (Scope.READ, Scope.JUDGMENTS, Scope.WRITE)


@pytest.fixture
def here() -> Populated:
    return populate("here")


def test_decisions_need_the_scope_review_and_the_role(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    researcher = make.add_member(here.project, Role.RESEARCHER)
    values, project = here.values, here.project
    addresses = [
        f"edits/{values['version_id']}/decide/",
        "adjudications/",
        f"questions/{values['question_id']}/answer/",
        f"pair-reports/{values['report_id']}/decide/",
        "known-answers/",
        f"known-answers/{values['known_id']}/retire/",
        "review-rounds/",
        "guidelines/",
    ]
    before = Event.objects.exclude(act="api_token_made").count()
    for path in addresses:
        assert send(head, project, path, {}, *READS_AND_WRITES).json()["code"] == "scope_needed", path
        assert send(researcher, project, path, {}).status_code == 403, path
    assert Event.objects.exclude(act="api_token_made").count() == before


def test_an_edit_is_accepted_by_somebody_else_and_never_by_its_author(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    author = make.add_member(here.project, Role.HEAD)
    edit = propose_edit(parent=version_of(here), author=author, text="A red barn", kinds=["other"])
    path = f"edits/{edit.public_id}/decide/"
    assert send(author, here.project, path, {"accept": True}).json()["code"] == "own_edit"
    told = send(head, here.project, path, {"accept": True})
    assert (told.status_code, told.json()["state"]) == (200, "accepted")
    assert send(head, here.project, path, {"accept": True}).status_code == 200, "twice is harmless"
    assert CaptionVersion.objects.get(pk=edit.pk).state == VersionState.ACCEPTED
    assert send(head, here.project, path, {}).status_code == 422
    base = f"edits/{here.values['version_id']}/decide/"
    assert send(head, here.project, base, {"accept": True}).json()["code"] == "not_an_edit"


def test_a_final_label_is_given_once_for_each_key_and_not_over_one_that_was_not_seen(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    other = make.add_member(here.project, Role.HEAD)
    given = {"version": here.values["version_id"], "label": "bad", "note": "No barn.", "seen": ""}
    sent = {**headers(head, here.project), "Idempotency-Key": "1"}
    first = send(head, here.project, "adjudications/", given, **sent)
    assert (first.status_code, first.json()["meaning"]) == (201, "bad")
    again = send(head, here.project, "adjudications/", given, **sent)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert Adjudication.objects.get().note == "No barn."
    late = {**given, "label": "good"}
    refused = send(other, here.project, "adjudications/", late)
    assert (refused.status_code, refused.json()["code"]) == (409, "adjudicated_meanwhile")
    assert send(other, here.project, "adjudications/", {**late, "seen": "bad"}).status_code == 201
    unknown = send(head, here.project, "adjudications/", {**given, "label": "blue"})
    assert unknown.json()["code"] == "label_unknown"
    assert Adjudication.objects.filter(is_current=True).get().label == "good"


def test_a_question_is_answered_and_a_reported_pair_decided(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    answer = f"questions/{here.values['question_id']}/answer/"
    told = send(head, here.project, answer, {"answer": "It counts.", "seen": ""}).json()
    assert (told["state"], told["answer"]) == ("answered", "It counts.")
    report = f"pair-reports/{here.values['report_id']}/decide/"
    assert send(head, here.project, report, {"take_down": True}).json()["state"] == "upheld"
    refused = send(head, here.project, report, {"take_down": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "report_decided")


def test_known_answers_are_made_and_retired(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (old,) = rows(head, here, "known-answers/")
    given = {name: old[name] for name in ("version", "schema")} | {"label": "bad", "use": "example"}
    there = send(head, here.project, "known-answers/", given)
    assert there.status_code == 409, "the pair is a known answer already"
    retired = send(head, here.project, f"known-answers/{old['id']}/retire/", {})
    assert retired.json()["id"] == old["id"]
    made = send(head, here.project, "known-answers/", given)
    assert (made.status_code, made.json()["label"], made.json()["n_answers"]) == (201, "bad", 0)
    assert KnownAnswer.objects.in_use().get().use == "example"


def test_a_round_of_review_is_opened_with_a_stored_seed(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    given = {"batch": here.values["batch_id"], "draw": "random", "share": 1, "seed": 7}
    empty = send(head, here.project, "review-rounds/", given)
    assert (empty.status_code, empty.json()["code"]) == (422, "round_empty"), "all are under review"
    ReviewRound.objects.get().items.all().delete()
    told = send(head, here.project, "review-rounds/", given)
    assert (told.status_code, told.json()["seed"], told.json()["n_items"]) == (201, 7, 1)


def test_guidelines_are_published_only_over_the_version_that_they_were_made_from(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    given = {"text": "# From a repository", "change_note": "Shorter", "based_on": 1}
    told = send(head, here.project, "guidelines/", given)
    assert (told.status_code, told.json()["number"]) == (201, 2)
    publish_guidelines(project=here.project, text="# Third", author=head, based_on=2)
    refused = send(head, here.project, "guidelines/", {**given, "text": "# Late"})
    assert (refused.status_code, refused.json()["code"]) == (409, "guidelines_moved_on")
    assert Guideline.objects.filter(project=here.project).count() == 3


def test_a_choice_of_images_is_applied_and_undone(here: Populated) -> None:
    admin = make.add_member(here.project, Role.ADMIN)
    path = f"samplings/{here.values['sampling_id']}/"
    assert send(admin, here.project, f"{path}apply/", None).json()["is_applied"] is True
    again = send(admin, here.project, f"{path}apply/", None)
    assert again.status_code in {200, 409}
    assert send(admin, here.project, f"{path}undo/", None).json()["is_applied"] is False
    assert ImageSampling.objects.get().undone_by == admin
    assert Image.objects.get(public_id=here.values["image_id"]).state == "active"
