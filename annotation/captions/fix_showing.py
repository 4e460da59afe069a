"""What the page of a find-and-fix shows: the preview by pages before, what became of each caption after."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from annotation.captions.editing import WordChange, word_difference
from annotation.captions.fixing import text_fix, versions_found
from annotation.models import CaptionFix, CaptionVersion, FixItem, FixOutcome
from projects.access import Access

SHOWN_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One caption of a preview: its text, what the fix would change, and whether it is ticked."""

    version: CaptionVersion
    changes: Sequence[WordChange]
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A page of what a fix would do: how many captions hold the text, how many of them are ticked."""

    n_found: int
    n_ticked: int
    page: "Page[tuple[int, str]]"
    rows: Sequence[ShownChange]


def preview_of(access: Access, fix: CaptionFix, number: str | int) -> Preview:
    """Return a page of the captions that the fix finds, with their word-level differences."""
    found = versions_found(access, fix)
    left_out = set(fix.items.filter(outcome=FixOutcome.LEFT_OUT).values_list("version_id", flat=True))
    page = Paginator(found, SHOWN_A_PAGE).get_page(number)
    ids = [pk for pk, _text in page.object_list]
    versions = CaptionVersion.objects.select_related("image", "caption").in_bulk(ids)
    rule = text_fix(fix)
    rows = [
        ShownChange(
            version=versions[pk],
            changes=word_difference(versions[pk].text, rule.applied(versions[pk].text)),
            is_ticked=pk not in left_out,
        )
        for pk in ids
        if pk in versions
    ]
    return Preview(
        n_found=len(found),
        n_ticked=sum(pk not in left_out for pk, _text in found),
        page=page,
        rows=rows,
    )


@dataclass(frozen=True, slots=True)
class ShownItem:
    """What became of one caption."""

    item: FixItem
    changes: Sequence[WordChange]


def counts_of(fix: CaptionFix) -> list[tuple[str, str, int]]:
    """Return (outcome, its word, captions) for every outcome that occurs, in the order of the outcomes."""
    counts = Counter(fix.items.order_by().values_list("outcome", flat=True))
    return [(value, str(word), counts[value]) for value, word in FixOutcome.choices if counts[value]]


def items_of(fix: CaptionFix, outcome: str, number: str | int) -> tuple["Page[FixItem]", list[ShownItem]]:
    """Return a page of the captions with one outcome."""
    items = fix.items.filter(outcome=outcome).select_related("version__caption", "version__image", "made")
    page = Paginator(items.order_by("pk"), SHOWN_A_PAGE).get_page(number)
    return page, [
        ShownItem(item, word_difference(item.version.text, item.made.text) if item.made else [])
        for item in page.object_list
    ]
