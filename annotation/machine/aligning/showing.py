"""What the page of alignments shows: each finished model with its figures before and after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.machine.aligning.alignments import ALIGNED
from annotation.models import AlignmentRun
from polyannot.kernel.errors import Missing
from projects.models import Project

COLUMNS = ("model", "variant", "part", "direction", "figure", "value", "low", "high", "n", "seed")
WAYS = (("text_to_image", "t2i"), ("image_to_text", "i2t"))
RECALLS = ("R@1", "R@5", "R@10")


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in percent, and its interval."""

    text: str
    basis: str


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """The figures of the base model, or of what was made of it."""

    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class ShownAlignment:
    """A finished alignment: its variant in words, the columns of its table and the two rows."""

    run: AlignmentRun
    variant: str
    columns: Sequence[str]
    rows: Sequence[FiguresRow]
    n_captions: int
    n_images: int
    n_pairs: int
    change: Cell | None


def variant_of(config: dict[str, Any]) -> str:
    """Return the variant in words."""
    if config["finetuned"]:
        tower = _("text tower finetuned")
    elif config["appended_layers"]:
        tower = _("frozen text tower with %(n)d layers appended") % {"n": config["appended_layers"]}
    else:
        tower = _("both towers frozen, heads trained")
    losses = _("image-caption loss") if config["recipe"]["losses"] == "pairs" else _("with paraphrase losses")
    return f"{tower}, {losses}"


def overlaps_of(config: dict[str, Any]) -> list[str]:
    """Return the names of the overlaps, such as AO@10."""
    return [name for name in config["after"] if name.startswith(("AO@", "JS@"))]


def _cell(value: float, interval: Sequence[float] | None) -> Cell:
    return Cell(f"{value:.1f}", _in_words([f"{end:.1f}" for end in interval or ()]))


def _in_words(ends: Sequence[str]) -> str:
    """Return an interval in words, nothing where there is none."""
    return _("%(low)s to %(high)s") % {"low": ends[0], "high": ends[1]} if ends else ""


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "\N{MINUS SIGN}")


def _change(config: dict[str, Any]) -> Cell | None:
    """Return by how many points the first overlap changed; None where no image has two captions."""
    for change in config["change"].values():
        if change["n"]:
            ends = [_signed(end) for end in change["interval"] or ()]
            return Cell(_signed(change["value"]), _in_words(ends))
    return None


def _row(label: str, config: dict[str, Any], part: str) -> FiguresRow:
    figures = config[part]
    cells = [
        _cell(figures[way][name], figures[way][f"{name} interval"])
        for way, _short in WAYS
        for name in RECALLS
    ]
    cells += [_cell(figures[name]["value"], figures[name]["interval"]) for name in overlaps_of(config)]
    return FiguresRow(label, cells)


def shown(run: AlignmentRun) -> ShownAlignment:
    """Return what the page shows of a finished alignment."""
    config, overlaps = run.config, overlaps_of(run.config)
    return ShownAlignment(
        run=run,
        variant=variant_of(config),
        columns=[*(f"{short} {name}" for _way, short in WAYS for name in RECALLS), *overlaps],
        rows=[_row(_("Before"), config, "before"), _row(_("After"), config, "after")],
        n_captions=config["training_data"]["dev_captions"],
        n_images=config["training_data"]["dev_images"],
        n_pairs=config["after"][overlaps[0]]["n"] if overlaps else 0,
        change=_change(config),
    )


def finished_alignments(project: Project) -> QuerySet[AlignmentRun]:
    """Return the runs of a project that came to their end, the latest first."""
    return AlignmentRun.objects.filter(project=project, weights__isnull=False).select_related("weights")


def alignments_of(project: Project) -> list[ShownAlignment]:
    """Return the finished alignments of a project as they are shown, the latest first."""
    return [shown(run) for run in finished_alignments(project)]


def alignment_of(project: Project, public_id: UUID) -> AlignmentRun:
    """Return a finished alignment of the project. Raises Missing."""
    if (run := finished_alignments(project).filter(public_id=public_id).first()) is None:
        raise Missing("alignment_missing", _("There is no such finished alignment in this project."))
    return run


def figure_rows(run: AlignmentRun) -> Iterator[tuple[object, ...]]:
    """Yield every figure before and after as a row of a table, in percent."""
    config = run.config
    head = (f"{ALIGNED}{run.public_id}", variant_of(config))
    seed = config["recipe"]["seed"]
    for part in ("before", "after"):
        figures = config[part]
        for way, short in WAYS:
            for name in RECALLS:
                low, high = figures[way][f"{name} interval"]
                yield (*head, part, short, name, figures[way][name], low, high, figures[way]["n"], seed)
        for name in overlaps_of(config):
            low, high = figures[name]["interval"] or (None, None)
            yield (*head, part, "", name, figures[name]["value"], low, high, figures[name]["n"], seed)
