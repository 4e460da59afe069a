"""Captions in a real browser: search, preview, fix, undo; going back to a version; axe finds nothing."""

import pytest
from django.templatetags.static import static
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from annotation.captions.editing import decide_edit, propose_edit, word_difference
from annotation.models import CaptionVersion
from projects.models import Project, Role
from tests import factories as make
from tests.flows.sound import overrun, violations_in
from tests.flows.way import Seat, TakeSeat

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = [(1440, 900), (390, 844)]
TEXTS = [
    "A grey heron waits beside the water",
    "Grey clouds over a grey sea",
    "Two grey cats share a chair",
    "A red boat rests on the sand",
    "The greyhound sleeps",
]
WORDS = st.lists(st.sampled_from(["a", "red", "blue", "car", "<person>", "waits"]), max_size=8).map(" ".join)


@pytest.fixture
def project() -> Project:
    project = make.make_project(good_target=2)
    image = make.add_image(project, "harbour", content=make.picture_bytes(size=(640, 480)))
    for place, text in enumerate(TEXTS):
        make.add_caption(image, text, pool_rank=place)
    return project


@pytest.fixture
def head(seat: TakeSeat, project: Project) -> Seat:
    return seat(project, make.add_member(project, Role.HEAD))


def standing(project: Project) -> set[str]:
    return set(CaptionVersion.objects.filter(project=project).current().values_list("text", flat=True))


def test_a_spelling_is_searched_looked_at_fixed_and_undone(head: Seat, project: Project) -> None:
    page = head.open("captions")
    page.get_by_label("Words in the text").fill("grey")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="4 captions")).to_be_visible()
    page.get_by_role("link", name="Find and fix").click()
    expect(page.get_by_text("In the 4 captions of your search.")).to_be_visible()
    page.get_by_label("Put in its place").fill("gray")
    page.get_by_label("Upper and lower case differ").uncheck()
    page.get_by_label("Colour").check()
    page.get_by_label("accepted: they stand at once").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Change 3 captions")).to_be_visible()
    expect(page.locator(".diff").nth(1)).to_contain_text("Grey Gray clouds over a grey gray sea")
    page.get_by_role("checkbox").nth(2).uncheck()
    page.get_by_role("button", name="Keep these ticks").click()
    page.get_by_role("button", name="Change 2 captions").click()
    expect(page.get_by_text("2 new texts wait for a second person")).to_be_visible()
    assert "Gray clouds over a gray sea" in standing(project)
    assert "Two grey cats share a chair" in standing(project)
    page.get_by_role("button", name="Undo all of it").click()
    expect(page.get_by_role("status").filter(has_text="2 taken back, 0 kept")).to_be_visible()
    assert standing(project) == set(TEXTS)


def test_a_caption_goes_back_to_a_named_version(head: Seat, project: Project) -> None:
    base = CaptionVersion.objects.get(text=TEXTS[3])
    edit = propose_edit(
        parent=base, text="A blue boat rests on the sand", kinds=["color"], author=make.make_user()
    )
    decide_edit(version=edit, reviewer=head.user, accept=True)
    page = head.open("caption", base.caption.public_id)
    expect(page.get_by_role("heading", level=1)).to_have_text("A blue boat rests on the sand")
    page.get_by_text("Go back to this text").first.click()
    page.get_by_label("Why").first.fill("The boat is red.")
    page.get_by_role("button", name="Go back", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TEXTS[3])
    expect(page.locator("#versions + ol").get_by_text("waits for a second person")).to_be_visible()
    expect(page.get_by_text("Went back: The boat is red.")).to_be_visible()


def test_a_search_is_kept_and_opened_again(head: Seat, project: Project) -> None:
    page = head.open("captions")
    page.get_by_label("Words in the text").fill("boat")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Keep this filter").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Boats")
    page.get_by_role("button", name="Keep it").click()
    page.goto(head.address("captions"))
    page.get_by_role("link", name="Boats").click()
    expect(page.get_by_role("heading", name="1 caption")).to_be_visible()


def test_the_server_and_the_browser_tell_the_same_difference(head: Seat, project: Project) -> None:
    page = head.open("captions")
    module = static("js/workspace/difference.js")

    @given(before=WORDS, after=WORDS)
    @settings(max_examples=60, deadline=None)
    def same(before: str, after: str) -> None:
        told = page.evaluate(
            "async ([module, before, after]) => (await import(module)).wordDifference(before, after)",
            [module, before, after],
        )
        ours = [{"kind": change.kind, "words": change.words} for change in word_difference(before, after)]
        assert told == ours

    same()


def complaints(page: Page, name: str, width: int, scheme: str) -> list[str]:
    """Return what axe finds on the page, and whether it runs over."""
    for details in page.locator("main details").all()[:4]:
        details.evaluate("element => { element.open = true; }")
    wrong = []
    if overrun(page):
        wrong.append(f"{name} at {width} runs over")
    found = violations_in(page, scheme)
    return wrong + [f"{name} at {width}, {scheme}: {v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]


def test_axe_finds_nothing_on_the_pages_of_captions(head: Seat, project: Project) -> None:
    make.add_image(project, "spare", state="reserve")
    base = CaptionVersion.objects.get(text=TEXTS[3])
    decide_edit(
        version=propose_edit(parent=base, text="A blue boat rests", kinds=["color"], author=make.make_user()),
        reviewer=head.user,
        accept=True,
    )
    page, wrong = head.open("caption-fix-new"), []
    page.get_by_label("Find", exact=True).fill("grey")
    page.get_by_label("Colour").check()
    page.get_by_role("button", name="Preview").click()
    draft = page.url
    page.goto(head.address("caption-fix-new"))
    page.get_by_label("Find", exact=True).fill("red")
    page.get_by_label("Put in its place").fill("green")
    page.get_by_label("Colour").check()
    page.get_by_role("button", name="Preview").click()
    empty = page.url
    page.goto(draft)
    addresses = {
        "search": head.address("captions") + "?q=grey",
        "nothing": head.address("captions") + "?q=zebra",
        "caption": head.address("caption", base.caption.public_id),
        "new": head.address("caption-fix-new"),
        "preview": draft,
        "empty": empty,
        "fixes": head.address("caption-fixes"),
        "stale": head.address("captions-stale"),
        "swaps": head.address("image-swaps"),
        "confirm": f"{head.address('image-swaps')}?image={base.image.public_id}",
    }
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for name, address in addresses.items():
                page.goto(address)
                wrong += complaints(page, name, width, scheme)
    assert wrong == []
