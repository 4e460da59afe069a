"""Deciding on single judgments under review, or on all of an image, by the acts of the page of review."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import image_of, review_item_of, review_round_of
from annotation.api.v1.deciding import DecisionView
from annotation.api.v1.review import ItemOut, with_item_rows
from annotation.captions.editing import LONGEST_CAPTION
from annotation.models import EditKind, Guideline, ReviewItem
from annotation.review.bulk_reviewing import BulkOutcome, accept_items, reopen_item, reopen_items
from annotation.review.review_showing import headings
from annotation.review.reviewing import LONGEST_COMMENT, accept_item, fix_item, return_item
from annotation.working.judging import GivenEdit
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role, Scope

LONGEST_SECTION = 120


def told(item: ReviewItem) -> Response:
    """Answer with an item as it is now."""
    return Response(ItemOut(with_item_rows(ReviewItem.objects.all()).get(pk=item.pk)).data)


def check_section(section: str, guideline: Guideline | None) -> None:
    """Raise ValidationError for a section that the guidelines do not have."""
    if section and section not in {heading[:LONGEST_SECTION] for heading in headings(guideline)}:
        raise serializers.ValidationError(
            {"guideline_section": [_("The guidelines have no heading like this.")]}
        )


class ItemDetail(ProjectApiView):
    """One judgment under review."""

    serializer_class = ItemOut
    read_rule = (Role.HEAD,)
    read_scope = Scope.JUDGMENTS

    @extend_schema(operation_id="review_items_retrieve")
    def get(self, request: Request, project_slug: str, item_id: UUID) -> Response:
        """Return the item."""
        return told(review_item_of(self.access, item_id))


class AcceptIn(serializers.Serializer[Any]):
    """A word to the annotator, where there is one."""

    comment = serializers.CharField(max_length=LONGEST_COMMENT, default="", allow_blank=True)


class ItemAccept(DecisionView):
    """Accepting a judgment."""

    serializer_class = AcceptIn

    @extend_schema(operation_id="review_items_accept", request=AcceptIn, responses=ItemOut)
    def post(self, request: Request, project_slug: str, item_id: UUID) -> Response:
        """Accept the judgment with its edit; accepting it again changes nothing."""
        item = review_item_of(self.access, item_id)
        return told(accept_item(item=item, head=self.person, **self.sent()))


class ReturnIn(serializers.Serializer[Any]):
    """What to look at again."""

    comment = serializers.CharField(max_length=LONGEST_COMMENT)
    guideline_section = serializers.CharField(
        max_length=LONGEST_SECTION,
        default="",
        allow_blank=True,
        help_text="A heading of the guidelines that the batch follows.",
    )


class ItemReturn(DecisionView):
    """Sending a judgment back."""

    serializer_class = ReturnIn

    @kept
    @extend_schema(operation_id="review_items_return", request=ReturnIn, responses=ItemOut)
    def post(self, request: Request, project_slug: str, item_id: UUID) -> Response:
        """Send the judgment back to its annotator with a comment."""
        item = review_item_of(self.access, item_id)
        given = self.sent()
        check_section(given["guideline_section"], item.round.batch.guideline)
        return once(request, lambda: told(return_item(item=item, head=self.person, **given)))


class OwnLabelIn(serializers.Serializer[Any]):
    """An own label for the caption as it is, and perhaps an own edit, which a second person accepts."""

    label = serializers.CharField(max_length=40)  # type: ignore[assignment]
    text = serializers.CharField(
        max_length=LONGEST_CAPTION, default="", allow_blank=True, help_text="The own edit; empty for none."
    )
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=EditKind.choices), default=list, max_length=len(EditKind)
    )
    comment = serializers.CharField(max_length=LONGEST_COMMENT, default="", allow_blank=True)


class ItemFix(DecisionView):
    """Deciding with an own label."""

    serializer_class = OwnLabelIn

    @kept
    @extend_schema(operation_id="review_items_fix", request=OwnLabelIn, responses=ItemOut)
    def post(self, request: Request, project_slug: str, item_id: UUID) -> Response:
        """Make an own label the final one and propose the own edit; the annotator's judgment stays as it is."""
        item = review_item_of(self.access, item_id)
        given = self.sent()
        return once(request, lambda: self._fixed(item, given))

    def _fixed(self, item: ReviewItem, given: dict[str, Any]) -> Response:
        text = given["text"].strip()
        is_edited = text not in {"", item.judgment.version.text}
        edit = GivenEdit(text=text, kinds=given["kinds"]) if is_edited else None
        words = {"label": given["label"], "comment": given["comment"]}
        return told(fix_item(item=item, head=self.person, edit=edit, **words))


class ItemReopen(DecisionView):
    """Taking an acceptance back."""

    serializer_class = ItemOut

    @extend_schema(operation_id="review_items_reopen", request=None, responses=ItemOut)
    def post(self, request: Request, project_slug: str, item_id: UUID) -> Response:
        """Take one's own acceptance back, with the edit accepted by it; an open item stays as it is."""
        return told(reopen_item(item=review_item_of(self.access, item_id), head=self.person))


class LeftOutItem(serializers.Serializer[Any]):
    """A judgment that stayed as it was, and why."""

    item = serializers.UUIDField(source="item.public_id")
    why = serializers.CharField()


class BulkOut(serializers.Serializer[BulkOutcome]):
    """What became of the judgments of an image: those that changed, and those left out."""

    done = serializers.SerializerMethodField()
    left_out = LeftOutItem(many=True)

    def get_done(self, outcome: BulkOutcome) -> list[UUID]:
        """Return the items that changed."""
        return [item.public_id for item in outcome.done]


class ImageDecision(DecisionView):
    """All judgments of one image in a round."""

    read_rule: ClassVar[tuple[str, ...]] = (Role.HEAD,)
    serializer_class = BulkOut

    def items(self, round_id: UUID, image_id: UUID) -> Sequence[ReviewItem]:
        """Return the items of the image in the round."""
        opened, image = review_round_of(self.access, round_id), image_of(self.access, image_id)
        return list(opened.items.filter(judgment__image=image).select_related("judgment__version"))


class ImageAccept(ImageDecision):
    """Accepting what is open of an image."""

    @extend_schema(operation_id="review_images_accept", request=None, responses=BulkOut)
    def post(self, request: Request, project_slug: str, round_id: UUID, image_id: UUID) -> Response:
        """Accept all open judgments of the image; one's own and those whose edit was taken back are left out."""
        found = self.items(round_id, image_id)
        return Response(BulkOut(accept_items(items=found, head=self.person)).data)


class ImageReopen(ImageDecision):
    """Taking one's own acceptances of an image back."""

    @extend_schema(operation_id="review_images_reopen", request=None, responses=BulkOut)
    def post(self, request: Request, project_slug: str, round_id: UUID, image_id: UUID) -> Response:
        """Take back what one accepted oneself of the image; what a release holds is left out."""
        own = [item for item in self.items(round_id, image_id) if item.reviewer_id == self.person.pk]
        return Response(BulkOut(reopen_items(items=own, head=self.person)).data)
