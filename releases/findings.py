"""What a check before a release may find, and which captions a release would hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from annotation.models import Caption, Image, ImageState
from projects.models import Project
from releases.free_text import FreeText


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before a release: how many rows it concerns, in words, and where they are shown.

    With `captions`, `images` or `texts` a page of its own lists them; otherwise `page` names the address that shows
    them.
    """

    code: str
    count: int
    is_blocking: bool
    text: str
    page: str
    captions: QuerySet[Caption] | None = None
    images: QuerySet[Image] | None = None
    texts: tuple[FreeText, ...] | None = None

    @property
    def listed(self) -> Sequence[FreeText] | QuerySet[Caption] | QuerySet[Image]:
        """Return what is listed, in a fixed order."""
        if self.captions is not None:
            return self.captions.select_related("image").order_by("pk")
        if self.images is not None:
            return self.images.order_by("pk")
        return self.texts or ()

    @property
    def has_rows(self) -> bool:
        """Say whether the rows can be listed."""
        return self.captions is not None or self.images is not None or self.texts is not None


def chosen(project: Project) -> Q:
    """Return the condition on chosen captions that a release would hold; images out of the work are in none."""
    return Q(
        choice__project=project,
        choice__is_current=True,
        choice__is_complete=True,
        choice__image__state=ImageState.ACTIVE,
    )
