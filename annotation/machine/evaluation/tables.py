"""The tables of a benchmark: stored figures laid out in rows and columns, for the page and for LaTeX alike."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import DifficultyLevel, Direction, EvaluationFigure

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"
RETRIEVAL_PART, LEVELS_PART, PAIRS_PART, COSINES_PART = "retrieval", "levels", "pairs", "cosines"
SHARES = frozenset({"R@1", "R@5", "R@10", "mAP@R", "mAP"})
# A share of queries or of what is found, among the first so many.
SHARE_OF_FIRST = re.compile(r"\b(R|AO|JS)@\d+")
LEVELS = ("", *DifficultyLevel.values)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the figure that it shows, and what it is called."""

    name: str
    label: str | Promise


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in words, with what it rests on; `label` is its column's."""

    label: str
    text: str
    basis: str


class StoredFigure(Protocol):
    """A figure as it is stored, of a benchmark or of scores beside one."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    n_other: int | None


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One encoder at one level; `is_voter` where the levels were defined with its help."""

    encoder: str
    is_voter: bool
    leaves_out_own: bool
    level: str
    n: str
    cells: Sequence[Cell]

    @property
    def level_name(self) -> str:
        """Return what people call the level, nothing for all pairs."""
        return str(DifficultyLevel(self.level).label) if self.level else ""


@dataclass(frozen=True, slots=True)
class BenchmarkTable:
    """A table with its name for anchors, its part of the page, its title, a note, its columns' labels and its rows."""

    name: str
    part: str
    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[BenchmarkRow]
    has_levels: bool


Key = tuple[int, str, str, bool]
Found = Mapping[Key, Mapping[str, EvaluationFigure]]

RECALLS = tuple(Column(f"R@{k}", f"R@{k}") for k in (1, 5, 10))
RETRIEVAL = (
    *RECALLS,
    Column("meanR", "meanR"),
    Column("medR", "medR"),
    Column("nearest", gettext_lazy("nearest")),
    Column("mAP@R", "mAP@R"),
    Column("mAP", "mAP"),
)
INSIDE = {
    Direction.IMAGE_TO_TEXT: (
        *RECALLS,
        Column("medR", "medR"),
        Column("medR of all captions", gettext_lazy("medR of all captions")),
    ),
    Direction.TEXT_TO_IMAGE: (
        *RECALLS,
        Column("medR", "medR"),
        Column("share of all queries, first 5", gettext_lazy("R@5 as share of all queries")),
    ),
}
BINARY = (
    Column("AUPRC", "AUPRC"),
    Column("chance", gettext_lazy("chance level")),
    Column("AUROC", "AUROC"),
    Column("matched AP", gettext_lazy("AP at half and half")),
)
COSINE = (Column("cosine", gettext_lazy("mean cosine")), Column("cosine SD", gettext_lazy("SD")))


def shown_value(figure: StoredFigure | None) -> str:
    """Return a figure in words: shares in per cent, ranks with one digit at most, the rest with three."""
    if figure is None or figure.value is None:
        return NOTHING
    return _in_words(figure.name, figure.value)


def _in_words(name: str, value: float) -> str:
    if name in SHARES or name.startswith(("share", "choice")) or SHARE_OF_FIRST.search(name):
        return f"{100 * value:.1f}%"
    if name == "meanR":
        return f"{value:.1f}"
    if name in {"medR", "nearest", "medR of all captions"}:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.3f}".replace("-", MINUS)


def basis_of(figure: StoredFigure | None, n_of_row: int) -> str:
    """Return the interval of a figure in words, and its n where it is not that of the row."""
    if figure is None:
        return ""
    parts = []
    if figure.low is not None and figure.high is not None:
        low, high = (_in_words(figure.name, end).removesuffix("%") for end in (figure.low, figure.high))
        parts.append(_("%(low)s to %(high)s") % {"low": low, "high": high})
    if figure.n != n_of_row:
        parts.append(f"n = {figure.n}")
    return ", ".join(parts)


def found_in(figures: Iterable[EvaluationFigure]) -> Found:
    """Return figures by name under their encoder, direction, level and whether its own vote is left out."""
    found: dict[Key, dict[str, EvaluationFigure]] = {}
    for one in figures:
        key = (one.encoder_id, one.direction, one.level, one.leaves_out_own)
        found.setdefault(key, {})[one.name] = one
    return found


def tables_of(
    figures: Iterable[EvaluationFigure], names: Mapping[int, str], voters: frozenset[int]
) -> list[BenchmarkTable]:
    """Return the tables of good and bad pairs, the encoders' names in the order of the rows, and who voted."""
    found = found_in(figures)
    tables = [_retrieval(found, names, voters, direction) for direction in Direction]
    has_levels = any(
        level and not way and figures["cosine"].n for (_e, way, level, _o), figures in found.items()
    )
    if has_levels:
        tables += [_inside(found, names, voters, direction) for direction in Direction]
    if any("AUPRC" in figures for figures in found.values()):
        tables.append(_binary(found, names, voters))
    return [*tables, _cosines(found, names, voters)]


