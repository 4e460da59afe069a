"""The workspace in a real browser: by keyboard alone, through a lost network, a closed tab and an expired session."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion, Judgment
from tests import factories as make
from tests.live import LiveProgram

# Playwright's synchronous calls run an event loop of their own in this thread; the database is used between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
from tests.flows.sound import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXTS = (
    "A red car waits in front of the house",
    "Emma is late again",
    "The engine dreams of the open road",
    "Two bicycles lean against a wall",
)


class Bench:
    """A batch, its annotator, and a browser in which they are signed in."""

    def __init__(self, browser: Browser, web: LiveProgram) -> None:
        self.web, self.browser = web, browser
        project = make.make_project()
        images = [
            make.add_image(project, content=make.picture_bytes((70, 110, n), (640, 480))) for n in (10, 200)
        ]
        for image in images:
            for rank, text in enumerate(TEXTS):
                make.add_caption(image, text, pool_rank=rank)
        self.annotator = make.add_member(project)
        self.batch: Batch = make.make_batch(project, images, overlap=1, name="Cars")
        self.slug = project.slug
        self.context = self.signed_in()
        self.page = self.context.new_page()

    def signed_in(self, **how: Any) -> BrowserContext:
        """Return a browser context that holds a session of the annotator."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 800}, **how)
        self.sign_in(context)
        return context

    def sign_in(self, context: BrowserContext) -> None:
        """Give the context a session of the annotator."""
        client = Client()
        client.force_login(self.annotator)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.web.url}])

    def url(self, name: str = "workspace", *arguments: Any) -> str:
        """Return a full address; batch pages get the batch."""
        given = (
            (self.slug, self.batch.public_id, *arguments) if name.startswith("workspace") else (self.slug,)
        )
        return f"{self.web.url.rstrip('/')}{reverse(name, args=given)}"

    def open(self, page: Page | None = None) -> Page:
        """Open the workspace with the first caption active."""
        page = page or self.page
        page.goto(self.url())
        expect(page.locator(".caption[aria-current=true]")).to_have_count(1)
        return page

    def assignment(self) -> Assignment:
        """Return the image in hand."""
        return Assignment.objects.get(annotator=self.annotator, state=AssignmentState.LEASED)

    def shown_texts(self) -> list[str]:
        """Return the captions of the image in hand in the order shown."""
        assignment = self.assignment()
        texts = dict(CaptionVersion.objects.filter(pk__in=assignment.version_ids).values_list("pk", "text"))
        return [texts[pk] for pk in assignment.version_ids]

    def labels(self) -> list[str | None]:
        """Return the annotator's current labels of the image in hand, in the order shown."""
        assignment = self.assignment()
        labels = dict(assignment.judgments.current().values_list("version", "label"))
        return [labels.get(pk) for pk in assignment.version_ids]


@pytest.fixture
def bench(browser: Browser, live_web: LiveProgram) -> Iterator[Bench]:
    """Return a bench; nothing on its pages may raise an error or break the content policy."""
    made = Bench(browser, live_web)
    troubles: list[str] = []
    made.page.on("pageerror", lambda error: troubles.append(str(error)))

    def listen(line: ConsoleMessage) -> None:
        if "Content Security Policy" in line.text:
            troubles.append(line.text)

    made.page.on("console", listen)
    yield made
    for context in browser.contexts:
        context.close()
    assert troubles == []


def expect_saved(page: Page) -> None:
    """Wait until the save line says so and nothing waits in the browser."""
    page.wait_for_function(
        "() => document.getElementById('save-state').dataset.state === 'saved'"
        " && !Object.keys(localStorage).some((key) => key.startsWith('polyannot:outbox:'))"
    )


def mark_of(page: Page, number: int) -> str | None:
    """Return the label that the page shows for the caption with this number, counted from one."""
    return page.locator(".caption").nth(number - 1).get_attribute("data-label")


