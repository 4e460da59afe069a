"""What a job works on: versions, different texts and pictures, images in work."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Min

from annotation.models import (
    CaptionVersion,
    Image,
    ImageState,
)
from annotation.progress.verdicts import good_versions, versions_in_pool
from projects.models import Project, StoredFile


@dataclass(frozen=True, slots=True)
class ImageContent:
    """A picture to embed: its image's key for messages, and the hash of the file under which features lie."""

    image_id: int
    key: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class TextContent:
    """A text to embed, and the hash under which its features lie."""

    version_id: int
    text: str
    content_hash: str


def version_ids(project: Project, *, good_only: bool = False) -> list[int]:
    """Return the versions in circulation, proposed edits included, or the good ones alone."""
    versions = good_versions(project) if good_only else versions_in_pool(project)
    return list(versions.order_by("pk").values_list("pk", flat=True))


def distinct_texts(versions: Sequence[int]) -> list[int]:
    """Return one version for each different text among these, in the order of the texts' hashes."""
    rows = CaptionVersion.objects.filter(pk__in=versions).order_by("content_hash")
    return [pk for _hash, pk in rows.values_list("content_hash").annotate(first=Min("pk"))]


def distinct_pictures(
    project: Project, *, of_versions: Sequence[int] | None = None, also_waiting: bool = False
) -> list[int]:
    """Return one active image for each different file of the project, or of these versions alone, in their order.

    With `also_waiting` images in reserve and set aside are among them.
    """
    states = [ImageState.ACTIVE, *([ImageState.RESERVE, ImageState.SET_ASIDE] if also_waiting else [])]
    images = Image.objects.filter(project=project, state__in=states)
    if of_versions is not None:
        images = images.filter(caption_versions__in=of_versions)
    first = images.order_by().values("file").annotate(first=Min("pk")).values("first")
    return list(Image.objects.filter(pk__in=first).values_list("pk", flat=True))


def active_images(project: Project) -> list[int]:
    """Return the images in work, in their order in the project."""
    return list(Image.objects.filter(project=project, state=ImageState.ACTIVE).values_list("pk", flat=True))


def stored_file(content_hash: str) -> StoredFile:
    """Return the file with this content."""
    return StoredFile.objects.get(sha256=content_hash)
