"""The talk between annotators and heads in a real browser, and the next image that is there before it is asked for."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Assignment, AssignmentState, Batch, Judgment, Question
from annotation.review.asking import answer_question
from annotation.review.ruling import Ruling, make_precedent
from projects.founding import end_membership
from projects.models import Role
from tests import factories as make
from tests.flows.sound import overrun, violations
from tests.flows.way import Seat, TakeSeat, expect_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

N_IMAGES, N_CAPTIONS = 16, 2
# Counts the milliseconds from a press of Enter to the frame that shows another image.
WATCH = """() => {
  window.shown = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const pressed = event.timeStamp;
    const before = document.getElementById("desk").dataset.assignment;
    const look = () => {
      const now = document.getElementById("desk")?.dataset.assignment;
      if (now && now !== before && document.querySelector(".caption__text")) {
        setTimeout(() => window.shown.push(performance.now() - pressed));
      } else {
        requestAnimationFrame(look);
      }
    };
    requestAnimationFrame(look);
  }, true);
}"""


class Room:
    """An annotator and a head before one project."""

    def __init__(self, seat: TakeSeat) -> None:
        self.project = make.make_project()
        images = [
            make.add_image(self.project, content=make.picture_bytes((40, 90, 10 * n), (640, 480)))
            for n in range(N_IMAGES)
        ]
        for image in images:
            for rank in range(N_CAPTIONS):
                make.add_caption(image, f"A heron stands by the turquoise boathouse {rank}", pool_rank=rank)
        self.batch: Batch = make.make_batch(self.project, images, overlap=1, name="Birds")
        self.person = make.add_member(self.project)
        self.head = make.add_member(self.project, Role.HEAD)
        self.seat = seat
        self.annotator: Seat = seat(self.project, self.person)

    def workspace(self) -> Page:
        page = self.annotator.open("workspace", self.batch.public_id)
        expect(page.locator(".caption[aria-current=true]")).to_have_count(1)
        return page


@pytest.fixture
def room(seat: TakeSeat) -> Room:
    return Room(seat)


def is_ahead(room: Room, n: int) -> bool:
    return Assignment.objects.filter(annotator=room.person, state=AssignmentState.LEASED).count() == n


def wait_for_ahead(page: Page, room: Room) -> None:
    """Wait until the image after this one is claimed and its desk has come."""
    for _look in range(200):
        page.wait_for_timeout(50)
        if is_ahead(room, 2):
            page.wait_for_timeout(300)
            return
    pytest.fail("nothing was claimed ahead")


def test_a_question_is_asked_by_keyboard_without_leaving_and_its_ruling_stands_beside_similar_pairs(
    room: Room,
) -> None:
    page = room.workspace()
    text = page.locator(".caption[aria-current=true] .caption__text").inner_text()
    page.keyboard.press("q")
    expect(page.get_by_label("What do you want to know?")).to_be_focused()
    expect(page.locator("#ask-dialog blockquote")).to_have_text(text)
    page.keyboard.type("Does a reflection count?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ask-dialog")).to_be_hidden()
    expect(page.get_by_text("Asked. The answer comes to your page of feedback.")).to_be_visible()
    page.keyboard.press("g")
    expect_saved(page)
    question = Question.objects.get()
    assert (question.text, question.version.text) == ("Does a reflection count?", text)
    answer_question(question=question, head=room.head, answer="Yes.")
    make_precedent(
        version=question.version,
        head=room.head,
        given=Ruling("Reflections", "They count as seen."),
        question=question,
    )
    page.reload()
    own = page.locator(f'.caption[data-version="{question.version.public_id}"]')
    expect(own.get_by_text("Reflections")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Image 2 of {N_IMAGES}")).to_be_visible()
    same = page.locator(".caption", has_text=text)
    same.get_by_text("Reflections").click()
    expect(same.get_by_text("They count as seen.")).to_be_visible()
    feedback = room.annotator.open("feedback")
    expect(feedback.get_by_text("You asked: Does a reflection count?")).to_be_visible()


def test_the_next_image_and_its_captions_are_there_when_enter_is_pressed(room: Room) -> None:
    page = room.workspace()
    page.evaluate(WATCH)
    seen = []
    for _image in range(4):
        wait_for_ahead(page, room)
        seen.append(page.locator("#desk").get_attribute("data-assignment"))
        for _caption in range(N_CAPTIONS):
            page.keyboard.press("g")
        page.keyboard.press("Enter")
        expect(page.locator("#desk")).not_to_have_attribute("data-assignment", str(seen[-1]))
        expect_saved(page)
    shown = sorted(page.evaluate("window.shown"))
    print(f"Enter to the next caption: {[round(one) for one in shown]} ms")
    assert len(shown) == 4
    assert len(set(seen)) == 4
    done = Assignment.objects.filter(annotator=room.person, state=AssignmentState.DONE)
    assert {str(row.public_id) for row in done} == set(seen)
    expect(page.get_by_text(f"Image 5 of {N_IMAGES}")).to_be_visible()
    page.locator(".workspace__previous").click()
    expect(page.get_by_text("just now")).to_be_visible()


def test_the_network_may_be_cut_while_the_next_image_is_judged(room: Room) -> None:
    page = room.workspace()
    wait_for_ahead(page, room)
    first = str(page.locator("#desk").get_attribute("data-assignment"))
    room.annotator.context.set_offline(True)
    for _caption in range(N_CAPTIONS):
        page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).not_to_have_attribute("data-assignment", first)
    page.keyboard.press("g")
    expect(page.locator("#save-state-text")).to_have_text("Offline, 4 waiting")
    room.annotator.context.set_offline(False)
    expect_saved(page)
    assert Assignment.objects.get(public_id=first).state == AssignmentState.DONE
    labels = Judgment.objects.order_by("client_sequence").values_list("label", flat=True)
    assert list(labels) == ["bad", "bad", "good"]


def addresses(room: Room, question: Question) -> dict[str, Any]:
    seat = room.seat(room.project, room.head)
    leaver = make.add_member(room.project)
    make.claim(room.batch, leaver)
    end_membership(project=room.project, user=leaver, actor=room.head)
    new = seat.address("batch-new")
    return {
        "seat": seat,
        "pages": [
            seat.address("questions"),
            seat.address("question", question.public_id),
            seat.address("precedents"),
            seat.address("guidelines"),
            seat.address("batches"),
            seat.address("batch-skipped", room.batch.public_id),
            seat.address("handover", leaver.public_id),
            new,
            f"{new}?purpose=calibration",
            f"{new}?purpose=reannotation",
            seat.address("review-home"),
        ],
    }


def test_axe_finds_nothing_and_nothing_runs_over(room: Room) -> None:
    page = room.workspace()
    page.keyboard.press("q")
    page.keyboard.type("Does a reflection count?")
    assert violations(page) == []
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ask-dialog")).to_be_hidden()
    question = Question.objects.get()
    answer_question(question=question, head=room.head, answer="Yes, where it is sharp enough to be told.")
    make_precedent(
        version=question.version, head=room.head, given=Ruling("Reflections", "They count as seen.")
    )
    page.reload()
    assignment = page.locator("#desk").get_attribute("data-assignment")
    named = f"assignment={assignment}&version={question.version.public_id}"
    pages: list[tuple[Page, str]] = [
        (page, room.annotator.address("workspace", room.batch.public_id)),
        (page, room.annotator.address("feedback")),
        (page, room.annotator.address("annotate-home")),
        (
            page,
            f"{room.annotator.address('workspace-ask', room.batch.public_id)}?{named}",
        ),
    ]
    heads = addresses(room, question)
    pages += [(heads["seat"].page, url) for url in heads["pages"]]
    for where, url in pages:
        for scheme, width in (("light", 1440), ("dark", 390)):
            where.set_viewport_size({"width": width, "height": 900})
            where.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            where.goto(url)
            found = violations(where)
            assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], url
            assert overrun(where) <= 0, f"{url} at {width}"
