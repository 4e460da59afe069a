"""What the captions of a table are, and which of them are new to the project: read, checked and compared by key."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotation.bulk_rows import rows_by_key
from annotation.captions.editing import LONGEST_CAPTION, content_hash
from annotation.importing.describing import checked_url
from annotation.importing.images import LONGEST_KEY
from annotation.importing.reading_rows import Row
from annotation.models import Caption, Image
from polyannot.kernel.text import one_line
from projects.models import Project

PLACEHOLDER = re.compile(r"<\s*person\s*/?\s*>", re.IGNORECASE)
TEXT_COLUMNS = {"source": 120, "source_key": 300, "licence": 120, "neighbour_encoder": 120}

LineRefusal = tuple[int, str]


@dataclass(frozen=True, slots=True)
class GivenCaption:
    """A caption as a row gives it: the text as it will be shown, and exactly as it came."""

    line: int
    image_key: str
    key: str
    paraphrase_of: str
    text: str
    verbatim: str
    source: str
    source_key: str
    source_url: str
    licence: str
    neighbour_similarity: float | None
    neighbour_encoder: str


@dataclass(frozen=True, slots=True)
class KnownCaption:
    """A caption that is there: its row id, its image's, and the text as it came."""

    pk: int
    image_id: int
    verbatim: str


class Known:
    """What a project holds already, asked for by keys."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def images(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the ids of the images that have these keys."""
        return dict(rows_by_key(Image, ("key", "id"), self.project, keys))

    def captions(self, keys: Sequence[str]) -> dict[str, KnownCaption]:
        """Return the captions that have these keys."""
        columns = ("key", "id", "image_id", "verbatim")
        return {
            key: KnownCaption(pk, image_id, verbatim)
            for key, pk, image_id, verbatim in rows_by_key(Caption, columns, self.project, keys)
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """The new captions with their images' ids, the ids of originals that are there by key, and the refused rows."""

    new: Sequence[tuple[int, GivenCaption]]
    originals: Mapping[str, int]
    refused: Sequence[LineRefusal]


def read_captions(rows: Iterable[Row], default_source: str) -> tuple[list[GivenCaption], list[LineRefusal]]:
    """Return the captions that the rows give, and (line, reason) of the rows that give none."""
    given: list[GivenCaption] = []
    refused: list[LineRefusal] = []
    for row in rows:
        try:
            given.append(_given(row, default_source))
        except ValueError as error:
            refused.append((row.line, str(error)))
    return given, refused


def decide_captions(known: Known, given: Sequence[GivenCaption]) -> Decided:
    """Say which captions are new, and which contradict what is there or name what is not."""
    new, known_wrong = _sorted_out(known, given)
    new, originals, without_original = _with_originals(known, new)
    return Decided(new, originals, [*known_wrong, *without_original])


def caption_text(verbatim: str) -> str:
    """Return the text of the base version: NFC, on one line, the placeholder for persons written <person>."""
    return PLACEHOLDER.sub("<person>", one_line(verbatim))


def _given(row: Row, default_source: str) -> GivenCaption:
    """Return the caption of a row. Raises ValueError with the reason for a person."""
    if row.problem:
        raise ValueError(row.problem)
    cells = row.cells
    text = caption_text(cells["text"])
    image_key = one_line(cells["image_key"])
    _check_text(text, image_key)
    key = one_line(cells.get("caption_key", "")) or f"{image_key[:150]}-{content_hash(text)[:12]}"
    if len(key) > LONGEST_KEY:
        raise ValueError(_("caption_key has more than %(n)d characters.") % {"n": LONGEST_KEY})
    texts = {name: _short(cells, name, longest) for name, longest in TEXT_COLUMNS.items()}
    return GivenCaption(
        line=row.line,
        image_key=image_key,
        key=key,
        paraphrase_of=one_line(cells.get("paraphrase_of", "")),
        text=text,
        verbatim=cells["text"],
        source=texts["source"] or default_source,
        source_key=texts["source_key"],
        source_url=checked_url(cells.get("source_url", ""), column="source_url", longest=600),
        licence=texts["licence"],
        neighbour_similarity=_similarity(cells.get("neighbour_similarity", "")),
        neighbour_encoder=texts["neighbour_encoder"],
    )


def _check_text(text: str, image_key: str) -> None:
    if not image_key:
        raise ValueError(_("The row names no image."))
    if not text:
        raise ValueError(_("The caption has no text."))
    if len(text) > LONGEST_CAPTION:
        raise ValueError(_("The caption has more than %(n)d characters.") % {"n": LONGEST_CAPTION})


def _short(cells: Mapping[str, str], name: str, longest: int) -> str:
    given = cells.get(name, "")
    value = one_line(given) if given else ""
    if len(value) > longest:
        raise ValueError(_("%(column)s has more than %(n)d characters.") % {"column": name, "n": longest})
    return value


def _similarity(given: str) -> float | None:
    if not given.strip():
        return None
    try:
        value = float(given)
    except ValueError:
        value = float("nan")
    if not -1.0001 <= value <= 1.0001:
        raise ValueError(_("neighbour_similarity is no number from -1 to 1."))
    return value


def _sorted_out(
    known: Known, given: Sequence[GivenCaption]
) -> tuple[list[tuple[int, GivenCaption]], list[tuple[int, str]]]:
    """Return the new captions with their image's id, and the rows that contradict what is there."""
    wanted = sorted({row.image_key for row in given})
    images = known.images(wanted)
    there = {
        key: (caption.image_id, caption.verbatim)
        for key, caption in known.captions([row.key for row in given]).items()
    }
    new: list[tuple[int, GivenCaption]] = []
    refused: list[tuple[int, str]] = []
    for row in given:
        image_id = images.get(row.image_key)
        if image_id is None:
            refused.append((row.line, _("No image has the key %(key)s.") % {"key": row.image_key}))
        elif row.key not in there:
            there[row.key] = (image_id, row.verbatim)
            new.append((image_id, row))
        elif there[row.key] != (image_id, row.verbatim):
            refused.append(
                (
                    row.line,
                    _("The key %(key)s already belongs to another caption; that one stays.")
                    % {"key": row.key},
                )
            )
    return new, refused


def _with_originals(
    known: Known, new: Sequence[tuple[int, GivenCaption]]
) -> tuple[list[tuple[int, GivenCaption]], dict[str, int], list[tuple[int, str]]]:
    """Return the captions whose originals are there or come with them, the ids of those there by key, and the rest.

    A paraphrase is of another caption of its own image; one whose original is refused is refused with it.
    """
    asked = [row.paraphrase_of for _image, row in new if row.paraphrase_of]
    if not asked:
        return list(new), {}, []
    there = {key: (caption.pk, caption.image_id) for key, caption in known.captions(asked).items()}
    refused: list[tuple[int, str]] = []
    kept = list(new)
    while True:
        images = {key: image_id for key, (_pk, image_id) in there.items()}
        images |= {row.key: image_id for image_id, row in kept}
        wrong = [
            row
            for image_id, row in kept
            if row.paraphrase_of
            and (images.get(row.paraphrase_of) != image_id or row.paraphrase_of == row.key)
        ]
        if not wrong:
            return kept, {key: pk for key, (pk, _image) in there.items()}, refused
        kept = [pair for pair in kept if pair[1] not in wrong]
        told = _("No other caption of this image has the key %(key)s, of which it is to be a paraphrase.")
        refused += [(row.line, told % {"key": row.paraphrase_of}) for row in wrong]
