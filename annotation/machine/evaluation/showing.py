"""What the page of benchmarks shows: a run with its tables, the runs before it, and the published tables beside."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.machine.evaluation.choice_tables import choice_tables
from annotation.machine.evaluation.paraphrase_tables import PARAPHRASES_PART, paraphrase_tables
from annotation.machine.evaluation.tables import (
    COSINES_PART,
    LEVELS_PART,
    PAIRS_PART,
    RETRIEVAL_PART,
    BenchmarkTable,
    tables_of,
)
from annotation.models import DifficultyVote, Encoder, EvaluationFigure, EvaluationRun
from polyannot.kernel.errors import Missing
from projects.models import Project
from projects.models.jobs import JobState

PUBLISHED = Path(__file__).parent / "published"
PUBLISHED_TABLES = (
    (RETRIEVAL_PART, "imp_table3_retrieval", gettext_lazy("Table 3: retrieval")),
    (LEVELS_PART, "imp_table4_retrieval_by_difficulty", gettext_lazy("Table 4: retrieval by difficulty")),
    (PAIRS_PART, "imp_table5_auprc", gettext_lazy("Table 5: AUPRC")),
    (PAIRS_PART, "imp_table6_auprc_by_scale", gettext_lazy("Table 6: AUPRC by pretraining and size")),
    (COSINES_PART, "imp_table11_scores", gettext_lazy("Table 11: CLIPScore and VQAScore")),
    (PARAPHRASES_PART, "paraphrased_retrieval", gettext_lazy("Paraphrased retrieval and text similarity")),
    (PARAPHRASES_PART, "query_expansion", gettext_lazy("Query expansion with three texts, trained on CC12M")),
)
PARTS = (
    (RETRIEVAL_PART, gettext_lazy("Retrieval")),
    (LEVELS_PART, gettext_lazy("By difficulty")),
    (PAIRS_PART, gettext_lazy("Good against bad")),
    (COSINES_PART, gettext_lazy("Cosines")),
    (PARAPHRASES_PART, gettext_lazy("Paraphrases")),
)
COLUMNS = (
    "encoder", "weights_sha256", "voted", "direction", "level", "own_vote_left_out", "figure", "value", "low",
    "high", "n", "n_other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunOverview:
    """A benchmark: how much took part, and its tables."""

    run: EvaluationRun
    n_images: int
    n_captions: int
    n_negatives: int
    n_without_level: int
    tables: Sequence[BenchmarkTable]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table as it was published, and the part of the page that it belongs to."""

    part: str
    name: str
    title: str | Promise
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def runs_of(project: Project) -> QuerySet[EvaluationRun]:
    """Return the benchmarks of a project that are done, the latest first."""
    runs = EvaluationRun.objects.filter(project=project, job__state=JobState.DONE)
    return runs.select_related("job", "difficulty_run").order_by("-pk")


def latest_run(project: Project, run_id: UUID | None) -> EvaluationRun | None:
    """Return the run of this id, or the latest one without. Raises Missing for one that is not here."""
    return runs_of(project).first() if run_id is None else run_of(project, run_id)


def run_of(project: Project, run_id: UUID) -> EvaluationRun:
    """Return a finished benchmark of the project. Raises Missing."""
    if (run := runs_of(project).filter(public_id=run_id).first()) is None:
        raise Missing("evaluation_missing", _("There is no such benchmark in this project."))
    return run


def overview(run: EvaluationRun) -> RunOverview:
    """Return what a benchmark came to."""
    counts = run.pairs.aggregate(
        captions=Count("pk", filter=Q(is_negative=False)),
        negatives=Count("pk", filter=Q(is_negative=True)),
        bare=Count("pk", filter=Q(is_negative=False, level="")),
        images=Count("version__image", filter=Q(is_negative=False), distinct=True),
    )
    names = _names(run)
    figures = list(run.figures.all())
    tables = [
        *tables_of(figures, names, voters_of(run)),
        *choice_tables(figures, names),
        *paraphrase_tables(figures, names),
    ]
    return RunOverview(
        run=run, n_images=counts["images"], n_captions=counts["captions"], n_negatives=counts["negatives"],
        n_without_level=counts["bare"], tables=tables,
    )  # fmt: skip


def _names(run: EvaluationRun) -> Mapping[int, str]:
    """Return the encoders of a run in the order in which they were asked for."""
    asked = {name: place for place, name in enumerate(run.job.parameters.get("encoders", []))}
    rows = Encoder.objects.filter(pk__in=run.figures.values("encoder")).values_list("pk", "name")
    return dict(sorted(rows, key=lambda row: (asked.get(row[1], len(asked)), row[1], row[0])))


def voters_of(run: EvaluationRun) -> frozenset[int]:
    """Return the encoders whose votes made the levels of a run, the tie-breaker among them."""
    if run.difficulty_run_id is None:
        return frozenset()
    votes = DifficultyVote.objects.filter(run=run.difficulty_run_id)
    return frozenset(votes.values_list("threshold__encoder", flat=True).distinct())


def figure_rows(run: EvaluationRun) -> Iterator[Sequence[object]]:
    """Return every stored figure of a run as the cells of `COLUMNS`."""
    voters = voters_of(run)
    figures: QuerySet[EvaluationFigure] = run.figures.select_related("encoder").order_by("pk")
    for one in figures.iterator(chunk_size=2000):
        yield (
            one.encoder.name, one.encoder.weights_hash, int(one.encoder_id in voters), one.direction, one.level,
            int(one.leaves_out_own), one.name, one.value, one.low, one.high, one.n, one.n_other,
        )  # fmt: skip


@cache
def published_tables() -> Sequence[PublishedTable]:
    """Return the tables that the papers print, as read from the files beside this module."""
    tables = []
    for part, name, title in PUBLISHED_TABLES:
        with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
        tables.append(PublishedTable(part, name, title, columns, rows))
    return tables