def rows_of(
    found: Found,
    names: Mapping[int, str],
    voters: frozenset[int],
    direction: str,
    levels: Sequence[str],
    columns: Sequence[Column],
) -> list[BenchmarkRow]:
    """Return a row for each encoder and level that has the first of the columns; its n is the row's."""
    rows = []
    for encoder, name in names.items():
        for leaves_out_own in (False, True):
            for level in levels:
                figures = found.get((encoder, direction, level, leaves_out_own))
                if not figures or columns[0].name not in figures:
                    continue
                first = figures[columns[0].name]
                cells = [
                    Cell(
                        str(column.label),
                        shown_value(figures.get(column.name)),
                        basis_of(figures.get(column.name), first.n),
                    )
                    for column in columns
                ]
                n = f"{first.n} + {first.n_other}" if first.name == "AUPRC" else str(first.n)
                rows.append(BenchmarkRow(name, encoder in voters, leaves_out_own, level, n, cells))
    return rows


def labels_of(columns: Sequence[Column]) -> list[str]:
    """Return what the columns are called."""
    return [str(column.label) for column in columns]


def _retrieval(
    found: Found, names: Mapping[int, str], voters: frozenset[int], direction: Direction
) -> BenchmarkTable:
    note = (
        _(
            "n are the images. One counts as found when any of its captions is among the first K; ranks are of all its"
            " captions."
        )
        if direction == Direction.IMAGE_TO_TEXT
        else _(
            "n are the captions. Each has one relevant image, so mAP@R is R@1 and mAP the mean reciprocal rank."
        )
    )
    rows = rows_of(found, names, voters, direction, [""], RETRIEVAL)
    title = _("Retrieval, %(direction)s") % {"direction": str(direction.label).lower()}
    return BenchmarkTable(
        f"retrieval-{direction}", RETRIEVAL_PART, title, note, labels_of(RETRIEVAL), rows, has_levels=False
    )


def _inside(
    found: Found, names: Mapping[int, str], voters: frozenset[int], direction: Direction
) -> BenchmarkTable:
    note = _(
        "Inside a level: its captions are asked for or ask, and the gallery is everything. The last column answers"
        " another question, that of IMP's Table 4, and is not to be compared with the others."
    )
    columns = INSIDE[direction]
    title = _("By difficulty, %(direction)s") % {"direction": str(direction.label).lower()}
    rows = rows_of(found, names, voters, direction, DifficultyLevel.values, columns)
    return BenchmarkTable(
        f"levels-{direction}", LEVELS_PART, title, note, labels_of(columns), rows, has_levels=True
    )


def _binary(found: Found, names: Mapping[int, str], voters: frozenset[int]) -> BenchmarkTable:
    rows = rows_of(found, names, voters, "", LEVELS, BINARY)
    note = _(
        "n are the good captions of a level + captions that people found bad, one an image. The chance level differs by"
        " level; the last column is at half and half everywhere, where chance is 0.500. SD: over models."
    )
    title = _("Telling good captions from bad ones")
    return BenchmarkTable(
        "auprc",
        PAIRS_PART,
        title,
        note,
        labels_of(BINARY),
        [*rows, *_mean_of_voters(found, voters)],
        has_levels=True,
    )


def _mean_of_voters(found: Found, voters: frozenset[int]) -> list[BenchmarkRow]:
    """Return the mean over the voters with the standard deviation over models (IMP, Table 2), at every level.

    The row has an n where all voters have seen the same number of pairs.
    """
    rows = []
    for level in LEVELS:
        of_voters = [found.get((encoder, "", level, False), {}) for encoder in sorted(voters)]
        told = [figures for figures in of_voters if all(_is_told(figures, one) for one in BINARY)]
        if len(told) < 2:
            continue
        sizes = {(figures["AUPRC"].n, figures["AUPRC"].n_other) for figures in told}
        n = " + ".join(map(str, sizes.pop())) if len(sizes) == 1 else ""
        cells = [
            _mean_cell(column, [figures[column.name].value or 0.0 for figures in told]) for column in BINARY
        ]
        title = _("Mean of %(n)d voters") % {"n": len(told)}
        rows.append(BenchmarkRow(title, False, False, level, n, cells))
    return rows


def _is_told(figures: Mapping[str, EvaluationFigure], column: Column) -> bool:
    return column.name in figures and figures[column.name].value is not None


def _mean_cell(column: Column, values: Sequence[float]) -> Cell:
    return Cell(str(column.label), f"{mean(values):.3f}", _("SD %(sd).3f") % {"sd": stdev(values)})


def _cosines(found: Found, names: Mapping[int, str], voters: frozenset[int]) -> BenchmarkTable:
    rows = rows_of(found, names, voters, "", LEVELS, COSINE)
    note = _(
        "The plain cosine of each good pair; with ViT-B/32 this is what IMP's Table 11 calls CLIPScore. The standard"
        " deviation is the spread of pairs, no uncertainty of the mean."
    )
    title = _("Cosines of good pairs")
    return BenchmarkTable("cosines", COSINES_PART, title, note, labels_of(COSINE), rows, has_levels=True)