def test_an_image_is_judged_with_the_keyboard_alone_and_the_next_one_opens(bench: Bench) -> None:
    page = bench.open()
    first = bench.assignment().public_id
    for key in "gbu":
        page.keyboard.press(key)
    page.keyboard.press("k")
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Next image")).to_be_focused()
    expect_saved(page)
    assert bench.labels() == ["good", "bad", "good", "bad"]
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).not_to_have_attribute("data-assignment", str(first))
    expect(page.get_by_text("Image 2 of 2")).to_be_visible()
    expect(page.locator(".caption").first).to_be_focused()
    assert Assignment.objects.get(public_id=first).state == AssignmentState.DONE
    for _caption in TEXTS:
        page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is left for you here")).to_be_visible()
    assert Judgment.objects.current().count() == 2 * len(TEXTS)
    assert set(Judgment.objects.values_list("mode", flat=True)) == {"key"}


def test_a_judgment_is_painted_before_the_server_has_heard_of_it(bench: Bench) -> None:
    """How soon is measured by benchmarks/paint.py; here, that nothing is waited for."""
    page = bench.open()
    held: list[Route] = []
    page.route("**/judgments/", lambda route: held.append(route))  # noqa: PLW0108  append has no room for its marks
    for number, key in enumerate("gbu", start=1):
        page.keyboard.press(key)
        assert mark_of(page, number) == {"g": "good", "b": "bad", "u": "unsure"}[key]
        expect(page.locator(".caption").nth(number)).to_have_attribute("aria-current", "true")
    assert bench.labels() == [None] * len(TEXTS)
    assert len(held) == 1
    page.unroute("**/judgments/")
    expect_saved(page)
    assert bench.labels()[:3] == ["good", "bad", "unsure"]


def test_an_edit_is_written_in_place_with_its_difference(bench: Bench) -> None:
    page = bench.open()
    number = bench.shown_texts().index(TEXTS[1])
    for _step in range(number):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("e")
    field = page.get_by_label("Repaired caption")
    expect(field).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    field.evaluate("(area) => area.setSelectionRange(0, 4)")
    page.keyboard.press("Alt+p")
    expect(page.locator(".edit .diff del")).to_have_text("Emma")
    expect(page.locator(".edit .diff ins")).to_have_text("<person>")
    page.keyboard.press("Alt+5")
    page.keyboard.press("Alt+5")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".caption").nth(number).locator("ins")).to_have_text("<person>")
    expect_saved(page)
    judgment = Judgment.objects.get(edited_version__isnull=False)
    assert judgment.edited_version is not None
    assert (judgment.label, judgment.edited_version.text) == ("good", "<person> is late again")
    assert judgment.edited_version.kinds == ["person"]


def test_a_left_edit_is_there_again_after_a_reload(bench: Bench) -> None:
    page = bench.open()
    page.keyboard.press("e")
    page.keyboard.type("Perhaps ")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Repaired caption")).to_have_count(0)
    page.reload()
    page.keyboard.press("e")
    expect(page.get_by_label("Repaired caption")).to_have_value(re.compile("^Perhaps "))
    assert not Judgment.objects.exists()


def test_a_cut_network_loses_and_doubles_nothing(bench: Bench) -> None:
    page = bench.open()
    page.keyboard.press("g")
    expect_saved(page)
    bench.context.set_offline(True)
    for key in "bug":
        page.keyboard.press(key)
    expect(page.locator("#save-state-text")).to_have_text("Offline, 3 waiting")
    assert [mark_of(page, n) for n in (1, 2, 3, 4)] == ["good", "bad", "unsure", "good"]
    page.keyboard.press("Enter")
    bench.context.set_offline(False)
    expect(page.get_by_text("Image 2 of 2")).to_be_visible()
    expect_saved(page)
    rows = Judgment.objects.order_by("client_sequence").values_list("label", flat=True)
    assert list(rows) == ["good", "bad", "unsure", "good"]


def test_an_answer_lost_on_its_way_back_doubles_nothing(bench: Bench) -> None:
    page = bench.open()
    lost: list[int] = []

    def lose_answer(route: Route) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    bench.context.route("**/judgments/", lose_answer)
    for key in "gb":
        page.keyboard.press(key)
    expect_saved(page)
    assert lost == [200, 200]
    assert sorted(map(str, Judgment.objects.values_list("label", flat=True))) == ["bad", "good"]


