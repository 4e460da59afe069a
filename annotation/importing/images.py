"""Bringing pictures and what is known about them into a project; doing it twice changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils.translation import gettext as _

from annotation.importing.pictures import Examined, PictureRefused, derive, examine
from annotation.importing.reading_images import Found
from annotation.models import Image, ImageDerivative
from annotation.models.images import DerivativeKind
from projects.models import Job, Project, StoredFile
from projects.storage import read_stored, store_bytes

Refusal = tuple[str, str]

LONGEST_KEY = 200
# How refusals begin that concern a smaller picture of an image that is there.
DERIVING = "smaller picture of "


@dataclass(frozen=True, slots=True)
class KeyedFile:
    """A file of the source with the key that it gets in the project, and the address it was fetched from."""

    found: Found
    key: str
    fetched_from: str = ""


def add_images(*, job: Job, project: Project, files: Iterable[KeyedFile]) -> list[Refusal]:
    """Store the pictures, one after the other, and add those that are new; return what was refused, with the reason.

    The same bytes under the same key are already there; other bytes under it are refused.
    """
    refused: list[Refusal] = []
    fresh: list[Image] = []
    names: dict[str, str] = {}
    for file in files:
        names[file.key] = file.found.name
        try:
            fresh.append(_image(job, project, file))
        except PictureRefused as error:
            refused.append((file.found.name, str(error)))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        there = dict(
            Image.objects.filter(project=project, key__in=[image.key for image in fresh]).values_list(
                "key", "file_id"
            )
        )
        first = _first_position(job, project)
        new = []
        for image in fresh:
            if image.key not in there:
                image.position += first
                new.append(image)
        Image.objects.bulk_create(new, batch_size=500)
    refused += [
        (names[image.key], key_taken(image.key))
        for image in fresh
        if image.key in there and there[image.key] != image.file_id
    ]
    return refused


def key_taken(key: str) -> str:
    """Return the reason for which other bytes under a known key are refused."""
    return _("The key %(key)s already belongs to another picture; that one stays.") % {"key": key}


def looked_at(file: KeyedFile) -> tuple[bytes, Examined]:
    """Return the bytes of a usable picture under a usable key. Raises PictureRefused."""
    content = file.found.content
    if content is None:
        raise PictureRefused(file.found.problem)
    if not file.key or len(file.key) > LONGEST_KEY:
        raise PictureRefused(_("The key has more than %(n)d characters.") % {"n": LONGEST_KEY})
    return content, examine(content, pixel_limit=settings.IMAGE_PIXEL_LIMIT)


def _image(job: Job, project: Project, file: KeyedFile) -> Image:
    content, examined = looked_at(file)
    stored = store_bytes(content, media_type=examined.media_type)
    if stored.media_type != examined.media_type:
        # It came in as a file of unknown kind; now it was looked at.
        StoredFile.objects.filter(pk=stored.pk).update(media_type=examined.media_type)
    return Image(
        project=project,
        key=file.key,
        file=stored,
        width=examined.width,
        height=examined.height,
        position=file.found.index,
        fetched_from=file.fetched_from,
        imported_by=job,
    )


def _first_position(job: Job, project: Project) -> int:
    """Return the place after all images of other imports; the same whichever part of the job asks."""
    others = Image.objects.filter(project=project).exclude(imported_by=job)
    last = others.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def images_without_derivatives(project: Project) -> QuerySet[Image]:
    """Return the images of the project that lack display picture or thumbnail."""
    return (
        Image.objects.filter(project=project)
        .select_related("file")
        .annotate(n_derivatives=Count("derivatives"))
        .filter(n_derivatives__lt=len(DerivativeKind))
    )


def derive_images(*, images: Iterable[Image]) -> list[Refusal]:
    """Make display picture and thumbnail of images that lack them; return what could not be made."""
    refused: list[Refusal] = []
    for image in images:
        try:
            display, thumbnail = derive(read_stored(image.file), pixel_limit=settings.IMAGE_PIXEL_LIMIT)
        except PictureRefused as error:
            refused.append((f"{DERIVING}{image.key}", str(error)))
            continue
        rows = [
            ImageDerivative(
                image=image,
                kind=kind,
                file=store_bytes(made.content, media_type=made.media_type),
                width=made.width,
                height=made.height,
            )
            for kind, made in ((DerivativeKind.DISPLAY, display), (DerivativeKind.THUMBNAIL, thumbnail))
        ]
        ImageDerivative.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["image", "kind"],
            update_fields=["file", "width", "height"],
        )
    return refused
