"""The table of two-way choices: how often a model prefers a good caption to its rejected or earlier text."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.machine.evaluation.tables import (
    PAIRS_PART,
    BenchmarkTable,
    Column,
    found_in,
    labels_of,
    rows_of,
)
from annotation.models import EditKind, EvaluationFigure

COLUMNS = (
    Column("choice rejected", gettext_lazy("against a bad one")),
    Column("choice edit", gettext_lazy("against before an edit")),
    *(Column(f"choice edit {kind.value}", kind.label) for kind in EditKind),
)


def choice_tables(figures: Iterable[EvaluationFigure], names: Mapping[int, str]) -> list[BenchmarkTable]:
    """Return the table with the columns that some encoder has a figure in; nothing where no encoder has any."""
    found = found_in(figures)
    there = {name for figures_of_row in found.values() for name in figures_of_row}
    columns = [column for column in COLUMNS if column.name in there]
    if not columns:
        return []
    note = _(
        "Shares of choices in which the good caption is nearer to the image: against a caption of the same image that"
        " people found bad, and against what it was before an edit, by kind of edit. n are the choices; half is chance,"
        " a tie is wrong. Wilson's intervals take choices as independent; those of one image are not quite."
    )
    rows = rows_of(found, names, frozenset(), "", [""], columns)
    title = _("Choosing between a good caption and another")
    return [BenchmarkTable("choices", PAIRS_PART, title, note, labels_of(columns), rows, has_levels=False)]