def test_a_closed_tab_sends_later_what_it_could_not(bench: Bench) -> None:
    page = bench.open()
    bench.context.set_offline(True)
    for key in "gb":
        page.keyboard.press(key)
    expect(page.locator("#save-state-text")).to_have_text("Offline, 2 waiting")
    page.close()
    bench.context.set_offline(False)
    assert not Judgment.objects.exists()
    home = bench.context.new_page()
    home.goto(bench.url("annotate-home"))
    home.wait_for_function(
        "() => !Object.keys(localStorage).some((key) => key.startsWith('polyannot:outbox:'))"
    )
    assert Judgment.objects.current().count() == 2
    bench.open(home)
    assert [mark_of(home, n) for n in (1, 2, 3)] == ["good", "bad", None]


def test_waiting_judgments_are_shown_as_given_after_a_reload(bench: Bench) -> None:
    page = bench.open()
    bench.context.route("**/judgments/", lambda route: route.abort())
    page.keyboard.press("u")
    expect(page.locator("#save-state-text")).to_have_text("Offline, 1 waiting")
    page.reload()
    expect(page.locator(".caption[aria-current=true]")).to_have_count(1)
    assert mark_of(page, 1) == "unsure"
    expect(page.locator(".caption").nth(1)).to_have_attribute("aria-current", "true")
    bench.context.unroute("**/judgments/")
    expect_saved(page)
    assert bench.labels()[0] == "unsure"


def test_an_expired_session_keeps_judgments_until_the_same_person_signs_in(bench: Bench) -> None:
    page = bench.open()
    Session.objects.all().delete()
    for key in "gb":
        page.keyboard.press(key)
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.locator("#save-state-text")).to_have_text("Offline, 2 waiting")
    assert not Judgment.objects.exists()
    bench.sign_in(bench.context)
    page.keyboard.press("u")
    expect_saved(page)
    expect(page.get_by_text("You are signed out.")).to_be_hidden()
    assert bench.labels()[:3] == ["good", "bad", "unsure"]


def test_a_closed_batch_says_so_and_the_page_shows_what_was_kept(bench: Bench) -> None:
    page = bench.open()
    page.keyboard.press("g")
    expect_saved(page)
    Batch.objects.filter(pk=bench.batch.pk).update(closed_at=bench.batch.opened_at)
    page.keyboard.press("b")
    expect(page.locator("#trouble-refused")).to_contain_text("The batch was closed")
    assert [mark_of(page, n) for n in (1, 2)] == ["good", None]
    page.get_by_role("button", name="Understood").click()
    expect(page.locator("#trouble-refused")).to_be_hidden()


def test_undo_takes_back_one_act_at_a_time_also_after_a_reload(bench: Bench) -> None:
    page = bench.open()
    for key in "gb":
        page.keyboard.press(key)
    page.keyboard.press("Control+z")
    assert [mark_of(page, n) for n in (1, 2)] == ["good", None]
    expect_saved(page)
    page.reload()
    expect(page.locator(".caption").nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Control+z")
    expect_saved(page)
    assert bench.labels() == [None] * 4


def test_the_rest_is_marked_bad_in_one_confirmed_act_and_undone_in_one(bench: Bench) -> None:
    page = bench.open()
    page.keyboard.press("g")
    page.keyboard.press("Shift+B")
    expect(page.get_by_text("3 captions still wait")).to_be_visible()
    page.keyboard.press("Escape")
    assert mark_of(page, 2) is None
    page.get_by_role("button", name="Mark the rest bad").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Mark the rest bad").click()
    expect(page.get_by_role("button", name="Next image")).to_be_visible()
    expect_saved(page)
    assert bench.labels() == ["good", "bad", "bad", "bad"]
    assert Judgment.objects.filter(mode="rest_bad").count() == 3
    page.keyboard.press("Control+z")
    expect_saved(page)
    assert bench.labels() == ["good", None, None, None]


def test_a_note_waits_for_its_judgment_and_goes_with_it(bench: Bench) -> None:
    page = bench.open()
    page.keyboard.press("n")
    page.keyboard.type("The light is odd")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".caption").first).to_contain_text("The light is odd")
    page.reload()
    expect(page.locator(".caption").first).to_contain_text("The light is odd")
    page.keyboard.press("u")
    expect_saved(page)
    assert Judgment.objects.get().note == "The light is odd"


