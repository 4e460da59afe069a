"""Scores of pairs from a table: what each line means, what is kept, and what is wrong with the others.

Accepted: docs/algorithms/benchmark.md, External scores. Reading the same file twice changes nothing.
"""

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.exchange.matching_pairs import find_pairs, image_names
from annotation.exchange.reading_judgments import PairNames
from annotation.importing.deciding import caption_text
from annotation.importing.reading_rows import Row, TableRefused, read_head, read_rows, row_lines
from annotation.importing.requesting import GivenFile
from annotation.models import CaptionVersion, ExternalScore, ScoreSet, VersionState
from polyannot.kernel.errors import Invalid
from polyannot.kernel.tables import ESCAPE, FORMULA_STARTS
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import Project

MOST_ROWS = 200_000
LONGEST_NAME = 80
ROWS_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was left out, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class ImportedScores:
    """What an import came to: scores that are new, took the place of others, or were there already."""

    n_new: int = 0
    n_changed: int = 0
    n_same: int = 0
    names: list[str] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    @property
    def n_kept(self) -> int:
        """Return how many lines said something that now stands."""
        return self.n_new + self.n_changed + self.n_same


@dataclass(frozen=True, slots=True)
class _Given:
    """One line that could be read: the pair that it names, by whichever of these, its set and its score."""

    line: int
    version: str
    caption: str
    image: str
    text: str
    name: str
    score: float

    @property
    def pair(self) -> PairNames:
        if self.version:
            return PairNames(item_id=self.version)
        if self.caption:
            return PairNames(caption_key=self.caption)
        return PairNames(image_key=self.image, text=self.text)


def import_scores(*, project: Project, actor: User | None, file: GivenFile, name: str) -> ImportedScores:
    """Keep the scores of a CSV or TSV file; lines that cannot be used are told and left out.

    Columns: `score`, and `version`, or `caption_key`, or `image_key` with `text`; `name` where the file holds several
    sets, else the name given. Raises Invalid where the file is no such table or is too long; then nothing is kept.
    """
    told = ImportedScores()
    with _opened(file) as source:
        given = list(_read(source, file.name, one_line(name), told))
    if not given and not told.refused:
        raise Invalid("scores_empty", _("%(file)s has no rows; nothing was imported.") % {"file": file.name})
    scores = _decided(given, _versions_of(project, given), told)
    told.refused.sort(key=lambda one: one.line)
    with transaction.atomic():
        for set_name, of_set in sorted(scores.items()):
            _keep(project, actor, set_name, of_set, told)
    return told


@contextmanager
def _opened(file: GivenFile) -> Iterator[IO[bytes]]:
    if isinstance(file.content, Path):
        with file.content.open("rb") as source:
            yield source
    else:
        yield io.BytesIO(file.content)


def _read(source: IO[bytes], file: str, name: str, told: ImportedScores) -> Iterator[_Given]:
    try:
        head = read_head(source, required=["score"])
    except TableRefused as error:
        raise _refused_file(file, str(error)) from error
    named = set(head.columns)
    if not ({"version", "caption_key"} & named or {"image_key", "text"} <= named):
        reason = _("The first line must name version, or caption_key, or image_key and text, besides score.")
        raise _refused_file(file, reason)
    if "name" not in named and not name:
        raise _refused_file(file, _("Say what the scores are called, in the form or in a column name."))
    start = source.tell()
    lines = row_lines(source, head)
    if len(lines) > MOST_ROWS:
        raise _refused_file(file, _("It has more than %(n)d rows; send it in parts.") % {"n": MOST_ROWS})
    source.seek(start)
    for row in read_rows(source, head, lines):
        given = _given(row, name)
        if isinstance(given, str):
            told.refused.append(RefusedLine(row.line, given))
        else:
            yield given


def _refused_file(file: str, reason: str) -> Invalid:
    return Invalid(
        "scores_file", _("%(file)s: %(reason)s Nothing was imported.") % {"file": file, "reason": reason}
    )


def _given(row: Row, name: str) -> _Given | str:
    """Return the line as it can be used, or what is wrong with it."""
    if row.problem:
        return row.problem
    cells = {column: _plain(value.strip()) for column, value in row.cells.items()}
    try:
        score = float(cells["score"])
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        return _("The score %(score)s is no number.") % {"score": cells["score"][:40] or "“”"}
    set_name = one_line(cells.get("name", "")) or name
    if not 0 < len(set_name) <= LONGEST_NAME:
        return _("The name of the scores is missing or longer than %(n)d characters.") % {"n": LONGEST_NAME}
    given = _Given(
        row.line, cells.get("version", ""), cells.get("caption_key", ""), cells.get("image_key", ""),
        caption_text(cells.get("text", "")), set_name, score,
    )  # fmt: skip
    if not (given.version or given.caption or (given.image and given.text)):
        return _("The line names no pair: a version, a caption, or an image with a text.")
    return given


