"""What a table says about images: their titles, authors, sources and licences; doing it twice changes nothing."""

import re
from collections.abc import Container, Iterable, Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.importing.reading_rows import Row
from annotation.models import Image
from polyannot.kernel.text import one_line
from projects.models import Project

# By key: the line of the row and the columns that it fills.
Wanted = dict[str, tuple[int, dict[str, object]]]

# What a table of images may say about each, with the room that the database has for it.
TEXT_COLUMNS = {"title": 300, "author": 300, "source": 300, "licence": 120, "attribution": 2000}
URL_COLUMNS = {"source_url": 600, "licence_url": 600}
WEB_ADDRESS = re.compile(r"https?://[\w\[][^\s\\]*", re.IGNORECASE)
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


def describe_images(*, project: Project, rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Write what a table says about images that are there; return (line, reason) of the rows that were refused.

    An empty cell leaves what is known as it is.
    """
    wanted, refused = read_descriptions(rows)
    there = _described(project, wanted)
    return refused + without_image(wanted, there)


def without_image(wanted: Wanted, there: Container[str]) -> list[tuple[int, str]]:
    """Return the rows whose image is not there, with the reason."""
    return [
        (line, _("No image with the key %(key)s came with it or is in the project.") % {"key": key})
        for key, (line, _columns) in wanted.items()
        if key not in there
    ]


def read_descriptions(rows: Iterable[Row]) -> tuple[Wanted, list[tuple[int, str]]]:
    """Return line and columns by key of the rows that can be used, and (line, reason) of the others."""
    refused: list[tuple[int, str]] = []
    wanted: Wanted = {}
    for row in rows:
        key = one_line(row.cells.get("key", ""))
        problem = row.problem
        columns: dict[str, object] = {}
        if not problem:
            try:
                columns = described_columns(row.cells)
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
    return wanted, refused


def _described(project: Project, wanted: Wanted) -> frozenset[str]:
    """Write the columns; return the keys of the images that are there."""
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
    return frozenset(images)


def described_columns(cells: Mapping[str, str]) -> dict[str, object]:
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
