"""Other labels, onboarding and their pages in a real browser: by keyboard, both themes, and axe finds nothing."""

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Judgment, LabelColor, OnboardingRun, OnboardingState
from annotation.review.adjudicating import adjudicate
from annotation.rules.known_answers import make_known_answer
from annotation.rules.label_presets import SIMILARITY, GivenLabel
from annotation.rules.label_schemas import make_schema
from annotation.working.opening import open_batch
from projects.models import Role
from tests import factories as make
from tests.annotation.known_rows import answer_all, ask_onboarding, begin, known_pair
from tests.flows.sound import overrun, told, violations
from tests.flows.way import TakeSeat, expect_saved, photographed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STYLES = (
    GivenLabel("plain", "Plain", "p", "good", LabelColor.TEAL, "It says what is there."),
    GivenLabel("poetic", "Poetic", "o", "good", LabelColor.VIOLET, "It goes beyond what is there."),
    GivenLabel("wrong", "Wrong", "w", "bad", LabelColor.ROSE),
    GivenLabel("other", "Neither", "1", "neutral", LabelColor.BLUE),
)


def must_be_sound(page: Page, name: str) -> None:
    """Look at the page with axe, in both themes, wide and narrow; nothing runs over the edge."""
    for width, theme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.locator("html").evaluate("(html, theme) => { html.dataset.theme = theme; }", theme)
        assert overrun(page) <= 0, f"{name} at {width}"
        assert told(violations(page)) == [], name
    page.set_viewport_size({"width": 1280, "height": 900})


