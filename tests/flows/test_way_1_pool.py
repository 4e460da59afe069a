"""One pair, the whole way, first part: files become a gallery, and models see it."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from annotation.models import Caption, CaptionVersion, Embedding, Image, Similarity
from demo import content
from projects.models import Job, Role
from projects.models.jobs import JobState
from tests import factories as make
from tests.flows.way import PATIENCE, PHOTOGRAPHS, TakeSeat, photographed
from tests.live import LiveProgram

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "import"
ENCODER = "shipped:lite0"


def archive() -> bytes:
    """Return a zip of two demo photographs, named as the fixture's captions name them, and of a broken picture."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("photographs/cat.jpg", (content.FOLDER / "images" / "cat.jpg").read_bytes())
        packed.writestr("photographs/cup.jpg", (content.FOLDER / "images" / "coffee.jpg").read_bytes())
        packed.writestr("photographs/broken.jpg", (FIXTURES / "images" / "broken.jpg").read_bytes())
    return out.getvalue()


def test_stage_1_an_admin_signs_in_and_imports_what_is_sound_of_a_zip_and_a_table(
    browser: Browser, live_web: LiveProgram, live_default_worker: LiveProgram
) -> None:
    admin = make.make_user("project-admin")
    project = make.make_project("photographs", admin=admin)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(live_web.url.rstrip("/") + reverse("import", args=[project.slug]))
    page.locator("[name=username]").fill(admin.username)
    page.locator("[name=password]").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#id_images").set_input_files(
        {"name": "photographs.zip", "mimeType": "application/zip", "buffer": archive()}
    )
    page.locator("#id_captions").set_input_files(FIXTURES / "captions_with_errors.csv")
    page.get_by_role("button", name="Import").click()

    expect(page.get_by_role("heading", name="9 items left out")).to_be_visible(timeout=PATIENCE)
    items = page.locator("tbody th").all_inner_texts()
    lines = sorted(int(item.rpartition("line ")[2]) for item in items if "line " in item)
    assert lines == [4, 5, 6, 7, 8, 9, 10, 14]
    assert any("broken.jpg" in item for item in items)
    page.get_by_role("link", name="Images", exact=True).first.click()
    expect(page.locator(".tile")).to_have_count(2)
    for picture in page.locator(".tile img").all():
        assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") > 0
    context.close()

    assert set(Image.objects.values_list("key", flat=True)) == {"cat", "cup"}
    arrived = "ok-1 ok-2 markup formula formula-2 decomposed two-lines ok-3"
    assert set(Caption.objects.values_list("key", flat=True)) == set(arrived.split())
    assert Job.objects.get().asked_by == admin


def test_stage_2_similarities_are_asked_for_on_the_page_and_computed_by_a_real_model(
    seat: TakeSeat, live_workers: Mapping[str, LiveProgram]
) -> None:
    project = photographed(captions=8)
    head = seat(project, make.add_member(project, Role.HEAD))
    page = head.open("difficulty-similarities")
    page.get_by_role("button", name="Compute what is missing").click()
    page.get_by_role("dialog").get_by_label("Encoders").fill(ENCODER)
    page.get_by_role("dialog").get_by_role("button", name="Compute").click()
    row = page.locator("tbody tr").filter(has_text=ENCODER)
    expect(row).to_contain_text("16 of 16", timeout=PATIENCE)

    rows = Similarity.objects.filter(project=project).select_related("version")
    assert {row.version_id for row in rows} == set(CaptionVersion.objects.values_list("pk", flat=True))
    assert all(row.encoder.name == ENCODER and row.image_id == row.version.image_id for row in rows)
    assert all(-1 <= row.cosine <= 1 for row in rows)
    assert len({round(row.cosine, 6) for row in rows}) == 16
    assert Embedding.objects.filter(modality="image").count() == len(PHOTOGRAPHS)
    assert Embedding.objects.filter(modality="text").count() == 16
    job = Job.objects.get(kind="similarities")
    assert (job.state, job.items_failed) == (JobState.DONE, 0)
    head.open("job-detail", job.public_id)
    expect(page.locator(".job")).to_contain_text("Done")
    expect(page.get_by_text("Nothing was left out.")).to_be_visible()
