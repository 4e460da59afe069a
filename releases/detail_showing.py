"""What the page of one release shows of its files and of a comparison: all of what is few, sums of what is many."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from releases.comparing import CaptionChange, Comparison
from releases.models import Release, ReleaseFile

PICTURES = Q(path__startswith="images/") & ~Q(path="images/metadata.jsonl")
MOST_CHANGES = 200
KINDS: dict[str, str | Promise] = {
    "added": _("added"),
    "removed": _("removed"),
    "text": _("text changed"),
    "difficulty": _("difficulty moved"),
}


@dataclass(frozen=True, slots=True)
class ShownFiles:
    """The files of a release one by one, without its pictures; of these how many there are, and their bytes."""

    listed: QuerySet[ReleaseFile]
    n_pictures: int
    picture_bytes: int


@dataclass(frozen=True, slots=True)
class ShownComparison:
    """How many captions changed in which way, and the first of them with the way in words."""

    of: Comparison
    counts: tuple[tuple[str | Promise, int], ...]
    first: tuple[tuple[CaptionChange, str | Promise], ...]


def shown_files(release: Release) -> ShownFiles:
    """Return what the page lists of a release's files."""
    sums: dict[str, Any] = release.files.filter(PICTURES).aggregate(n=Count("pk"), size=Sum("size"))
    return ShownFiles(release.files.exclude(PICTURES), sums["n"], sums["size"] or 0)


def shown_comparison(comparison: Comparison) -> ShownComparison:
    """Return what the page lists of a comparison: MOST_CHANGES at most, the rest is in its JSON."""
    return ShownComparison(
        of=comparison,
        counts=tuple((word, comparison.count(kind)) for kind, word in KINDS.items()),
        first=tuple((change, KINDS[change.kind]) for change in comparison.changes[:MOST_CHANGES]),
    )
