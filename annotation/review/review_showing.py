"""What a head annotator sees of a round: its judgments by image, and how far the round is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from annotation.captions.editing import WordChange, kind_names, word_difference
from annotation.models import CaptionVersion, Guideline, Image, Judgment, ReviewItem, ReviewRound
from annotation.models.reviews import ReviewState
from annotation.review.reviewing import OPEN_STATES, ErrorRate, error_rates
from projects.models import Project

HEADING = re.compile(r"^#{1,4}\s+(.+?)\s*#*\s*$", re.MULTILINE)


def rounds_of(project: Project) -> QuerySet[ReviewRound]:
    """Return the rounds of a project, the newest first, with `n_items`, `n_open`, `n_returned` and `n_decided`."""
    open_ones = Q(items__state__in=OPEN_STATES)
    return (
        ReviewRound.objects.filter(project=project)
        .select_related("batch", "opened_by")
        .annotate(
            n_items=Count("items"),
            n_open=Count("items", filter=open_ones),
            n_returned=Count("items", filter=Q(items__state=ReviewState.RETURNED)),
            n_decided=Count("items", filter=Q(items__state__in=[ReviewState.ACCEPTED, ReviewState.FIXED])),
        )
        .order_by("-pk")
    )


@dataclass(frozen=True, slots=True)
class RatedAnnotator:
    """An annotator and their error rate over random rounds."""

    annotator: User
    rate: ErrorRate

    @property
    def low(self) -> float:
        """Return the lower end in per cent."""
        return 100 * self.rate.low

    @property
    def high(self) -> float:
        """Return the upper end in per cent."""
        return 100 * self.rate.high

    @property
    def point(self) -> float:
        """Return the rate in per cent."""
        return 100 * self.rate.share


def rated_annotators(project: Project) -> list[RatedAnnotator]:
    """Return the error rates of a project's annotators, by name."""
    rates = error_rates(ReviewItem.objects.filter(project=project))
    people = User.objects.in_bulk(list(rates))
    return sorted(
        (RatedAnnotator(people[pk], rate) for pk, rate in rates.items()), key=lambda row: str(row.annotator)
    )


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """One item as it is shown: what the annotator said last, and what has become of it."""

    item: ReviewItem

    @property
    def judgment(self) -> Judgment:
        """Return the judgment under review: the revision once there is one."""
        return self.item.revision or self.item.judgment

    @property
    def is_open(self) -> bool:
        """Say whether the head annotator can decide."""
        return self.item.state in OPEN_STATES

    def is_accepted_by(self, head: User) -> bool:
        """Say whether this person accepted it, and can take that back."""
        return self.item.state == ReviewState.ACCEPTED and self.item.reviewer_id == head.pk

    @property
    def changes(self) -> list[WordChange]:
        """Return what the annotator's edit changes, word by word."""
        edited = self.judgment.edited_version
        return word_difference(self.judgment.version.text, edited.text) if edited else []

    @property
    def kinds(self) -> str:
        """Return what the edit repairs, in words."""
        edited = self.judgment.edited_version
        return kind_names(edited.kinds) if edited else ""


@dataclass(frozen=True, slots=True)
class ReviewedImage:
    """An image with its items of a round."""

    image: Image
    items: Sequence[ReviewedItem]

    @property
    def n_open(self) -> int:
        """Count the items that can be accepted at once."""
        return sum(shown.is_open for shown in self.items)


def images_of(review_round: ReviewRound, states: Sequence[str]) -> QuerySet[ReviewItem, int]:
    """Return the ids of the images with items in these states, in the project's order: what a page is counted in."""
    return (
        ReviewItem.objects.filter(round=review_round, state__in=states)
        .order_by("judgment__image__position", "judgment__image_id")
        .values_list("judgment__image_id", flat=True)
        .distinct()
    )


def items_of(review_round: ReviewRound, states: Sequence[str]) -> QuerySet[ReviewItem]:
    """Return the items of a round in these states with all that is shown of them, in the order of their images."""
    return (
        ReviewItem.objects.filter(round=review_round, state__in=states)
        .select_related(
            "reviewer",
            "judgment__annotator",
            "judgment__image",
            "judgment__version",
            "judgment__edited_version",
            "revision__version",
            "revision__edited_version",
        )
        .order_by("judgment__image__position", "judgment__image_id", "judgment__caption__pool_rank", "pk")
    )


def by_image(items: Sequence[ReviewItem]) -> list[ReviewedImage]:
    """Return the items grouped by their images, in the order given."""
    groups: dict[int, list[ReviewedItem]] = {}
    for item in items:
        groups.setdefault(item.judgment.image_id, []).append(ReviewedItem(item))
    return [ReviewedImage(found[0].item.judgment.image, found) for found in groups.values()]


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """An edit that waits for a decision."""

    version: CaptionVersion

    @property
    def changes(self) -> list[WordChange]:
        """Return what it changes, word by word."""
        assert self.version.parent is not None
        return word_difference(self.version.parent.text, self.version.text)

    @property
    def kinds(self) -> str:
        """Return what it repairs, in words."""
        return kind_names(self.version.kinds)


def headings(guideline: Guideline | None) -> list[str]:
    """Return the headings of the guidelines: what a comment can refer to."""
    return HEADING.findall(guideline.text) if guideline else []
