"""The pages of a benchmark in a real browser: axe finds nothing, nothing runs over, at both sizes, light and dark."""

import pytest
from playwright.sync_api import expect

from annotation.models import Encoder
from projects.models import Role
from tests import factories as make
from tests.annotation.test_benchmark_pairs import embed
from tests.annotation.test_external_scores import a_comparison
from tests.flows.sound import overrun, told, violations_in
from tests.flows.way import TakeSeat

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = ((1440, 900), (390, 844))


def test_axe_finds_nothing_on_a_benchmark_and_its_tables_can_be_opened_and_fetched(seat: TakeSeat) -> None:
    run, _made = a_comparison()
    embed(run, Encoder.objects.get(name="voter_1"))
    version = run.pairs.filter(is_negative=False).order_by("version")[0].version
    researcher = seat(run.project, make.add_member(run.project, Role.RESEARCHER))
    page = researcher.open("difficulty-benchmark")
    address, wrong = page.url, []
    for part in ("retrieval", "pairs"):
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                page.goto(f"{address}?part={part}")
                expect(page.get_by_role("table").first).to_be_visible()
                if overrun(page):
                    wrong.append(f"{part} at {width} runs over")
                wrong += [
                    f"{part} at {width}, {scheme}: {fault}" for fault in told(violations_in(page, scheme))
                ]
    own = f"{address}{run.public_id}/"
    for path in (
        "pairs/?outcome=",
        f"captions/{version.public_id}/",
        f"images/{version.image.public_id}/",
        "scores/",
    ):
        for width, height in SIZES:
            scheme = "dark" if width > height else "light"
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
            assert (answer := page.goto(f"{own}{path}")) is not None
            assert answer.ok
            if overrun(page):
                wrong.append(f"{path} at {width} runs over")
            wrong += [f"{path} at {width}, {scheme}: {fault}" for fault in told(violations_in(page, scheme))]
    assert wrong == []
    page.goto(address)
    page.get_by_text("Table 3: retrieval").click()
    expect(page.get_by_role("row", name="CLIP-ViT-L/14 15.8")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="LaTeX").click()
    assert download.value.suggested_filename == f"benchmark-{run.public_id}.tex"
