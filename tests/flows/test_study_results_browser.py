"""The results page in a real browser: drawings keep the content policy, axe finds nothing, an archive comes whole."""

import zipfile

import pytest
from playwright.sync_api import Page

from studies.drafting.approving import set_policy
from studies.drafting.declaring import AskedSet, add_sets
from studies.drafting.piloting import run_pilot
from studies.job_kinds import ask_for_results
from studies.models import Study
from studies.results.computing import write_result
from studies.results.drawing import store_figures
from tests.flows.sound import overrun, told, violations
from tests.flows.way import TakeSeat
from tests.study_rows import make_judged_project, make_study, researcher_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def study(transactional_db: None) -> Study:
    study = make_study(make_judged_project(images=6), hard_pairs=8)
    run_pilot(study=study, actor=None)
    job = ask_for_results(study=study, actor=None)
    store_figures(write_result(study=study, job=job))
    job.state = "done"
    job.save(update_fields=["state"])
    return study


def assert_accessible(page: Page, width: int) -> None:
    assert told(violations(page, {"runOnly": {"type": "tag", "values": TAGS}})) == []
    assert overrun(page) <= 0, f"at {width}"


def test_results_can_be_read_wide_and_narrow_light_and_dark_and_taken_along(
    study: Study, seat: TakeSeat
) -> None:
    researcher = seat(study.project, researcher_of(study.project))
    page = researcher.open("study-results", study.public_id)
    assert page.locator("figure.figure svg").count() == 5
    for width, scheme in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert_accessible(page, width)
    letters = page.locator("#figure-pairs text").first
    assert letters.evaluate("each => getComputedStyle(each).fill") != "rgb(26, 29, 32)"
    with page.expect_download() as download:
        page.get_by_role("button", name="Every answer").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"answers.csv", "reproduce.py", "figures/flow.pdf"} <= set(archive.namelist())


def test_the_way_to_the_launch_can_be_used_wide_and_narrow_light_and_dark(
    study: Study, seat: TakeSeat
) -> None:
    set_policy(project=study.project, needs_approval=True, actor=None)
    add_sets(study=study, asked=AskedSet("Low", below=0.9), actor=None)
    researcher = seat(study.project, researcher_of(study.project))
    for width, scheme in ((1440, "light"), (390, "dark")):
        researcher.page.set_viewport_size({"width": width, "height": 900})
        researcher.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page = researcher.open("studies")
        assert_accessible(page, width)
        for name in ("study-edit", "study-sets", "study-launch"):
            assert_accessible(researcher.open(name, study.public_id), width)
        page.get_by_role("button", name="Link for a co-author").click()
        page.locator("#test-link").wait_for()
        assert_accessible(page, width)
