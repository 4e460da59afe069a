"""One pair, the whole way, second part: two people judge it, agreement is measured, a head annotator reviews."""

import pytest
from playwright.sync_api import Page, expect

from annotation.agreement.reports import SEED
from annotation.models import (
    AgreementReport,
    Assignment,
    AssignmentState,
    Judgment,
    ReviewItem,
    VersionState,
)
from annotation.models.reviews import ReviewState
from demo.content import DemoCaption
from measures.agreement import Bootstrap, Ratings, report
from measures.proportions import wilson
from projects.models import Role
from tests import factories as make
from tests.annotation.agreement_work import work
from tests.flows.way import PATIENCE, Seat, TakeSeat, expect_saved, expected, photographed
from tests.live import LiveProgram

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEYS = {"good": "g", "bad": "b", "unsure": "u"}
# The number beside a kind of repair in the workspace, as docs/guide/annotator.md has it.
KIND_KEYS = {"color": "Alt+1", "number": "Alt+2", "object_name": "Alt+3"}
SHOWN = 16


def judge_by_keyboard(page: Page, edits: str) -> None:
    """Judge every caption of the image in hand as a careful person does, repairing the caption with key `edits`."""
    known = expected()
    for _caption in range(SHOWN):
        active = page.locator(".caption[aria-current=true]")
        caption = known[active.get_attribute("data-text") or ""]
        page.wait_for_timeout(40)
        if caption.caption_key == edits:
            repair(page, caption)
        else:
            page.keyboard.press(KEYS[caption.expected])
        expect(page.locator(f'.caption[data-text="{caption.text}"]')).to_have_attribute(
            "data-label", "good" if caption.caption_key == edits else caption.expected
        )


def repair(page: Page, caption: DemoCaption) -> None:
    """Write the repaired text by keyboard alone."""
    page.keyboard.press("e")
    expect(page.get_by_label("Repaired caption")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(caption.edit_text)
    page.keyboard.press(KIND_KEYS[caption.edit_kind])
    page.keyboard.press("Control+Enter")


def test_stage_3_two_annotators_judge_every_caption_by_keyboard_and_one_repairs_one(seat: TakeSeat) -> None:
    project = photographed(captions=SHOWN, photographs=["cat"], judged_target=SHOWN)
    batch = make.make_batch(project, list(project.images.all()))
    one, other = (seat(project, make.add_member(project)) for _annotator in range(2))
    for annotator in (one, other):
        page = annotator.open("workspace", batch.public_id)
        expect(page.locator(".caption")).to_have_count(SHOWN)
    for annotator, edits in ((one, "cat-16"), (other, "")):
        judge_by_keyboard(annotator.page, edits)
        expect_saved(annotator.page)
        annotator.page.keyboard.press("Enter")
        expect(annotator.page.get_by_text("Nothing is left for you here")).to_be_visible()

    wanted = {caption.caption_key: caption.expected for caption in expected().values()}
    for annotator, edits in ((one, "cat-16"), (other, "")):
        rows = Judgment.objects.filter(annotator=annotator.user).select_related("version__caption")
        assert rows.count() == SHOWN
        for row in rows:
            key = row.version.caption.key
            assert row.label == ("good" if key == edits else wanted[key])
            assert row.version.is_base
            assert (row.edited_version is not None) == (key == edits)
            assert (row.mode, row.batch, row.is_current) == ("key", batch, True)
            assert row.duration_ms > 0
    edited = Judgment.objects.get(edited_version__isnull=False)
    version = edited.edited_version
    assert version is not None
    assert (version.parent, version.state) == (edited.version, VersionState.PROPOSED)
    assert (version.text, version.kinds) == ("A tabby with green eyes stares into the distance.", ["color"])
    assert version.author == one.user
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.DONE}


def answers_of(seed: int) -> list[str]:
    """Return an annotator's answers to 32 captions: much alike between seeds, and not the same."""
    usual = ["good", "good", "bad", "good", "unsure", "bad", "good", "bad"] * 4
    return [("bad" if label == "good" else "good") if (place + seed) % 9 == 0 else label
            for place, label in enumerate(usual)]  # fmt: skip


