"""The workspace for those who do not use a mouse, a large window or their eyes; and what it says while work waits."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from annotation.models import Batch, Judgment
from tests import factories as make
from tests.flows.sound import overrun
from tests.flows.way import Seat, TakeSeat, expect_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXTS = (
    "A red car waits in front of the house",
    "Emma is late again",
    "The engine dreams of the open road",
    "Two bicycles lean against a wall",
)
MOST_STOPS = 60
# What has the focus: how it is shown, whether something lies over it, and where it is.
FOCUSED = """() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height, 20) / 2);
  return {
    isPage: at === document.body,
    what: at.outerHTML.slice(0, 120),
    isShown: at.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    isClear: top !== null && (at.contains(top) || top.contains(at)),
    isInView: box.bottom > 0 && box.top < innerHeight,
  };
}"""
HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT_APPEARANCES = """() => {
  window.appearances = 0;
  const notice = document.getElementById("trouble-sign-in");
  new MutationObserver(() => { window.appearances += notice.hidden ? 0 : 1; })
    .observe(notice, { attributes: true, attributeFilter: ["hidden"] });
}"""


@pytest.fixture
def annotator(seat: TakeSeat) -> Seat:
    """An annotator before four captions of an image."""
    project = make.make_project()
    image = make.add_image(project, content=make.picture_bytes((70, 110, 90), (640, 480)))
    for rank, text in enumerate(TEXTS):
        make.add_caption(image, text, pool_rank=rank)
    batch: Batch = make.make_batch(project, [image], overlap=1, name="Cars")
    seated = seat(project, make.add_member(project))
    seated.open("workspace", batch.public_id)
    expect(seated.page.locator(".caption[aria-current=true]")).to_have_count(1)
    return seated


def stops(page: Page) -> list[dict[str, Any]]:
    """Return what Tab leads to, from the top of the page until it comes round."""
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.getSelection().removeAllRanges()")
    page.locator("body").press("Home")
    found: list[dict[str, Any]] = []
    for _stop in range(MOST_STOPS):
        page.keyboard.press("Tab")
        told = page.evaluate(FOCUSED)
        if told["isPage"] or (found and told["what"] == found[0]["what"]):
            return found
        found.append(told)
    raise AssertionError("Tab never comes round")


def test_the_caption_in_hand_is_named_with_its_number_its_label_and_its_words(annotator: Seat) -> None:
    page = annotator.page
    first = page.locator(".caption").first
    text = first.locator(".caption__text").inner_text()
    waiting = page.get_by_role("listitem", name=re.compile(rf"Caption 1: .*not judged.*{text}", re.DOTALL))
    expect(waiting).to_be_focused()
    page.keyboard.press("g")
    expect(page.get_by_role("listitem", name=re.compile("Caption 2:"))).to_be_focused()
    expect(page.locator("#spoken")).to_have_text("Good. 3 of 4 wait for you")
    expect(
        page.get_by_role("listitem", name=re.compile(rf"Caption 1: .*Good.*{text}", re.DOTALL))
    ).to_have_count(1)


@pytest.mark.parametrize("size", [(1440, 900), (720, 450), (360, 740)], ids=["wide", "twice", "narrow"])
def test_every_stop_of_tab_is_seen_in_full_sight_at_every_size(
    annotator: Seat, size: tuple[int, int]
) -> None:
    page = annotator.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert not overrun(page)
    found = stops(page)
    assert len(found) > 10
    hidden = [
        told["what"] for told in found if not (told["isShown"] and told["isInView"] and told["isClear"])
    ]
    assert not hidden, "\n".join(hidden)


def test_the_image_is_enlarged_to_its_pixels_and_back_by_keys(annotator: Seat) -> None:
    page = annotator.page
    page.keyboard.press("z")
    expect(page.locator("#zoom")).to_be_visible()
    expect(page.locator("#zoom img")).to_have_js_property("naturalWidth", 640)
    page.keyboard.press("z")
    expect(page.locator("#zoom")).to_be_hidden()
    page.keyboard.press("g")
    expect(page.locator(".caption").first).to_have_attribute("data-label", "good")


def test_time_counts_only_while_the_page_can_be_seen(annotator: Seat) -> None:
    page = annotator.page
    page.wait_for_timeout(300)
    page.evaluate(HIDE, "hidden")
    page.wait_for_timeout(2500)
    page.evaluate(HIDE, "visible")
    page.keyboard.press("g")
    expect_saved(page)
    assert 200 <= Judgment.objects.get().duration_ms < 2300


def test_what_keeps_judgments_waiting_is_said_once_and_stays_while_it_is_tried_again(annotator: Seat) -> None:
    page = annotator.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(COUNT_APPEARANCES)
    Session.objects.all().delete()
    for n, key in enumerate("gbu", start=1):
        page.keyboard.press(key)
        expect(page.locator("#save-state-text")).to_have_text(f"Offline, {n} waiting")
    expect(page.get_by_text("You are signed out.")).to_be_in_viewport()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.appearances") == 1
    assert Judgment.objects.count() == 0
