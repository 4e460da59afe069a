"""The next image laid by the browser itself from the page's blank desk: the same desk as the server would lay."""

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Assignment, AssignmentState, CaptionVersion, Judgment
from annotation.working.moving_on import PLENTY
from tests import factories as make
from tests.flows.sound import told, violations
from tests.flows.way import TakeSeat, expect_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

N_CAPTIONS = 2
HOSTILE = '<img src=x onerror="document.title=1"> & "quoted" {} %n'


def desk_of(page: Page) -> str:
    return str(page.locator("#desk").get_attribute("data-assignment"))


def test_desks_laid_by_the_browser_are_the_same_as_those_of_the_server(seat: TakeSeat) -> None:
    project = make.make_project()
    images = [
        make.add_image(project, content=make.picture_bytes((40, 90, n % 200), (640 + n, 480)))
        for n in range(PLENTY // 2 + 10)
    ]
    for number, image in enumerate(images):
        for rank in range(N_CAPTIONS):
            make.add_caption(image, f"Caption {rank} of {number} {HOSTILE}", pool_rank=rank)
    batch = make.make_batch(project, images, overlap=2, name="Many")
    person = make.add_member(project)
    page = seat(project, person).open("workspace", batch.public_id)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    laid: list[str] = []
    page.on("response", lambda answer: laid.append("ahead") if ahead_in(answer) else None)
    held = Assignment.objects.filter(annotator=person, state=AssignmentState.LEASED)
    for number in range(1, 5):
        expect(page.get_by_text(f"Image {number} of")).to_be_visible()
        assignment = Assignment.objects.get(public_id=desk_of(page))
        shown = page.locator(".caption").evaluate_all("all => all.map((one) => one.dataset.text)")
        texts = dict(CaptionVersion.objects.values_list("pk", "text"))
        assert shown == [texts[pk] for pk in assignment.version_ids]
        assert page.locator(".caption__text").all_inner_texts() == shown
        expect(page.locator(".stage img")).to_have_js_property("naturalWidth", assignment.image.width)
        expect(page.locator(".caption[aria-current=true]")).to_have_count(1)
        wait_until_ready(page, held)
        page.keyboard.press("g")
        page.keyboard.press("b")
        page.keyboard.press("Enter")
        assert not broken
        expect(page.locator("#desk")).not_to_have_attribute("data-assignment", str(assignment.public_id))
        expect_saved(page)
        given = Judgment.objects.filter(assignment=assignment).order_by("client_sequence")
        assert [(row.version_id, row.label) for row in given] == list(
            zip(assignment.version_ids, ["good", "bad"], strict=True)
        )
    assert laid.count("ahead") >= 3, "after the first image, desks come with handing in"
    assert page.title() == "Many · polyannot", "no caption was taken for markup"
    page.locator(".workspace__previous").click()
    expect(page.locator(".previous")).to_have_count(4)
    assert told(violations(page)) == []
    page.locator(".previous").first.click()
    expect(page.get_by_text("A finished image; changes are saved.")).to_be_visible()
    assert desk_of(page) == str(
        Assignment.objects.filter(annotator=person, state="done").latest("finished_at").public_id
    )


def ahead_in(answer: object) -> bool:
    return answer.url.endswith("/judgments/") and bool((answer.json() or {}).get("ahead"))  # type: ignore[attr-defined]


def wait_until_ready(page: Page, held: object) -> None:
    for _look in range(200):
        page.wait_for_timeout(50)
        if held.count() == 2:  # type: ignore[attr-defined]
            page.wait_for_timeout(300)
            return
    pytest.fail("nothing was claimed ahead")


def test_a_question_a_note_and_taking_back_work_on_a_desk_laid_by_the_browser(seat: TakeSeat) -> None:
    project = make.make_project()
    images = [make.add_image(project) for _ in range(PLENTY // 2 + 10)]
    for image in images:
        make.add_caption(image, "A heron by the water, at dusk")
    batch = make.make_batch(project, images, overlap=2, name="Many")
    person = make.add_member(project)
    page = seat(project, person).open("workspace", batch.public_id)
    held = Assignment.objects.filter(annotator=person, state=AssignmentState.LEASED)
    for _ in range(2):
        before = desk_of(page)
        wait_until_ready(page, held)
        page.keyboard.press("g")
        page.keyboard.press("Enter")
        expect(page.locator("#desk")).not_to_have_attribute("data-assignment", before)
        expect_saved(page)
    page.keyboard.press("n")
    page.keyboard.type("Looks like dawn.")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("u")
    expect_saved(page)
    page.keyboard.press("Control+z")
    expect_saved(page)
    last = Judgment.objects.order_by("-client_sequence").first()
    assert last is not None
    assert last.label is None
    page.keyboard.press("q")
    page.keyboard.type("Dawn or dusk?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Asked. The answer comes to your page of feedback.")).to_be_visible()
    page.keyboard.press("s")
    page.get_by_label("It disturbs me").check()
    page.get_by_role("button", name="Skip image").click()
    expect(page.locator("#skip-dialog")).to_be_hidden()
    now = Assignment.objects.get(pk=last.assignment_id)
    assert now.state == AssignmentState.SKIPPED
