"""Grading paraphrases in a real browser: by finger, by key, without a script; axe looks at each page."""

import pytest
from playwright.sync_api import Page

from studies.drafting.piloting import run_pilot
from studies.job_kinds import ask_for_results
from studies.models import Answer, Participant, Study
from studies.results.computing import write_result
from studies.results.drawing import store_figures
from tests.flows.sound import overrun
from tests.flows.test_study_browser import (
    assert_accessible,
    assert_for_fingers,
    phone,  # noqa: F401  a fixture
    plain_phone,  # noqa: F401  a fixture
)
from tests.flows.way import TakeSeat
from tests.live import LiveProgram
from tests.study_rows import make_grading, make_open_grading, researcher_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def study(transactional_db: None) -> Study:
    return make_open_grading(pairs_per_participant=5)


def test_a_grader_on_a_phone_answers_by_key_and_by_finger(
    study: Study,
    phone: Page,  # noqa: F811
    live_web: LiveProgram,
) -> None:
    phone.goto(f"{live_web.url}s/{study.slug}/")
    assert_accessible(phone)
    phone.get_by_role("button", name="I agree").click()
    phone.get_by_role("button", name="Begin").wait_for()
    assert_accessible(phone)
    phone.get_by_role("button", name="Begin").click()
    phone.get_by_text("0 of 8").wait_for()
    for scheme in ("light", "dark"):
        phone.emulate_media(color_scheme=scheme)
        assert_accessible(phone)
    phone.keyboard.press("3")
    phone.get_by_text("1 of 8").wait_for()
    phone.keyboard.press("9")
    phone.get_by_role("button", name="5 The same").click()
    phone.get_by_text("2 of 8").wait_for()
    phone.get_by_text("What the grades mean").click()
    assert_accessible(phone)
    for done in range(2, 8):
        phone.keyboard.press("0")
        (
            phone.get_by_text(f"{done + 1} of 8") if done < 7 else phone.get_by_text("Thank you")
        ).first.wait_for()
    assert_accessible(phone)
    values = (
        Answer.objects.filter(card__study=study).order_by("card__position").values_list("value", flat=True)
    )
    assert list(values) == ["3", "5", "0", "0", "0", "0", "0", "0"]


def test_grading_works_without_a_script_on_a_small_phone(
    study: Study,
    plain_phone: Page,  # noqa: F811
    live_web: LiveProgram,
) -> None:
    plain_phone.goto(f"{live_web.url}s/{study.slug}/")
    plain_phone.get_by_role("button", name="I agree").click()
    plain_phone.get_by_role("button", name="Begin").click()
    plain_phone.get_by_text("0 of 8").wait_for()
    assert_for_fingers(plain_phone, least=44)
    assert overrun(plain_phone) <= 0
    for done in range(8):
        plain_phone.get_by_text(f"{done} of 8").wait_for()
        plain_phone.get_by_role("button", name="4 Nearly the same").tap()
    plain_phone.get_by_role("heading", name="Thank you").wait_for()
    assert Participant.objects.get(study=study).state == "finished"


def test_builder_pairs_and_results_can_be_read_wide_and_narrow_light_and_dark(seat: TakeSeat) -> None:
    draft = make_grading()
    run_pilot(study=draft, actor=None)
    job = ask_for_results(study=draft, actor=None)
    store_figures(write_result(study=draft, job=job))
    job.state = "done"
    job.save(update_fields=["state"])
    researcher = seat(draft.project, researcher_of(draft.project))
    for name in ("study-edit", "study-pairs", "study-launch", "study-results"):
        page = researcher.open(name, draft.public_id)
        for width, scheme in ((1440, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert_accessible(page, width)
