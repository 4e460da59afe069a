"""Bringing pictures and what is known about them into a project; doing it twice changes nothing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils.translation import gettext as _

from annotation.importing.pictures import PictureRefused, derive, examine
from annotation.importing.reading_images import Found
from annotation.importing.reading_rows import Row
from annotation.models import Image, ImageDerivative
from annotation.models.images import DerivativeKind
from polyannot.kernel.text import one_line
from projects.models import Job, Project, StoredFile
from projects.storage import read_stored, store_bytes

Refusal = tuple[str, str]

LONGEST_KEY = 200
# How refusals begin that concern a smaller picture of an image that is there.
DERIVING = "smaller picture of "
# What a table of images may say about each, with the room that the database has for it.
TEXT_COLUMNS = {"title": 300, "author": 300, "source": 300, "licence": 120, "attribution": 2000}
URL_COLUMNS = {"source_url": 600, "licence_url": 600}
WEB_ADDRESS = re.compile(r"https?://[\w\[][^\s\\]*", re.IGNORECASE)
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


@dataclass(frozen=True, slots=True)
class KeyedFile:
    """A file of the source with the key that it gets in the project."""

    found: Found
    key: str


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
        (
            names[image.key],
            _("The key %(key)s already belongs to another picture; that one stays.") % {"key": image.key},
        )
        for image in fresh
        if image.key in there and there[image.key] != image.file_id
    ]
    return refused


def _image(job: Job, project: Project, file: KeyedFile) -> Image:
    found = file.found
    if found.content is None:
        raise PictureRefused(found.problem)
    if not file.key or len(file.key) > LONGEST_KEY:
        raise PictureRefused(_("The key has more than %(n)d characters.") % {"n": LONGEST_KEY})
    examined = examine(found.content, pixel_limit=settings.IMAGE_PIXEL_LIMIT)
    stored = store_bytes(found.content, media_type=examined.media_type)
    if stored.media_type != examined.media_type:
        # It came in as a file of unknown kind; now it was looked at.
        StoredFile.objects.filter(pk=stored.pk).update(media_type=examined.media_type)
    return Image(
        project=project,
        key=file.key,
        file=stored,
        width=examined.width,
        height=examined.height,
        position=found.index,
        imported_by=job,
    )


def _first_position(job: Job, project: Project) -> int:
    """Return the place after all images of other imports; the same whichever part of the job asks."""
    others = Image.objects.filter(project=project).exclude(imported_by=job)
    last = others.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def describe_images(*, project: Project, rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Write what a table says about images that are there; return (line, reason) of the rows that were refused.

    An empty cell leaves what is known as it is.
    """
    refused: list[tuple[int, str]] = []
    wanted: dict[str, tuple[int, dict[str, object]]] = {}
    for row in rows:
        key = one_line(row.cells.get("key", ""))
        problem = row.problem
        columns: dict[str, object] = {}
        if not problem:
            try:
                columns = _columns(row.cells)
            except ValueError as error:
                problem = str(error)
        if not problem and not key:
            problem = _("The row names no key.")
        if not problem and key in wanted:
            problem = _("The key %(key)s stands on line %(line)d already.") % {
                "key": key,
                "line": wanted[key][0],
            }
        if problem:
            refused.append((row.line, problem))
        else:
            wanted[key] = (row.line, columns)
    return refused + _described(project, wanted)


def _described(
    project: Project, wanted: Mapping[str, tuple[int, dict[str, object]]]
) -> list[tuple[int, str]]:
    with transaction.atomic():
        images = {image.key: image for image in Image.objects.filter(project=project, key__in=wanted)}
        changed = []
        for key, image in images.items():
            columns = wanted[key][1]
            if any(getattr(image, name) != value for name, value in columns.items()):
                for name, value in columns.items():
                    setattr(image, name, value)
                changed.append(image)
        fields = [*TEXT_COLUMNS, *URL_COLUMNS, "may_redistribute"]
        Image.objects.bulk_update(changed, fields, batch_size=500)
    return [
        (line, _("No image with the key %(key)s came with it or is in the project.") % {"key": key})
        for key, (line, _columns) in wanted.items()
        if key not in images
    ]


def _columns(cells: Mapping[str, str]) -> dict[str, object]:
    """Return the columns that a row fills. Raises ValueError with the reason for a person."""
    columns: dict[str, object] = {}
    for name, longest in TEXT_COLUMNS.items():
        if value := one_line(cells.get(name, "")):
            if len(value) > longest:
                raise ValueError(
                    _("%(column)s has more than %(n)d characters.") % {"column": name, "n": longest}
                )
            columns[name] = value
    for name, longest in URL_COLUMNS.items():
        if value := checked_url(cells.get(name, ""), column=name, longest=longest):
            columns[name] = value
    if said := cells.get("may_redistribute", "").strip().lower():
        if said not in YES | NO:
            raise ValueError(_("may_redistribute is neither yes nor no."))
        columns["may_redistribute"] = said in YES
    return columns


def checked_url(given: str, *, column: str, longest: int) -> str:
    """Return a web address as it may stand in a link, or nothing. Raises ValueError with the reason for a person."""
    url = given.strip()
    if url and (len(url) > longest or WEB_ADDRESS.fullmatch(url) is None):
        raise ValueError(_("%(column)s is no web address (http or https).") % {"column": column})
    return url


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
