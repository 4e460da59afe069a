"""The tables of a benchmark that speak of paraphrases: overlap of what they find, query expansion, human grades."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.machine.evaluation.tables import (
    BenchmarkTable,
    Column,
    Found,
    found_in,
    labels_of,
    rows_of,
)
from annotation.models import Direction, EvaluationFigure

PARAPHRASES_PART = "paraphrases"
AO, JS = "AO@10", "JS@10"
OVERLAPS = (Column(AO, AO), Column(JS, JS))
PERFECT = (Column(f"{AO} perfect", AO), Column(f"{JS} perfect", JS))
PLAIN, EXPANDED = gettext_lazy("plain"), gettext_lazy("expanded")


def _beside(name: str, plain: str, expanded: str) -> tuple[Column, Column]:
    """Return two columns for a figure without and with query expansion."""
    return Column(plain, f"{name}, {PLAIN}"), Column(expanded, f"{name}, {EXPANDED}")


def _expansion() -> Sequence[Column]:
    return [column for k in (1, 5, 10) for column in _beside(f"R@{k}", f"no QE R@{k}", f"QE R@{k}")]


def _expanded_overlaps() -> Sequence[Column]:
    return [column for name in (AO, JS) for column in _beside(name, f"{name} no QE", f"{name} QE")]


GRADES = (
    Column("STS Spearman", gettext_lazy("Spearman")),
    Column("STS Pearson", gettext_lazy("Pearson")),
)


def paraphrase_tables(figures: Iterable[EvaluationFigure], names: Mapping[int, str]) -> list[BenchmarkTable]:
    """Return those of the tables that have a row; the encoders' names are in the order of the rows."""
    found = found_in(figures)
    gallery = max((one.n_other or 0 for of_row in found.values() for one in of_row.values()), default=0)
    tables = [
        _table(
            found, names, "paraphrases", _("Paraphrased retrieval"), OVERLAPS, Direction.TEXT_TO_IMAGE,
            _("n are the pairs of a caption and its paraphrase, as imported. How far the first ten of %(gallery)d"
              " images that both find overlap: AO@10 weighs the first places more, JS@10 is what both share of what"
              " either finds. The fewer images there are, the more overlaps by chance.") % {"gallery": gallery},
        ),
        _table(
            found, names, "paraphrases-perfect", _("Paraphrased retrieval, perfect paraphrases"), PERFECT,
            Direction.TEXT_TO_IMAGE,
            _("The same over one perfect paraphrase of each caption: all of its graders gave it 5; drawn by seed."),
        ),
        _table(
            found, names, "expansion", _("Query expansion, text to image"), _expansion(), Direction.TEXT_TO_IMAGE,
            _("n are the captions with paraphrases enough. Expanded, a query is the mean of its own features and those"
              " of the paraphrases that were imported first."),
        ),
        _table(
            found, names, "expansion-overlap", _("Query expansion, paraphrased retrieval"), _expanded_overlaps(),
            Direction.TEXT_TO_IMAGE,
            _("n are the captions with paraphrases enough to expand it and its paraphrase by different texts."),
        ),
        _table(
            found, names, "grades", _("Cosine of texts and human grades"), GRADES, "",
            _("n are the graded paraphrases: the cosine of each with its original beside the mean of the grades 0 to 5"
              " that people gave. The interval draws whole captions with all of their paraphrases."),
        ),
    ]  # fmt: skip
    return [table for table in tables if table.rows]


def _table(
    found: Found,
    names: Mapping[int, str],
    name: str,
    title: str | Promise,
    columns: Sequence[Column],
    direction: str,
    note: str,
) -> BenchmarkTable:
    rows = rows_of(found, names, frozenset(), direction, [""], columns)
    return BenchmarkTable(
        name, PARAPHRASES_PART, str(title), note, labels_of(columns), rows, has_levels=False
    )