def test_stage_4_a_head_annotator_asks_for_agreement_and_a_worker_computes_it(
    seat: TakeSeat, live_default_worker: LiveProgram
) -> None:
    answers = [answers_of(1), answers_of(5)]
    project, _batch, _annotators = work(answers)
    head = seat(project, make.add_member(project, Role.HEAD))
    page = head.open("agreement")
    page.get_by_role("button", name="Compute agreement").click()
    kappa = page.get_by_role("row").filter(has_text="Cohen's kappa")
    expect(kappa).to_be_visible(timeout=PATIENCE)

    items = [item for _answers in answers for item in range(32)]
    raters = [rater for rater, labels in enumerate(answers) for _label in labels]
    labels = [label for given in answers for label in given]
    images = [item // 4 for item in items]
    drawn = Bootstrap("clusters", 2000, SEED)
    found = report(
        Ratings.from_columns(items, raters, labels, images),
        categories=("good", "bad", "unsure", "good_after_edit"),
        bootstraps=(drawn,),
    )
    coefficients = {coefficient.key: coefficient for coefficient in found.coefficients}
    cohen, raw = coefficients["cohen_kappa"], coefficients["raw_agreement"]
    assert cohen.value is not None
    assert raw.value is not None
    expect(kappa).to_contain_text(f"{cohen.value:.2f}")
    expect(kappa).to_contain_text("32 captions, 64 answers")
    interval = cohen.intervals[0]
    expect(kappa).to_contain_text(f"95% interval {interval.low:.2f} to {interval.high:.2f}")
    apart = page.locator("section", has=page.get_by_role("heading", name="How often two annotators agree"))
    expect(apart).to_contain_text(f"{100 * raw.value:.1f}%")
    expect(apart).to_contain_text("n = 32 captions")
    expect(apart).not_to_contain_text("kappa")
    stored = AgreementReport.objects.get(project=project)
    assert stored.figures["coefficients"]["cohen_kappa"]["value"] == pytest.approx(cohen.value)
    assert (stored.n_items, stored.n_ratings, stored.n_raters) == (32, 64, 2)


def reviewed(head: Seat, text: str) -> str:
    """Make the judgment of this caption the active one of the round; return the id of its element."""
    item = head.page.locator(".review__item").filter(has_text=text)
    item.locator(".review__caption").click()
    item.focus()
    expect(item).to_have_attribute("aria-current", "true")
    return item.get_attribute("id") or ""


def test_stage_5_a_judgment_is_returned_with_a_comment_revised_and_accepted(seat: TakeSeat) -> None:
    project, _batch, (annotator,) = work([["good", "good", "bad", "unsure"]])
    text = Judgment.objects.filter(label="good").latest("pk").version.text
    head = seat(project, make.add_member(project, Role.HEAD))
    page = head.open("review-home")
    page.get_by_label("Random share in %").fill("100")
    page.get_by_role("button", name="Open the round").click()
    expect(page.locator("#review-progress")).to_contain_text("0 of 4 decided")
    element = reviewed(head, text)
    page.keyboard.press("r")
    page.keyboard.type("Is there really a number in this image?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{element}")).to_contain_text("Is there really a number in this image?")
    expect(page.locator("#review-progress")).to_contain_text("1 with the annotator")
    item = ReviewItem.objects.get(state=ReviewState.RETURNED)
    assert item.judgment.version.text == text

    answering = seat(project, annotator)
    answering.open("annotate-home")
    answering.page.get_by_role("link", name="Feedback").first.click()
    expect(answering.page.get_by_text("Is there really a number in this image?")).to_be_visible()
    answering.page.get_by_role("radio", name="Bad").check()
    answering.page.get_by_label("Reply to the head annotator").fill("No, I had misread it.")
    answering.page.get_by_role("button", name="Send answer").click()
    expect(answering.page.get_by_text("Your answer is with the head annotator.")).to_be_visible()

    page.reload()
    again = reviewed(head, text)
    expect(page.locator(f"#{again}")).to_contain_text("No, I had misread it.")
    page.keyboard.press("a")
    expect(page.locator(f"#{again}")).to_contain_text("Accepted")
    page.get_by_role("button", name="Accept all 3 of this image").click()
    expect(page.locator("#review-progress")).to_contain_text("4 of 4 decided")
    page.get_by_role("link", name="All rounds").first.click()
    rate = page.get_by_role("row").filter(has_text=str(annotator))
    interval = wilson(1, 4)
    expect(rate).to_contain_text("1 of 4")
    expect(rate).to_contain_text("25.0%")
    expect(rate).to_contain_text(f"{100 * interval.low:.1f} to {100 * interval.high:.1f}%")

    item.refresh_from_db()
    assert set(ReviewItem.objects.values_list("state", flat=True)) == {ReviewState.ACCEPTED}
    assert item.revision is not None
    assert (item.judgment.label, item.revision.label) == ("good", "bad")
    assert (item.judgment.is_current, item.revision.is_current) == (False, True)
    assert item.revision.is_revision
    assert item.revision.supersedes == item.judgment
    assert item.reviewer == head.user
