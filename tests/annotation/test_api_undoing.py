"""Taking back, label sets, checks of generic captions, scores and batches through the API, by the acts of pages."""

import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import CleaningItem, LabelSchema, Leak, ScoreSet
from annotation.review.adjudicating import adjudicate
from projects.models import Role, Scope
from tests import factories as make
from tests.asking_api import address, ask, headers, send
from tests.populated import Populated, populate, version_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Populated:
    return populate("here")


def grades(**more: Any) -> dict[str, Any]:
    labels = [{"name": f"Grade {n}", "shortcut": str(n)} for n in (1, 2)]
    return {"name": "Grades", "level": "ordinal", "labels": labels, **more}


def test_a_set_of_labels_is_made_changed_retired_and_offered_again(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    made = send(head, here.project, "label-sets/", grades())
    assert (made.status_code, [row["key"] for row in made.json()["labels"]]) == (201, ["grade_1", "grade_2"])
    assert send(head, here.project, "label-sets/", grades()).json()["code"] == "schema_name_taken"
    alike = grades(labels=[{"name": "A", "shortcut": "a"}, {"name": "B", "shortcut": "a"}])
    assert send(head, here.project, "label-sets/", alike).json()["code"] == "labels_alike"
    assert send(head, here.project, "label-sets/", grades(labels=[])).status_code == 422
    path = f"label-sets/{made.json()['id']}/"
    assert send(head, here.project, path, grades(name="Marks")).json()["name"] == "Marks"
    assert send(head, here.project, f"{path}retire/", None).json()["retired_at"] is not None
    assert send(head, here.project, f"{path}restore/", None).json()["retired_at"] is None
    used = send(head, here.project, f"label-sets/{here.values['schema_id']}/", grades())
    assert (used.status_code, used.json()["code"]) == (409, "labels_in_use")
    assert send(head, here.project, path, grades(), Scope.WRITE).json()["code"] == "scope_needed"
    assert LabelSchema.objects.filter(project=here.project).count() == 2


def test_cleanings_and_searches_for_leakage_are_taken_back(here: Populated) -> None:
    admin = make.add_member(here.project, Role.ADMIN)
    version = version_of(here)
    cleaning = f"cleanings/{here.values['cleaning_id']}/"
    one = f"{cleaning}captions/{here.values['caption_id']}/undo/"
    assert send(admin, here.project, one, None).json()["code"] == "caption_missing"
    CleaningItem.objects.create(
        project=here.project,
        cleaning=here.project.cleanings.get(job__public_id=here.values["cleaning_id"]),
        caption=version.caption,
        version=version,
        outcome="dropped",
        step="hashtags",
        reason="Too short.",
    )
    version.caption.drop_reason = "cleaned"
    version.caption.save(update_fields=["drop_reason"])
    assert send(admin, here.project, one, None).json()["outcome"] == "undone"
    version.caption.refresh_from_db()
    assert version.caption.drop_reason == ""
    assert send(admin, here.project, one, None).json()["code"] == "cleaning_item_ended"
    assert send(admin, here.project, f"{cleaning}undo/", None).json() == {"n_undone": 0, "n_kept": 0}
    assert send(admin, here.project, f"{cleaning}undo/", None).json()["code"] == "cleaning_undone"
    dismiss = f"leakage/pairs/{here.values['leak_id']}/dismiss/"
    assert (
        send(make.add_member(here.project, Role.RESEARCHER), here.project, dismiss, None).status_code == 403
    )
    assert send(admin, here.project, dismiss, None).json()["is_dismissed"] is True
    assert Leak.objects.get().dismissed_by == admin
    undo = f"leakage/{here.values['leakage_id']}/undo/"
    assert send(admin, here.project, undo, None).json() == {"n_undone": 0, "n_kept": 0}


def test_checks_of_captions_are_opened_decided_and_undone(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    path = f"genericness/{here.values['check_id']}/"
    early = send(head, here.project, f"{path}decide/", {"remove": True})
    assert (early.status_code, early.json()["code"]) == (409, "answers_missing")
    kept = send(head, here.project, f"{path}decide/", {"remove": False, "note": "It says enough."})
    assert kept.json()["is_removed"] is False
    assert send(head, here.project, f"{path}decide/", {"remove": True}).json()["code"] == "check_decided"
    assert send(head, here.project, f"{path}undo/", None).json()["is_removed"] is None
    assert send(head, here.project, f"{path}undo/", None).json()["code"] == "nothing_to_undo"
    there = send(head, here.project, "genericness/suspect/", {"version": here.values["version_id"]})
    assert there.json()["id"] == here.values["check_id"], "one is open already"
    for _image in range(5):
        make.add_caption(make.add_image(here.project))
    asked = send(head, here.project, "genericness/", {"n_hubs": 0, "n_baseline": 2})
    assert (asked.status_code, len(asked.json()["checks"])) == (201, 2)
    assert (
        send(head, here.project, "genericness/", {"n_hubs": 0, "n_baseline": 0}).json()["code"]
        == "checks_needed"
    )


def test_scores_from_elsewhere_are_kept_with_their_refusals_by_line(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)

    def sent(content: str, **given: str) -> Any:
        file = io.BytesIO(content.encode())
        file.name = "scores.csv"
        to = address(here.project, "score-sets/import/")
        return Client().post(to, {"scores": file, **given}, headers=headers(researcher, here.project))

    table = f"version,score\n{here.values['version_id']},0.5\nnone,1\n"
    told = sent(table, name="Fit")
    assert (told.status_code, told.json()["n_new"], told.json()["names"]) == (201, 1, ["Fit"])
    assert [row["line"] for row in told.json()["refused"]] == [3]
    assert sent(table, name="Fit").json()["n_same"] == 1
    assert sent("a,b\n1,2\n", name="Fit").status_code == 422
    assert ScoreSet.objects.filter(project=here.project, name="Fit").count() == 1


def test_what_was_left_half_done_in_a_batch_is_given_on(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    path = f"batches/{here.values['batch_id']}/give-on/"
    assert send(head, here.project, path, None).json() == {"n": 0}
    assert send(make.add_member(here.project), here.project, path, None).status_code == 403


def test_what_somebody_had_in_hand_moves_on_once_they_have_left(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    path = f"people/{here.values['person_id']}/in-hand/"
    before = ask(head, here, path).json()
    assert (before["n_begun"] + before["n_untouched"], before["n_questions"]) == (1, 1)
    still = send(head, here.project, path, {})
    assert (still.status_code, still.json()["code"]) == (409, "still_here")
    here.project.memberships.filter(user__public_id=here.values["person_id"]).update(ended_at=timezone.now())
    assert send(head, here.project, path, {"successor": str(head.public_id)}).json() == before
    assert set(send(head, here.project, path, {}).json().values()) == {0}
    researcher = make.add_member(here.project, Role.RESEARCHER)
    assert send(researcher, here.project, path, {}).status_code == 403


def test_adjudicated_pairs_are_drawn_as_known_answers_by_a_stored_seed(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    given = {"schema": here.values["schema_id"], "use": "training", "n": 5, "seed": 3}
    assert send(head, here.project, "known-answers/draw/", given).json()["code"] == "nothing_to_draw"
    version = make.add_caption(version_of(here).image)
    schema = here.project.label_schemas.get(public_id=here.values["schema_id"])
    adjudicate(version=version, head=head, label="bad", schema=schema, note="No barn.")
    drawn = send(head, here.project, "known-answers/draw/", given)
    assert (drawn.status_code, drawn.json()["seed"]) == (201, 3)
    (row,) = drawn.json()["known_answers"]
    assert (row["version"], row["label"], row["use"]) == (str(version.public_id), "bad", "training")