def _plain(value: str) -> str:
    """Return a cell without the mark that keeps spreadsheets from taking it for a formula."""
    is_marked = value.startswith(ESCAPE) and value[1:].startswith((*FORMULA_STARTS, ESCAPE))
    return value[1:] if is_marked else value


def _versions_of(project: Project, given: Sequence[_Given]) -> dict[int, int | str]:
    """Return the version that each line names, or why it names none."""
    found = find_pairs(project, (one.pair for one in given))
    by_caption = _standing(
        project, {found.versions[one.pair].caption for one in given if one.pair in found.versions}
    )
    told: dict[int, int | str] = {}
    for one in given:
        if one.pair not in found.versions:
            told[one.line] = found.reasons[one.pair]
        elif one.version or not one.caption:
            told[one.line] = found.versions[one.pair].pk
        else:
            told[one.line] = _of_caption(one, by_caption.get(found.versions[one.pair].caption, []))
    return told


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of a caption that everybody may see."""

    pk: int
    text: str
    image: str


def _standing(project: Project, captions: Iterable[int]) -> dict[int, list[_Text]]:
    """Return the texts of these captions, the one that stands now last."""
    wanted = sorted(captions)
    texts: dict[int, list[_Text]] = {}
    for start in range(0, len(wanted), ROWS_PER_STATEMENT):
        rows = CaptionVersion.objects.filter(
            project=project,
            caption__in=wanted[start : start + ROWS_PER_STATEMENT],
            state__in=[VersionState.BASE, VersionState.ACCEPTED],
        ).order_by("pk")
        for caption, pk, text, image in rows.values_list("caption_id", "pk", "text", "image__key"):
            texts.setdefault(caption, []).append(_Text(pk, text, image))
    return texts


def _of_caption(one: _Given, texts: Sequence[_Text]) -> int | str:
    """Return the version of a caption that a line means: the one with its text, else the one that stands now."""
    if not texts or (one.image and texts[0].image not in image_names(one.image)):
        return _("The caption %(caption)s does not belong to the image %(image)s.") % {
            "caption": one.caption,
            "image": one.image,
        }
    if not one.text:
        return texts[-1].pk
    same = [text.pk for text in texts if text.text == one.text]
    return same[-1] if same else _("The caption %(caption)s has no such text.") % {"caption": one.caption}


def _decided(
    given: Sequence[_Given], versions: Mapping[int, int | str], told: ImportedScores
) -> dict[str, dict[int, float]]:
    """Return the score of each version by set; a pair that has another score further up is refused."""
    scores: dict[str, dict[int, float]] = {}
    for one in given:
        version = versions[one.line]
        if isinstance(version, str):
            told.refused.append(RefusedLine(one.line, version))
        elif scores.setdefault(one.name, {}).setdefault(version, one.score) != one.score:
            reason = _("A line further up gives this pair another score.")
            told.refused.append(RefusedLine(one.line, reason))
    return {name: of_set for name, of_set in scores.items() if of_set}


def _keep(
    project: Project, actor: User | None, name: str, scores: Mapping[int, float], told: ImportedScores
) -> None:
    ScoreSet.objects.get_or_create(project=project, name=name, defaults={"imported_by": actor})
    score_set = ScoreSet.objects.select_for_update(no_key=True).get(project=project, name=name)
    before = dict(ExternalScore.objects.filter(score_set=score_set).values_list("version_id", "value"))
    fresh = {version: value for version, value in scores.items() if before.get(version) != value}
    ExternalScore.objects.bulk_create(
        [
            ExternalScore(score_set=score_set, version_id=version, value=value)
            for version, value in sorted(fresh.items())
        ],
        update_conflicts=True,
        unique_fields=["score_set", "version"],
        update_fields=["value"],
        batch_size=ROWS_PER_STATEMENT,
    )
    n_changed = sum(version in before for version in fresh)
    told.n_changed += n_changed
    told.n_new += len(fresh) - n_changed
    told.n_same += len(scores) - len(fresh)
    told.names.append(name)
    if fresh:
        append_event(actor=actor, act="scores_imported", row=score_set, project=project)
