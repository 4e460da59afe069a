"""The head annotator's pages in a real browser: by keyboard, in place, and axe finds nothing."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from annotation.models import Adjudication, AgreementReport, Caption, ReviewItem
from annotation.models.reviews import ReviewDraw, ReviewState
from annotation.review.reviewing import open_round
from annotation.working.reporting import report_pair
from projects.models import Role
from tests import factories as make
from tests.annotation.agreement_work import computed, work
from tests.live import LiveProgram

# Playwright's synchronous calls run an event loop of their own in this thread; the database is used between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
from tests.flows.sound import overrun, told, violations_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = [(1440, 900), (390, 844)]


class Head:
    """A head annotator signed in before the judgments of two annotators on two images."""

    def __init__(self, browser: Browser, web: LiveProgram) -> None:
        self.web = web
        self.project, self.batch, self.annotators = work(
            [
                ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
                ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
            ]
        )
        self.user = make.add_member(self.project, Role.HEAD)
        client = Client()
        client.force_login(self.user)
        self.context = browser.new_context(viewport={"width": 1440, "height": 900})
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": web.url}])
        self.page: Page = self.context.new_page()

    def address(self, name: str, *args: Any) -> str:
        return self.web.url.rstrip("/") + reverse(name, args=[self.project.slug, *args])

    def open_round(self) -> Any:
        return open_round(batch=self.batch, head=self.user, draw=ReviewDraw.RANDOM, seed=3)


@pytest.fixture
def head(browser: Browser, live_web: LiveProgram) -> Iterator[Head]:
    """Return the head annotator's desk."""
    desk = Head(browser, live_web)
    yield desk
    desk.context.close()


def test_a_round_is_reviewed_by_keyboard_alone(head: Head) -> None:
    opened = head.open_round()
    page = head.page
    page.goto(head.address("review-round", opened.public_id))
    active = page.locator('.review__item[aria-current="true"]')
    first = active.get_attribute("id")
    page.keyboard.press("a")
    expect(page.locator("#review-progress")).to_contain_text("1 of 16 decided")
    expect(page.locator(f"#{first}")).to_contain_text("Accepted")
    second = active.get_attribute("id")
    assert second != first
    page.keyboard.press("r")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"#{second}").get_by_text("This field is required.")).to_be_visible()
    expect(page.locator(f"#{second} textarea[name=comment]").first).to_be_focused()
    page.keyboard.type("Is the car red?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{second}")).to_contain_text("Is the car red?")
    expect(page.locator("#review-progress")).to_contain_text("1 with the annotator")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert active.get_attribute("id") not in {first, second}
    states = list(ReviewItem.objects.exclude(state=ReviewState.WAITING).values_list("state", flat=True))
    assert sorted(states) == ["accepted", "returned"]


def test_all_of_an_image_are_accepted_at_once_and_taken_back(head: Head) -> None:
    opened = head.open_round()
    head.page.goto(head.address("review-round", opened.public_id))
    head.page.get_by_role("button", name="Accept all 8 of this image").first.click()
    expect(head.page.locator("#review-progress")).to_contain_text("8 of 16 decided")
    head.page.get_by_role("button", name="Take 8 back", exact=True).click()
    expect(head.page.locator("#review-progress")).to_contain_text("0 of 16 decided")


def test_pairs_are_adjudicated_by_keys_one_after_the_other(head: Head) -> None:
    page = head.page
    page.goto(head.address("adjudicate"))
    expect(page.get_by_text("3 pairs wait for a final label")).to_be_visible()
    page.get_by_role("button", name="Accept the edit").click()
    expect(page.locator(".side .chip--good")).to_have_text("Accepted")
    for key, left in (("b", "2 pairs wait"), ("g", "1 pair waits"), ("u", "Nothing waits")):
        page.keyboard.press(key)
        expect(page.get_by_role("status").filter(has_text=left)).to_be_visible()
    labels = list(Adjudication.objects.order_by("pk").values_list("label", flat=True))
    assert labels == ["bad", "good", "unsure"]


def test_agreement_is_computed_by_a_worker_and_its_cells_lead_to_captions(
    head: Head, live_default_worker: LiveProgram
) -> None:
    page = head.page
    page.goto(head.address("agreement"))
    page.get_by_role("button", name="Compute agreement").click()
    expect(page.get_by_role("heading", name="How often two annotators agree")).to_be_visible(timeout=60_000)
    assert AgreementReport.objects.filter(project=head.project).count() == 1
    page.locator(".heat a").first.click()
    expect(page.get_by_text("1 to 3 of 3")).to_be_visible()


def test_axe_finds_nothing_and_nothing_runs_over(head: Head) -> None:
    opened = head.open_round()
    computed(head.project)
    reported = Caption.objects.filter(project=head.project).last()
    assert reported is not None
    report_pair(caption=reported, reporter=head.annotators[0], kind="private", text="A name.")
    page, wrong = head.page, []
    addresses = {
        name: head.address(name) for name in ("review-home", "adjudicate", "agreement", "agreement-pairs")
    }
    addresses["review-round"] = head.address("review-round", opened.public_id)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for name, address in addresses.items():
                page.goto(address)
                for details in page.locator("main details").all()[:3]:
                    details.evaluate("element => { element.open = true; }")
                if overrun(page):
                    wrong.append(f"{name} at {width} runs over")
                wrong += [
                    f"{name} at {width}, {scheme}: {fault}" for fault in told(violations_in(page, scheme))
                ]
    assert wrong == []