def test_grades_of_paraphrases_are_given_wholly_by_keyboard(seat: TakeSeat) -> None:
    project = photographed(captions=4, photographs=["cat"])
    original, *paraphrases = project.captions.order_by("pool_rank")
    project.captions.filter(pk__in=[row.pk for row in paraphrases]).update(paraphrase_of=original)
    grades = make_schema(
        project=project,
        actor=None,
        name="Alike",
        level="ordinal",
        labels=SIMILARITY,
        compares_paraphrases=True,
    )
    batch = open_batch(
        project=project, name="Alike?", images=project.images.all(), overlap=1, actor=None, schema=grades
    )
    annotator = seat(project, make.add_member(project))
    page = annotator.open("workspace", batch.public_id)
    expect(page.locator(".caption")).to_have_count(3)
    expect(page.locator(".caption__original").first).to_contain_text(original.verbatim)
    expect(page.locator('[data-act="rest-bad"], [data-act="edit"]')).to_have_count(0)
    must_be_sound(page, "workspace-grades")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("They mean the same; only the words differ.")
    expect(page.get_by_role("dialog")).not_to_contain_text("mark the rest")
    page.keyboard.press("Escape")
    for key in ("5", "Shift+b", "0", "3"):
        page.keyboard.press(key)
    expect_saved(page)
    page.keyboard.press("Control+z")
    page.keyboard.press("4")
    expect_saved(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is left for you here")).to_be_visible()

    rows = Judgment.objects.current().values_list("label", "meaning", "mode")
    assert sorted(rows) == [("0", "neutral", "key"), ("4", "neutral", "key"), ("5", "neutral", "key")]


def test_own_labels_with_own_colours_keys_and_a_bad_one_for_the_rest(seat: TakeSeat) -> None:
    project = photographed(captions=4, photographs=["cat"])
    styles = make_schema(
        project=project, actor=None, name="Style", level="nominal", labels=STYLES, allows_edits=True
    )
    batch = open_batch(
        project=project, name="Style?", images=project.images.all(), overlap=1, actor=None, schema=styles
    )
    page = seat(project, make.add_member(project)).open("workspace", batch.public_id)
    page.keyboard.press("o")
    page.keyboard.press("1")
    must_be_sound(page, "workspace-styles")

    page.keyboard.press("Shift+b")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Mark the rest wrong?")
    expect(dialog).to_contain_text("2 captions still wait.")
    page.keyboard.press("Enter")
    expect_saved(page)

    rows = Judgment.objects.current().values_list("label", "meaning", "mode")
    assert sorted(rows) == [
        ("other", "neutral", "key"),
        ("poetic", "good", "key"),
        ("wrong", "bad", "rest_bad"),
        ("wrong", "bad", "rest_bad"),
    ]


def test_a_newcomer_goes_from_the_guidelines_to_their_first_batch_by_keyboard(seat: TakeSeat) -> None:
    project = photographed(captions=2, photographs=["cat"])
    ask_onboarding(project, n_training=1, n_qualification=2)
    batch = make.make_batch(project, list(project.images.filter(key="cat")), overlap=1)
    newcomer = seat(project, make.add_member(project))
    page = newcomer.open("workspace", batch.public_id)
    expect(page.get_by_role("heading", name="Onboarding")).to_be_visible()
    must_be_sound(page, "onboarding-read")
    page.get_by_role("link", name="Read the guidelines").press("Enter")
    page.get_by_role("button", name="I have read version 1").press("Enter")
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    must_be_sound(page, "onboarding-begin")
    page.get_by_role("button", name="Begin").press("Enter")

    expect(page.get_by_role("heading", name="Training")).to_be_visible()
    must_be_sound(page, "onboarding-question")
    page.keyboard.press("u")
    expect(page.get_by_text("Known otherwise")).to_be_visible()
    must_be_sound(page, "onboarding-feedback")
    expect(page.get_by_role("link", name="To the qualification")).to_be_focused()
    page.keyboard.press("Enter")
    run = OnboardingRun.objects.get()
    for known in (run.qualification_ids[0], run.qualification_ids[1]):
        expect(page.get_by_role("heading", name="Qualification")).to_be_visible()
        answers = run.answers.filter(stage="qualification").count()
        right = project.known_answers.get(pk=known).label
        # A key is heard once the page's script is there, which is after its heading.
        page.wait_for_load_state()
        page.keyboard.press(right[0])
        page.wait_for_load_state()
        expect(
            page.get_by_text(f"{answers + 1} of 2 answered").or_(page.get_by_text("You are in"))
        ).to_be_visible()
    expect(page.get_by_role("link", name="To my batches")).to_be_visible()
    must_be_sound(page, "onboarding-passed")
    run.refresh_from_db()
    assert run.state == OnboardingState.PASSED
    page.get_by_role("link", name="To my batches").press("Enter")
    page.get_by_role("link", name="Start").press("Enter")
    expect(page.locator(".caption")).to_have_count(2)


def test_the_heads_pages_of_the_rules_are_sound(seat: TakeSeat) -> None:
    project = photographed(captions=3, photographs=["cat"])
    maker = ask_onboarding(project, n_training=1, n_qualification=3)
    known_pair(project, "gold", head=maker)
    version, other, _last = project.caption_versions.filter(image__key="cat").order_by("pk")
    imp = project.label_schemas.get()
    make_known_answer(
        version=version,
        schema=imp,
        label="good",
        use="example",
        actor=maker,
        explanation="It says more than the photograph, and nothing against it.",
    )
    batch = make.make_batch(project, list(project.images.filter(key="cat")), overlap=2)
    styles = make_schema(project=project, actor=None, name="Style", level="nominal", labels=STYLES)
    answer_all(begin(project, make.add_member(project)), n_wrong=1)
    answer_all(begin(project, make.add_member(project)))
    head = seat(project, make.add_member(project, Role.HEAD))
    for name, arguments in (
        ("label-schemas", ()),
        ("label-schema", (styles.public_id,)),
        ("label-schema", (imp.public_id,)),
        ("known-answers", ()),
        ("known-answer-new", (other.public_id,)),
        ("guideline-onboarding", ()),
        ("guidelines", ()),
    ):
        page = head.open(name, *arguments)
        must_be_sound(page, f"{name}-{'used' if arguments == (imp.public_id,) else 'page'}")

    annotator = make.add_member(project, Role.HEAD)
    make.judge(make.claim(batch, annotator), other, "good")
    adjudicate(version=other, head=head.user, label="bad", note="Nothing of this is in the photograph.")
    page = head.open("adjudicate-pair", other.public_id)
    must_be_sound(page, "adjudicated")
    page.get_by_role("button", name="Take as an example").click()
    expect(page.get_by_label("Why this label is right")).to_have_value(
        "Nothing of this is in the photograph."
    )
    must_be_sound(page, "known-answer")
