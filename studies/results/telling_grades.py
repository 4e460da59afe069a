"""What a project's studies of paraphrases tell the benchmark: the grades by real people, and the perfect ones drawn."""

from collections.abc import Iterator

from annotation.machine.evaluation.paraphrase_grades import ParaphraseGrade, register_grades
from projects.models import Project
from studies.models import Study, StudyKind
from studies.results.grade_figures import graded_pairs
from studies.results.judged import read_answers
from studies.results.perfect import perfect_paraphrases


def told_grades(project: Project) -> Iterator[ParaphraseGrade]:
    """Return the grades of the people of each launched study's primary figures, by study and pair."""
    studies = Study.objects.filter(
        project=project, kind=StudyKind.PARAPHRASES, launched_at__isnull=False
    ).order_by("pk")
    for study in studies:
        yield from _of_study(study)


def _of_study(study: Study) -> Iterator[ParaphraseGrade]:
    taken = read_answers(study)
    if taken.is_simulated:
        return
    counts = taken.included if study.primary_leaves_out_excluded else set(taken.people)
    drawn = {each.version for each in perfect_paraphrases(study) if each.is_drawn}
    targets = {pair.pk: pair for pair in taken.targets}
    rows = [row for row in taken.rows if row.participant in counts]
    for told in graded_pairs(rows, list(targets), graders=study.graders_per_pair):
        pair = targets[told.pair]
        if told.n:
            yield ParaphraseGrade(
                original_id=pair.original_id or 0,
                version_id=pair.version_id,
                n_grades=told.n,
                total=sum(grade * n for grade, n in enumerate(told.counts)),
                is_drawn=pair.version_id in drawn,
            )


register_grades(told_grades)
