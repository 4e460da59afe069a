"""What the page of external scores shows: sets, the latest comparison as tables and drawings, and pairs to score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.machine.evaluation.tables import (
    BINARY,
    LEVELS,
    BenchmarkRow,
    BenchmarkTable,
    Cell,
    Column,
    basis_of,
    labels_of,
    shown_value,
)
from annotation.models import Encoder, EvaluationRun, ScoreComparison, ScoreDrawing, ScoreFigure, ScoreSet
from projects.models import Project

SCORES_PART = "scores"
DISTRIBUTION = (Column("score", gettext_lazy("mean")), Column("score SD", gettext_lazy("SD")))
TOGETHER = (
    Column("Spearman", gettext_lazy("Spearman")),
    Column("limit of agreement", gettext_lazy("limits of agreement, ±")),
    Column("bias", gettext_lazy("mean difference")),
)
COLUMNS = ("scores", "encoder", "level", "figure", "value", "low", "high", "n", "n_other")

Key = tuple[int | None, str]


def sets_of(project: Project) -> QuerySet[ScoreSet]:
    """Return the sets of scores of a project with `n_scores`."""
    return ScoreSet.objects.filter(project=project).annotate(n_scores=Count("scores")).order_by("name")


def latest_comparison(run: EvaluationRun, score_set: ScoreSet | None) -> ScoreComparison | None:
    """Return the newest comparison of a benchmark, with these scores or with any."""
    made = ScoreComparison.objects.filter(run=run).select_related("score_set", "run")
    return (made.filter(score_set=score_set) if score_set else made).order_by("-pk").first()


def comparison_tables(made: ScoreComparison, voters: frozenset[int]) -> list[BenchmarkTable]:
    """Return the tables of a comparison; the scores come first, then the encoders over the same pairs."""
    found: dict[Key, dict[str, ScoreFigure]] = {}
    names: dict[int | None, str] = {None: made.score_set.name}
    for one in made.figures.select_related("encoder"):
        found.setdefault((one.encoder_id, one.level), {})[one.name] = one
        if one.encoder is not None:
            names[one.encoder_id] = one.encoder.name
    encoders = {key: name for key, name in names.items() if key is not None}
    tables = [
        _table("score-distributions", _("Distributions by level"), DISTRIBUTION, found, names, voters, _(
            "n are good pairs that have a score and every cosine. SD is the spread of pairs, no uncertainty of the"
            " mean. Scores and cosines are on scales of their own."
        )),
        _table("score-auprc", _("Telling good captions from bad ones"), BINARY, found, names, voters, _(
            "n are good captions + bad ones, the same for all rows of a level, so that rows can be compared. Chance"
            " differs by level; the last column is at half and half."
        )),
        _table("score-together", _("Scores and cosines together"), TOGETHER, found, encoders, voters, _(
            "Spearman's correlation of scores and cosines. For differences both are first brought to mean 0 and SD 1"
            " over all good pairs; 95% of differences (score less cosine) are expected within the limits, and a"
            " mean difference above 0 says that the scores are kinder to that level. Intervals draw whole images,"
            " those of limits take pairs as independent."
        )),
    ]  # fmt: skip
    return [table for table in tables if table.rows]


def _table(
    name: str,
    title: str,
    columns: Sequence[Column],
    found: Mapping[Key, Mapping[str, ScoreFigure]],
    names: Mapping[int | None, str] | Mapping[int, str],
    voters: frozenset[int],
    note: str,
) -> BenchmarkTable:
    rows = []
    for encoder, label in names.items():
        for level in LEVELS:
            figures = found.get((encoder, level), {})
            if (first := figures.get(columns[0].name)) is None or not first.n:
                continue
            cells = [
                Cell(
                    str(column.label),
                    shown_value(figures.get(column.name)),
                    basis_of(figures.get(column.name), first.n),
                )
                for column in columns
            ]
            n = f"{first.n} + {first.n_other}" if first.n_other is not None else str(first.n)
            rows.append(BenchmarkRow(label, encoder in voters, False, level, n, cells))
    return BenchmarkTable(name, SCORES_PART, title, note, labels_of(columns), rows, has_levels=True)


@dataclass(frozen=True, slots=True)
class ShownDrawing:
    """A drawing as the page shows it, with the addresses of its forms."""

    figure_id: str
    title: str
    alt: str
    svg: str
    csv_url: str
    svg_url: str
    pdf_url: str
    png_url: str


def shown_drawings(made: ScoreComparison, slug: str) -> list[tuple[str, list[ShownDrawing]]]:
    """Return the drawings of a comparison under the encoder that each of them is about."""
    encoders = Encoder.objects.filter(pk__in=made.figures.values("encoder"))
    names = {str(pk): name for pk, name in encoders.values_list("pk", "name")}
    found: dict[str, list[ShownDrawing]] = {}
    for one in made.drawings.defer("pdf", "png", "csv"):
        encoder = one.name.rpartition("-")[2]
        found.setdefault(names.get(encoder, encoder), []).append(_shown(made, slug, one))
    return list(found.items())


def _shown(made: ScoreComparison, slug: str, one: ScoreDrawing) -> ShownDrawing:
    ids = [slug, made.run.public_id, made.score_set.public_id, one.name]
    urls = {
        f"{form}_url": reverse("difficulty-score-drawing", args=[*ids, form])
        for form in ("csv", "svg", "pdf", "png")
    }
    return ShownDrawing(
        figure_id=one.name,
        title=one.title,
        alt=one.alt,
        svg=mark_safe(one.svg),  # noqa: S308  written by a worker of this program, texts escaped
        **urls,
    )


def comparison_rows(made: ScoreComparison) -> Iterator[Sequence[object]]:
    """Return every stored figure of a comparison as the cells of `COLUMNS`."""
    for one in made.figures.select_related("encoder").order_by("pk"):
        encoder = one.encoder.name if one.encoder else ""
        yield (
            made.score_set.name, encoder, one.level, one.name, one.value, one.low, one.high, one.n, one.n_other,
        )  # fmt: skip


PAIR_COLUMNS = ("image_key", "caption_key", "version", "text", "score")


def pairs_to_score(run: EvaluationRun) -> Iterator[Sequence[object]]:
    """Return all pairs of a benchmark as the cells of `PAIR_COLUMNS`, the score to be filled in."""
    rows = run.pairs.order_by("version_id").values_list(
        "version__image__key", "version__caption__key", "version__public_id", "version__text"
    )
    for row in rows.iterator(chunk_size=2000):
        yield (*row, "")
