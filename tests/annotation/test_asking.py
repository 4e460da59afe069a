"""Questions about a pair: asked once, answered by somebody else, read; held by the table as well."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from annotation.models import Assignment, CaptionVersion, Judgment, Question
from annotation.models.questions import QuestionState
from annotation.review.asking import (
    answer_question,
    answers_for,
    ask_question,
    mark_answers_seen,
    withdraw_question,
)
from annotation.waiting import waiting_for_annotator, waiting_for_head
from polyannot.kernel.errors import Conflict, Denied, Invalid
from projects.access import project_access
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


class Desk:
    """An annotator with an image in hand, and a head annotator."""

    def __init__(self) -> None:
        self.project = make.make_project("here")
        self.head = make.add_member(self.project, Role.HEAD)
        self.person = make.add_member(self.project)
        image = make.add_image(self.project)
        self.versions = [make.add_caption(image, f"Caption number {n} of the red car") for n in range(2)]
        self.batch = make.make_batch(self.project, [image])
        self.assignment: Assignment = make.claim(self.batch, self.person)

    def ask(self, text: str = "Does the mirror count?", version: CaptionVersion | None = None) -> Question:
        return ask_question(
            assignment=self.assignment,
            version=version or self.versions[0],
            asker=self.person,
            text=text,
        )

    def client(self, person: object) -> Client:
        client = Client()
        client.force_login(person)  # type: ignore[arg-type]
        return client


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_asking_twice_about_a_pair_is_one_question_that_holds_both(desk: Desk) -> None:
    first = desk.ask()
    assert desk.ask().pk == first.pk
    assert desk.ask("And the window?").text == "Does the mirror count?\n\nAnd the window?"
    assert Question.objects.count() == 1
    assert desk.ask(version=desk.versions[1]).pk != first.pk


def test_a_question_needs_words_and_the_image_in_hand(desk: Desk) -> None:
    with pytest.raises(Invalid, match="question_needed"):
        desk.ask("  ")
    with pytest.raises(Denied):
        ask_question(assignment=desk.assignment, version=desk.versions[0], asker=desk.head, text="Why?")
    elsewhere = make.add_caption(make.add_image(desk.project))
    with pytest.raises(Invalid, match="caption_not_shown"):
        desk.ask(version=elsewhere)


def test_an_answer_is_new_until_its_reader_has_seen_it_and_a_better_one_is_new_again(desk: Desk) -> None:
    question = desk.ask()
    access = project_access(desk.person, "here")
    heads = project_access(desk.head, "here")
    assert (waiting_for_annotator(access), waiting_for_head(heads), waiting_for_head(access)) == (0, 1, 0)
    answer_question(question=question, head=desk.head, answer="Yes, it counts.")
    assert (waiting_for_annotator(access), waiting_for_head(heads)) == (1, 0)
    assert mark_answers_seen(project=desk.project, reader=desk.person) == 1
    assert mark_answers_seen(project=desk.project, reader=desk.person) == 0
    answer_question(question=question, head=desk.head, answer="Yes, it counts.")
    assert waiting_for_annotator(access) == 0, "the same answer again changes nothing"
    answer_question(question=question, head=desk.head, answer="Only if it is sharp.")
    assert [row.answer for row in answers_for(project=desk.project, reader=desk.person)] == [
        "Only if it is sharp."
    ]
    assert waiting_for_annotator(access) == 1


def test_nobody_answers_their_own_question_and_a_withdrawn_one_stays_so(desk: Desk) -> None:
    question = desk.ask()
    with pytest.raises(Denied, match="own_question"):
        answer_question(question=question, head=desk.person, answer="Yes.")
    with pytest.raises(Denied):
        withdraw_question(question=question, asker=desk.head)
    withdraw_question(question=question, asker=desk.person)
    withdraw_question(question=question, asker=desk.person)
    with pytest.raises(Conflict, match="question_withdrawn"):
        answer_question(question=question, head=desk.head, answer="Too late.")
    again = desk.ask()
    assert again.pk != question.pk
    answer_question(question=again, head=desk.head, answer="Yes.")
    with pytest.raises(Conflict, match="question_answered"):
        withdraw_question(question=again, asker=desk.person)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "answered"},
        {"state": "answered", "answer": "Yes."},
        {"state": "open", "answer": "Yes."},
        {"state": "withdrawn"},
        {"state": "unknown"},
        {"text": ""},
    ],
)
def test_the_table_refuses_states_that_cannot_be(desk: Desk, columns: dict[str, str]) -> None:
    question = desk.ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=question.pk).update(**columns)


def test_a_question_cannot_join_two_projects(desk: Desk) -> None:
    question = desk.ask()
    stranger = make.add_caption(make.add_image(make.make_project()))
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=question.pk).update(version=stranger)


def test_the_pages_ask_answer_and_show_the_answer_without_scripts(desk: Desk) -> None:
    annotator, head = desk.client(desk.person), desk.client(desk.head)
    place = f"/p/here/annotate/{desk.batch.public_id}/ask/"
    named = {"assignment": str(desk.assignment.public_id), "version": str(desk.versions[0].public_id)}
    form = annotator.get(place, named)
    assert desk.versions[0].text in form.content.decode()
    assert annotator.post(place, {**named, "text": ""}).status_code == 422
    assert annotator.post(place, {**named, "text": "Is it red?"}).status_code == 302
    question = Question.objects.get()
    listed = head.get("/p/here/review/questions/").content.decode()
    assert "Is it red?" in listed
    assert 'Review <span class="count">1</span>' in listed
    answer = f"/p/here/review/questions/{question.public_id}/"
    assert head.post(answer, {"answer": ""}).status_code == 422
    assert head.post(answer, {"answer": "Red enough."}).status_code == 302
    assert 'Annotate <span class="count">1</span>' in annotator.get("/p/here/annotate/").content.decode()
    feedback = annotator.get("/p/here/annotate/feedback/").content.decode()
    assert "Red enough." in feedback
    assert 'Annotate <span class="count">' not in annotator.get("/p/here/annotate/").content.decode()
    assert annotator.get(answer).status_code == 403
    assert desk.client(make.add_member(desk.project)).get(place, named).status_code == 404


def test_a_script_asks_and_is_answered_in_json(desk: Desk) -> None:
    annotator = desk.client(desk.person)
    place = f"/p/here/annotate/{desk.batch.public_id}/ask/"
    named = {"assignment": str(desk.assignment.public_id), "version": str(desk.versions[0].public_id)}
    taken = annotator.post(place, {**named, "text": "Is it red?"}, headers={"accept": "application/json"})
    assert taken.json() == {"state": "asked"}
    refused = annotator.post(place, {**named, "text": " "}, headers={"accept": "application/json"})
    assert refused.status_code == 422
    question = Question.objects.get()
    page = annotator.get("/p/here/annotate/feedback/").content.decode()
    assert "waits for an answer" in page
    assert annotator.post(f"/p/here/annotate/questions/{question.public_id}/withdraw/").status_code == 302
    question.refresh_from_db()
    assert question.state == QuestionState.WITHDRAWN


def test_a_judgment_changed_after_the_answer_was_seen_is_no_independent_rating(desk: Desk) -> None:
    question = desk.ask()
    make.judge(desk.assignment, desk.versions[0], "unsure")
    make.judge(desk.assignment, desk.versions[0], "bad")
    answer_question(question=question, head=desk.head, answer="Yes.")
    mark_answers_seen(project=desk.project, reader=desk.person)
    make.judge(desk.assignment, desk.versions[0], "good")
    make.judge(desk.assignment, desk.versions[1], "good")
    rows = Judgment.objects.order_by("pk").values_list("label", "is_revision")
    assert list(rows) == [("unsure", False), ("bad", False), ("good", True), ("good", False)]


def test_two_answers_at_once_are_one_and_the_second_is_told(desk: Desk) -> None:
    question = desk.ask()
    place = f"/p/here/review/questions/{question.public_id}/"
    first, second = desk.client(desk.head), desk.client(make.add_member(desk.project, Role.HEAD))
    assert first.post(place, {"answer": "Yes.\nAlways.", "seen": ""}).status_code == 302
    late = second.post(place, {"answer": "No.", "seen": ""})
    text = late.content.decode()
    assert late.status_code == 409
    assert "Somebody else has answered meanwhile" in text
    assert "Always." in text
    assert "No." in text, "what was written is kept"
    question.refresh_from_db()
    assert question.answer == "Yes.\nAlways."
    assert second.post(place, {"answer": "No.", "seen": "Yes.\r\nAlways."}).status_code == 302
    question.refresh_from_db()
    assert question.answer == "No."
