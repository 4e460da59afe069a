"""The web server killed while somebody judges: the page keeps the judgments, and each arrives once, in order."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from annotation.models import Assignment, CaptionVersion, Judgment
from tests import factories as make
from tests.flows.way import Seat, chromium, expect_saved
from tests.live import LiveProgram

# Playwright's synchronous calls run an event loop of their own in this thread; the database is used between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"

pytestmark = [pytest.mark.browser, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

KEYS = {"g": "good", "b": "bad", "u": "unsure"}
# The page waits a little longer after each failure, at most half a minute; starting takes time too.
COMES_BACK_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the module."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def mortal_web(live_web: LiveProgram) -> Iterator[LiveProgram]:
    """The web server, which runs again afterwards whatever became of it."""
    yield live_web
    if live_web.process is None:
        live_web.start()


@pytest.fixture
def seat(browser: Browser, mortal_web: LiveProgram) -> Iterator[Seat]:
    """An annotator before six captions of one image."""
    project = make.make_project()
    image = make.add_image(project)
    for rank in range(6):
        make.add_caption(image, pool_rank=rank)
    batch = make.make_batch(project, [image], overlap=1)
    seat = Seat(browser, mortal_web.url, project, make.add_member(project))
    seat.open("workspace", batch.public_id)
    expect(seat.page.locator(".caption[aria-current=true]")).to_have_count(1)
    yield seat
    seat.context.close()
    assert seat.troubles == []


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def assert_judged(keys: str) -> None:
    """Each caption has exactly one judgment, in the order in which the keys were pressed."""
    shown = Assignment.objects.get().version_ids
    assert CaptionVersion.objects.count() == len(shown) == len(keys)
    by_arrival = Judgment.objects.order_by("pk").values_list("version", "label", "is_current")
    assert list(by_arrival) == [(pk, KEYS[key], True) for pk, key in zip(shown, keys, strict=True)]
    by_browser = Judgment.objects.order_by("client_sequence").values_list("version", flat=True)
    assert list(by_browser) == shown


def test_judgments_given_while_the_server_is_dead_arrive_once_each_in_order_when_it_is_back(
    seat: Seat, mortal_web: LiveProgram
) -> None:
    page = seat.page
    press(page, "g")
    expect_saved(page)
    mortal_web.kill()
    press(page, "bug")
    expect(page.locator("#save-state-text")).to_have_text("Offline, 3 waiting")
    labels = page.locator(".caption").evaluate_all("all => all.map((one) => one.dataset.label ?? null)")
    assert labels == ["good", "bad", "unsure", "good", None, None]
    assert Judgment.objects.count() == 1

    mortal_web.start()
    expect_saved(page, COMES_BACK_MS)
    press(page, "bu")
    expect_saved(page, COMES_BACK_MS)
    assert_judged("gbugbu")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is left for you here")).to_be_visible()


def test_a_server_killed_while_judgments_are_on_their_way_loses_and_doubles_none(
    seat: Seat, mortal_web: LiveProgram
) -> None:
    page = seat.page
    for keys in ("gbu", "gbu"):
        press(page, keys)
        mortal_web.kill()
        mortal_web.start()
    expect_saved(page, COMES_BACK_MS)
    assert_judged("gbugbu")
