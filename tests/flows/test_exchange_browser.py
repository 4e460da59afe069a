"""Judgments coming in and going out in a real browser, a worker at their side: trial, import, download, estimates."""

import csv
import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Judgment, LabelEstimateRun
from projects.models import Role
from tests import factories as make
from tests.flows.sound import overrun, told, violations
from tests.flows.way import PATIENCE, Seat, TakeSeat, judged, photographed
from tests.live import LiveProgram

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = [(1440, 900), (390, 844)]
GRADES = ((4, 4, 3), (1, 1, 2), (3, 3, 3), (4, 2, 4))


@pytest.fixture
def head(seat: TakeSeat) -> Seat:
    """Return a head annotator of a project with photographs that three annotators judged."""
    project = photographed(captions=4)
    judged(project, annotators=3)
    return seat(project, make.add_member(project, Role.HEAD))


def table(head: Seat, folder: Path) -> Path:
    """Write the grades of three experts, with one line that fits nothing."""
    path = folder / "experts.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["image_key", "caption", "rater_id", "label"])
        captions = head.project.captions.filter(image__key="cat").order_by("pk")
        for caption, grades in zip(captions, GRADES, strict=True):
            for expert, grade in enumerate(grades, start=1):
                writer.writerow(["cat.jpg", caption.verbatim, f"expert {expert}", grade])
        writer.writerow(["cta.jpg", "A cat", "expert 1", 2])
    return path


def faultless(page: Page) -> None:
    """Hold the page against axe in both sizes and themes; nothing may run over its side."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_timeout(400)
            assert told(violations(page)) == []
            assert overrun(page) <= 0, f"at {width}"
            if folder := os.environ.get("PICTURES"):
                name = page.title().split(" ·")[0].replace(" ", "-").lower()
                page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_grades_of_experts_are_tried_then_imported_then_agreed_upon(
    head: Seat, tmp_path: Path, live_default_worker: LiveProgram
) -> None:
    page = head.open("judgments-import")
    faultless(page)
    page.get_by_label("File", exact=True).set_input_files(table(head, tmp_path))
    page.get_by_label("Name of the batch").fill("Experts")
    page.get_by_label("Name of the new set").fill("Grades 1 to 4")
    page.get_by_role("button", name="Try it").click()
    button = page.get_by_role("button", name="Import 12 judgments")
    expect(button).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("No image has the key cta.jpg")).to_be_visible()
    faultless(page)
    assert not Judgment.objects.filter(mode="imported").exists()
    button.click()
    link = page.get_by_role("link", name="Agreement", exact=True).last
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible(timeout=PATIENCE)
    assert Judgment.objects.filter(mode="imported", meaning="neutral").count() == 12
    link.click()
    expect(page.get_by_role("heading", name="Agreement", level=1)).to_be_visible()


def test_a_file_is_downloaded_without_a_script_and_names_nobody(head: Seat) -> None:
    page = head.open("judgments-export")
    faultless(page)
    page.get_by_label("Label Studio: tasks with annotations (JSON)").check()
    with page.expect_download() as loading:
        page.get_by_role("button", name="Download").click()
    tasks = json.loads(loading.value.path().read_text(encoding="utf-8"))
    assert len(tasks) == 8
    names = {row["result"][0]["meta"]["rater_id"] for task in tasks for row in task["annotations"]}
    assert names == {"rater_01", "rater_02", "rater_03"}


def test_estimated_labels_lead_to_the_pair(head: Seat, live_default_worker: LiveProgram) -> None:
    page = head.open("agreement-estimates")
    faultless(page)
    page.get_by_role("button", name="Estimate", exact=True).click()
    expect(page.get_by_role("heading", name="Annotators as the model sees them")).to_be_visible(
        timeout=PATIENCE
    )
    assert LabelEstimateRun.objects.get().n_items == 8
    page.get_by_label("Where estimates").select_option("all")
    page.get_by_role("button", name="Show", exact=True).last.click()
    page.locator("details.disclosure summary").first.click()
    faultless(page)
    page.locator(".row__title a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
