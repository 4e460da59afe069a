"""The figures of a study of paraphrases: which are perfect, how grades are spread, how far graders agree.

Pure, from `AnswerRow`. See docs/algorithms/paraphrase-grading.md.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from measures.proportions import wilson
from studies.design.grades import HIGHEST, VALUES
from studies.design.rows import AnswerRow
from studies.results.analysis import REPLICATES, SEED, Estimate, mean_grade
from studies.results.attention import CountedShare, counted_share
from studies.results.raters import RaterCoefficient, grader_agreement


@dataclass(frozen=True)
class GradedPair:
    """One paraphrase: its grades as counts of 0 to 5, n, and their mean (None where n = 0).

    `is_graded` once it has its graders; `is_perfect` where all of them gave 5.
    """

    pair: int
    counts: tuple[int, ...]
    n: int
    mean: float | None
    is_graded: bool
    is_perfect: bool


@dataclass(frozen=True)
class GradeShare:
    """How many of all grades of paraphrases were this one; Wilson's interval treats grades as independent."""

    grade: int
    given: CountedShare


@dataclass(frozen=True)
class GradeFigures:
    """All figures over one group of people.

    `perfect` is over the paraphrases that have their graders; `unfinished` counts the others. `mean` is over all grades
    of paraphrases, its interval from resampling participants.
    """

    graders: int
    pairs: tuple[GradedPair, ...]
    perfect: CountedShare
    unfinished: int
    distribution: tuple[GradeShare, ...]
    mean: Estimate
    coefficients: tuple[RaterCoefficient, ...]


def graded_pairs(rows: Sequence[AnswerRow], pairs: Sequence[int], *, graders: int) -> tuple[GradedPair, ...]:
    """Every named paraphrase with its grades, in the order of `pairs`; repeats and checks never enter."""
    given: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row.role == "target" and row.grade is not None:
            given[row.pair].append(row.grade)
    return tuple(_graded(pair, given[pair], graders) for pair in pairs)


def _graded(pair: int, grades: Sequence[int], graders: int) -> GradedPair:
    counts = Counter(grades)
    is_graded = len(grades) >= graders
    return GradedPair(
        pair=pair,
        counts=tuple(counts[int(value)] for value in VALUES),
        n=len(grades),
        mean=fmean(grades) if grades else None,
        is_graded=is_graded,
        is_perfect=is_graded and counts[HIGHEST] == len(grades),
    )


def grade_figures(
    rows: Sequence[AnswerRow],
    pairs: Sequence[int],
    *,
    graders: int,
    seed: int = SEED,
    replicates: int = REPLICATES,
) -> GradeFigures:
    """All figures; `graders` are the people that a paraphrase needs before it can be perfect."""
    found = graded_pairs(rows, pairs, graders=graders)
    n = sum(pair.n for pair in found)
    return GradeFigures(
        graders=graders,
        pairs=found,
        perfect=counted_share(pair.is_perfect for pair in found if pair.is_graded),
        unfinished=sum(not pair.is_graded for pair in found),
        distribution=tuple(
            GradeShare(grade, _counted(sum(pair.counts[grade] for pair in found), n))
            for grade in range(HIGHEST + 1)
        ),
        mean=mean_grade(rows, pairs, seed=seed, replicates=replicates),
        coefficients=grader_agreement(rows, pairs, seed=seed, replicates=replicates),
    )


def _counted(k: int, n: int) -> CountedShare:
    return CountedShare(k, n, k / n if n else None, wilson(k, n))