def test_a_reported_pair_and_a_skipped_image_by_keyboard(bench: Bench) -> None:
    page = bench.open()
    first = bench.assignment()
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Reported; a head annotator decides.").first).to_be_visible()
    expect(page.locator("#report-dialog")).to_be_hidden()
    page.keyboard.press("s")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).not_to_have_attribute("data-assignment", str(first.public_id))
    first.refresh_from_db()
    assert (first.state, first.skip_reason) == (AssignmentState.SKIPPED, "cannot_see")


def test_two_tabs_of_one_person_end_in_one_judgment_each(bench: Bench) -> None:
    one, other = bench.open(), bench.open(bench.context.new_page())
    one.keyboard.press("g")
    other.keyboard.press("b")
    expect_saved(one)
    expect_saved(other)
    assert bench.labels()[0] == "bad"
    assert Judgment.objects.current().count() == 1


def test_a_double_click_on_next_hands_one_image_in(bench: Bench) -> None:
    page = bench.open()
    for _caption in TEXTS:
        page.keyboard.press("g")
    page.get_by_role("button", name="Next image").dblclick()
    expect(page.get_by_text("Image 2 of 2")).to_be_visible()
    assert Assignment.objects.filter(state=AssignmentState.DONE).count() == 1


def test_a_reload_lands_on_the_same_image_at_the_next_caption(bench: Bench) -> None:
    page = bench.open()
    held = bench.assignment().pk
    page.keyboard.press("g")
    expect_saved(page)
    page.goto(bench.url("annotate-home"))
    page.get_by_role("link", name="Continue").click()
    expect(page.locator(".caption").nth(1)).to_have_attribute("aria-current", "true")
    assert bench.assignment().pk == held


def test_an_answer_of_an_earlier_image_is_changed_from_the_list_of_previous_images(bench: Bench) -> None:
    page = bench.open()
    first = bench.assignment()
    for _caption in TEXTS:
        page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Image 2 of 2")).to_be_visible()
    page.locator(".workspace__previous").click()
    page.get_by_role("link", name="4 judged").click()
    expect(page.get_by_text("A finished image; changes are saved.")).to_be_visible()
    page.locator(".caption").nth(2).click()
    page.keyboard.press("b")
    expect_saved(page)
    changed = Judgment.objects.current().get(version_id=first.version_ids[2])
    assert changed.label == "bad"


def test_time_counts_only_while_the_page_has_the_focus(bench: Bench) -> None:
    page = bench.open()
    page.wait_for_timeout(400)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hasFocus", { value: () => false, configurable: true });
          window.dispatchEvent(new Event("blur"));
        }"""
    )
    page.wait_for_timeout(2500)
    page.evaluate("() => { delete document.hasFocus; window.dispatchEvent(new Event('focus')); }")
    page.keyboard.press("g")
    expect_saved(page)
    assert 300 <= Judgment.objects.get().duration_ms < 2000


def test_single_keys_can_be_switched_off(bench: Bench) -> None:
    page = bench.open()
    page.keyboard.press("?")
    page.get_by_label("Single keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    assert mark_of(page, 1) is None
    page.get_by_role("button", name="Good").click()
    assert mark_of(page, 1) == "good"


def test_judging_works_without_scripts(bench: Bench) -> None:
    page = bench.signed_in(java_script_enabled=False).new_page()
    page.goto(bench.url())
    for name in ("Good", "Bad", "Unsure", "Good"):
        page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Next image").click()
    expect(page.get_by_text("Image 2 of 2")).to_be_visible()
    assert Judgment.objects.current().count() == len(TEXTS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(bench: Bench, scheme: Any, width: int) -> None:
    page = bench.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def check(where: str) -> None:
        found = violations(page)
        told = [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found]
        assert told == [], where

    for name in ("annotate-home", "my-work", "feedback", "guidelines"):
        page.goto(bench.url(name))
        check(name)
    bench.open()
    check("workspace")
    for key in ("e", "?", "n", "r", "s", "z"):
        page.keyboard.press(key)
        check(f"after {key}")
        page.keyboard.press("Escape")
    for key in "gbu":
        page.keyboard.press(key)
    page.keyboard.press("g")
    expect_saved(page)
    check("all judged")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Image 2 of 2")).to_be_visible()
    check("second image")
