"""The port of the benchmark for paraphrases: which take part beside their originals, and what people said of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.machine.evaluation.paraphrase_grades import ParaphraseGrade, grades_of
from annotation.models import EvaluationParaphrase, EvaluationRun, VersionState
from annotation.progress.verdicts import versions_in_pool
from projects.models import Job, Project

ROWS_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class BenchmarkParaphrase:
    """A paraphrase and its original by version; `grade` is the mean grade by people, None where nobody graded it."""

    original_id: int
    version_id: int
    grade: float | None
    is_drawn: bool


def fix_paraphrases(job: Job) -> list[int]:
    """Fix the paraphrases of a benchmark that has begun, and return the versions that take part with them.

    Those are all whose original is benchmarked, and all that people graded; each as imported and in circulation.
    """
    run = EvaluationRun.objects.select_related("project").get(job=job)
    benchmarked = set(run.pairs.filter(is_negative=False).values_list("version_id", flat=True))
    grades = grades_of(run.project)
    pairs = [
        (original, version)
        for original, version in _imported(run.project)
        if original in benchmarked or version in grades
    ]
    EvaluationParaphrase.objects.bulk_create(
        [_row(run, original, version, grades) for original, version in pairs],
        ignore_conflicts=True,
        batch_size=ROWS_PER_STATEMENT,
    )
    return sorted({version for pair in pairs for version in pair})


def _row(
    run: EvaluationRun, original: int, version: int, grades: Mapping[int, ParaphraseGrade]
) -> EvaluationParaphrase:
    told = grades.get(version)
    is_graded = told is not None and told.n_grades > 0
    return EvaluationParaphrase(
        run=run,
        original_id=original,
        version_id=version,
        grade=told.total / told.n_grades if told and is_graded else None,
        n_grades=told.n_grades if told else 0,
        is_drawn=bool(told and told.is_drawn),
    )


def _imported(project: Project) -> list[tuple[int, int]]:
    """Return the base versions of each original and its paraphrase, in the order of the paraphrases.

    One with the very text of its original says nothing and is left out.
    """
    originals = dict(_base_texts(project, caption__paraphrases__isnull=False))
    return [
        (originals[original][0], version)
        for original, (version, text) in _base_texts(project, caption__paraphrase_of__isnull=False)
        if original in originals and originals[original][1] != text
    ]


def _base_texts(project: Project, **only: bool) -> list[tuple[int, tuple[int, str]]]:
    """Return base versions with the hashes of their texts, under the caption or the original that they belong to."""
    named = "caption__paraphrase_of" if "caption__paraphrase_of__isnull" in only else "caption"
    rows = versions_in_pool(project).filter(state=VersionState.BASE, **only).order_by("pk").distinct()
    return [(caption, (pk, text)) for caption, pk, text in rows.values_list(named, "pk", "content_hash")]


def benchmark_paraphrases(job_id: int) -> list[BenchmarkParaphrase]:
    """Return the paraphrases of a benchmark, in the order in which they were imported."""
    rows = EvaluationParaphrase.objects.filter(run__job_id=job_id).order_by("version_id")
    return [
        BenchmarkParaphrase(*row)
        for row in rows.values_list("original_id", "version_id", "grade", "is_drawn")
    ]
