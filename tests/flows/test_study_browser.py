"""A participant on a phone, with the keyboard alone, in a real browser; axe looks at every page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from studies.models import Answer, Background, PairReport, Participant, Study
from studies.taking.answering import record_answer
from tests.flows.sound import overrun, told, violations
from tests.flows.way import chromium
from tests.live import LiveProgram
from tests.study_rows import make_judged_project, make_open_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 390, "height": 844}
SMALL = {"width": 360, "height": 640}
# The least edge of what a finger is to meet, in CSS pixels (WCAG 2.2, 2.5.8).
LEAST_TARGET = 24


@pytest.fixture
def study(transactional_db: None) -> Study:
    return make_open_study(make_judged_project(images=7))


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    # Playwright keeps an event loop in this thread; the tests read rows beside it, never inside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with chromium() as browser:
        context = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]
        yield context.new_page()


@pytest.fixture
def plain_phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A small phone that runs no script."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with chromium() as browser:
        context = browser.new_context(viewport=SMALL, java_script_enabled=False, has_touch=True)  # type: ignore[arg-type]
        yield context.new_page()


def assert_accessible(page: Page, width: int = PHONE["width"]) -> None:
    assert told(violations(page, {"runOnly": {"type": "tag", "values": TAGS}})) == []
    assert overrun(page) <= 0, f"at {width}"


def assert_for_fingers(page: Page, least: int = LEAST_TARGET) -> None:
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        if box is not None:
            assert min(box["width"], box["height"]) >= least, button.inner_text()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= SMALL["width"]


def test_a_participant_answers_by_keys_on_a_phone_and_is_measured(
    study: Study, live_web: LiveProgram, phone: Page
) -> None:
    phone.goto(f"{live_web.url}s/{study.slug}/?PROLIFIC_PID=keyboard&STUDY_ID=1")
    assert phone.url == f"{live_web.url}s/{study.slug}/go/"
    assert_accessible(phone)
    phone.get_by_role("button", name="I agree and take part").press("Enter")
    phone.get_by_role("button", name="Begin").wait_for()
    assert_accessible(phone)
    phone.get_by_role("button", name="Begin").press("Enter")
    phone.locator("#answers").wait_for()
    assert_accessible(phone)
    answered = []
    while phone.locator("#answers").count():
        key = "b" if "wrong" in phone.locator("h1").inner_text() else "g"
        answered.append("bad" if key == "b" else "good")
        card = phone.locator("[name=card]").get_attribute("value")
        phone.wait_for_timeout(120)
        phone.keyboard.press(key)
        phone.wait_for_function(
            "card => document.readyState === 'complete' && document.querySelector('[name=card]')?.value !== card",
            arg=card,
        )
    assert_accessible(phone)
    assert phone.locator("#completion-code").inner_text() == "C1X2Y3"
    rows = list(Answer.objects.order_by("card__position"))
    assert [row.value for row in rows] == answered
    assert all(100 <= (row.focused_ms or 0) <= (row.server_ms or 0) for row in rows)
    phone.go_back()
    phone.get_by_text("Your completion code").wait_for()
    assert Answer.objects.count() == 7


def test_withdrawing_in_the_browser_asks_once_and_erases(
    study: Study, live_web: LiveProgram, phone: Page
) -> None:
    phone.goto(f"{live_web.url}s/{study.slug}/")
    phone.get_by_role("button", name="I agree and take part").click()
    phone.get_by_role("button", name="Begin").click()
    phone.get_by_role("button", name="Good").click()
    phone.get_by_role("link", name="Withdraw from this study").click()
    phone.get_by_role("button", name="Withdraw and erase my answers").wait_for()
    assert_accessible(phone)
    phone.get_by_role("button", name="Withdraw and erase my answers").click()
    phone.get_by_role("heading", name="You have withdrawn").wait_for()
    assert_accessible(phone)
    assert Participant.objects.get().state == "withdrawn"
    assert not Answer.objects.exists()


def test_a_small_phone_without_scripts_goes_all_the_way(
    study: Study, live_web: LiveProgram, plain_phone: Page
) -> None:
    Study.objects.filter(pk=study.pk).update(asks_language=True, asks_country=True, asks_age=True)
    page = plain_phone
    page.goto(f"{live_web.url}s/{study.slug}/")
    assert_for_fingers(page)
    page.get_by_role("button", name="I agree and take part").tap()
    page.get_by_role("button", name="Begin").tap()
    page.get_by_role("button", name="Good").wait_for()
    assert_for_fingers(page)
    page.get_by_role("link", name="Report this pair").tap()
    page.get_by_label("Something else").check()
    page.get_by_role("button", name="Send").tap()
    page.get_by_role("link", name="Back to the pair").tap()
    for _pair in range(7):
        with page.expect_navigation():
            page.get_by_role("button", name="Good").tap()
    page.get_by_label("How old are you?").select_option("25-34")
    assert_for_fingers(page)
    page.get_by_role("button", name="Finish").tap()
    assert page.locator("#completion-code").inner_text() == "C1X2Y3"
    assert Answer.objects.count() == 7
    assert Background.objects.get().age_band == "25-34"
    assert PairReport.objects.count() == 1


def test_questions_and_reports_can_be_used_by_everybody(
    study: Study, live_web: LiveProgram, phone: Page
) -> None:
    Study.objects.filter(pk=study.pk).update(asks_language=True, asks_country=True, asks_age=True)
    phone.goto(f"{live_web.url}s/{study.slug}/")
    phone.get_by_role("button", name="I agree and take part").click()
    phone.get_by_role("button", name="Begin").click()
    phone.get_by_role("link", name="Report this pair").click()
    phone.get_by_role("button", name="Send").wait_for()
    assert_accessible(phone)
    phone.get_by_role("button", name="Send").click()
    phone.get_by_text("Choose what is wrong.").wait_for()
    assert_accessible(phone)
    person = Participant.objects.get()
    for card in person.cards.order_by("position"):
        record_answer(participant=person, card_id=card.public_id, value="good")
    phone.goto(f"{live_web.url}s/{study.slug}/go/")
    phone.get_by_role("heading", name="A few questions about you").wait_for()
    assert_accessible(phone)
    phone.goto(f"{live_web.url}s/{study.slug}/closed/link_needed/")
    assert_accessible(phone)
