"""Deciding on single judgments under review, precedents and reverts through the API, by the acts of the pages."""

from typing import Any

import pytest

from accounts.models import User
from annotation.captions.editing import decide_edit, propose_edit
from annotation.models import Adjudication, CaptionVersion, Precedent, ReviewItem, VersionState
from annotation.review.asking import answer_question
from annotation.review.reviewing import open_round
from projects.models import Event, Role, Scope
from tests import factories as make
from tests.annotation.agreement_work import work
from tests.asking_api import headers, send
from tests.populated import Populated, populate

pytestmark = pytest.mark.django_db


class Desk:
    """A head annotator before a round over the judgments of two annotators on two images, one of them edited."""

    def __init__(self) -> None:
        self.project, batch, self.annotators = work(
            [
                ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
                ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
            ]
        )
        self.head = make.add_member(self.project, Role.HEAD)
        self.round = open_round(batch=batch, head=self.head, draw="random")
        self.items = list(self.round.items.select_related("judgment__edited_version").order_by("pk"))

    def act(self, item: ReviewItem, act: str, given: object = None, by: User | None = None) -> Any:
        return send(by or self.head, self.project, f"review-items/{item.public_id}/{act}/", given)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_judgment_is_accepted_with_its_edit_and_taken_back_by_who_accepted_it(desk: Desk) -> None:
    edited = next(item for item in desk.items if item.judgment.edited_version)
    version = edited.judgment.edited_version
    assert version is not None
    told = desk.act(edited, "accept", {"comment": "Well seen."}).json()
    assert (told["state"], told["comment"]) == ("accepted", "Well seen.")
    assert CaptionVersion.objects.get(pk=version.pk).state == VersionState.ACCEPTED
    assert desk.act(edited, "accept", {}).status_code == 200, "twice is harmless"
    other = make.add_member(desk.project, Role.HEAD)
    assert desk.act(edited, "reopen", by=other).json()["code"] == "decided_by_another"
    assert desk.act(edited, "reopen").json()["state"] == "waiting"
    assert CaptionVersion.objects.get(pk=version.pk).state == VersionState.PROPOSED


def test_a_judgment_is_returned_once_for_each_key_and_not_over_a_decision(desk: Desk) -> None:
    item, path = desk.items[0], f"review-items/{desk.items[0].public_id}/return/"
    assert desk.act(item, "return", {"comment": ""}).status_code == 422
    unknown = desk.act(item, "return", {"comment": "Again", "guideline_section": "None like this"})
    assert unknown.json()["errors"][0]["field"] == "guideline_section"
    key = {**headers(desk.head, desk.project), "Idempotency-Key": "1"}
    first = send(desk.head, desk.project, path, {"comment": "Look at the sky."}, **key)
    again = send(desk.head, desk.project, path, {"comment": "Look at the sky."}, **key)
    assert (first.status_code, first.json()["state"]) == (200, "returned")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    late = desk.act(item, "accept", {})
    assert (late.status_code, late.json()["code"]) == (409, "item_decided")
    assert Event.objects.filter(act="review_returned").count() == 1


def test_an_own_label_becomes_the_final_one_and_an_own_edit_is_proposed(desk: Desk) -> None:
    item = desk.items[0]
    given = {"label": "bad", "text": "A heron stands still", "kinds": ["other"], "comment": "No."}
    assert desk.act(item, "fix", {**given, "kinds": ["none"]}).status_code == 422
    assert desk.act(item, "fix", {**given, "label": "blue"}).json()["code"] == "label_unknown"
    assert ReviewItem.objects.get(pk=item.pk).state == "waiting"
    assert desk.act(item, "fix", given).json()["state"] == "fixed"
    assert Adjudication.objects.get().label == "bad"
    proposed = CaptionVersion.objects.get(author=desk.head)
    assert (proposed.text, proposed.state) == ("A heron stands still", VersionState.PROPOSED)


def test_all_of_an_image_is_accepted_at_once_and_what_is_ones_own_is_left_out_by_name(desk: Desk) -> None:
    head = desk.annotators[0]
    desk.project.memberships.filter(user=head).update(role=Role.HEAD)
    image = desk.items[0].judgment.image
    own = [item for item in desk.items if item.judgment.image == image and item.judgment.annotator == head]
    path = f"review-rounds/{desk.round.public_id}/images/{image.public_id}/"
    told = send(head, desk.project, f"{path}accept/", None).json()
    assert {row["item"] for row in told["left_out"]} == {str(item.public_id) for item in own} != set()
    accepted = ReviewItem.objects.filter(state="accepted")
    assert sorted(told["done"]) == sorted(str(item.public_id) for item in accepted)
    back = send(head, desk.project, f"{path}reopen/", None).json()
    assert (sorted(back["done"]), back["left_out"]) == (sorted(told["done"]), [])


def test_deciding_is_for_heads_with_the_scope_review_and_reading_for_the_scope_judgments(desk: Desk) -> None:
    path = f"review-items/{desk.items[0].public_id}/"
    asked = [Scope.READ, Scope.JUDGMENTS, Scope.WRITE]
    for act in ("accept", "return", "fix", "reopen"):
        refused = send(desk.head, desk.project, f"{path}{act}/", {"comment": "x", "label": "bad"}, *asked)
        assert refused.json()["code"] == "scope_needed", act
        researcher = make.add_member(desk.project, Role.RESEARCHER)
        assert send(researcher, desk.project, f"{path}{act}/", {}).status_code == 403, act
    assert set(ReviewItem.objects.values_list("state", flat=True)) == {"waiting"}


@pytest.fixture
def here() -> Populated:
    return populate("here")


def test_an_answer_becomes_one_precedent_which_is_taken_out_of_force_once(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    path = f"questions/{here.values['question_id']}/precedent/"
    given = {"title": "Mirrors", "ruling": "What a mirror shows counts.", "kinds": ["other"]}
    waits = send(head, here.project, path, given)
    assert (waits.status_code, waits.json()["code"]) == (409, "question_open")
    question = here.project.questions.get()
    answer_question(question=question, head=head, answer="It counts.")
    made = send(head, here.project, path, given)
    assert (made.status_code, made.json()["title"]) == (201, "Mirrors")
    assert send(head, here.project, path, given).json()["id"] == made.json()["id"]
    retire = f"precedents/{made.json()['id']}/retire/"
    assert send(head, here.project, retire, None).status_code == 200
    assert send(head, here.project, retire, None).json()["code"] == "precedent_retired"
    assert Precedent.objects.in_force().filter(question=question).count() == 0


def test_a_caption_goes_back_to_a_text_that_stood_before(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    path = f"captions/{here.values['caption_id']}/revert/"
    given = {"version": here.values["version_id"], "reason": "The first was right."}
    stands = send(head, here.project, path, given)
    assert (stands.status_code, stands.json()["code"]) == (409, "text_stands")
    base = CaptionVersion.objects.get(public_id=here.values["version_id"])
    edit = propose_edit(parent=base, author=head, text="Another text", kinds=["other"])
    decide_edit(version=edit, reviewer=make.add_member(here.project, Role.HEAD), accept=True)
    told = send(head, here.project, path, given)
    assert (told.status_code, told.json()["text"], told.json()["made_from"]) == (
        201,
        base.text,
        str(edit.public_id),
    )
    other = {**given, "version": make.add_caption(base.image).public_id}
    assert send(head, here.project, path, other).json()["code"] == "version_of_another"
