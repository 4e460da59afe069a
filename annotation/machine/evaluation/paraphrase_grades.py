"""What people said of a project's paraphrases; who asked them makes itself known here, so that nobody looks upwards."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from projects.models import Project


@dataclass(frozen=True, slots=True)
class ParaphraseGrade:
    """The grades 0 to 5 that real people gave one paraphrase beside its original, both by version.

    `is_drawn` marks the one that was drawn of an original's perfect paraphrases.
    """

    original_id: int
    version_id: int
    n_grades: int
    total: int
    is_drawn: bool


Source = Callable[[Project], Iterable[ParaphraseGrade]]

SOURCES: list[Source] = []


def register_grades(source: Source) -> None:
    """Have a source asked whenever grades are wanted; it answers with those of one project."""
    if source not in SOURCES:
        SOURCES.append(source)


def grades_of(project: Project) -> dict[int, ParaphraseGrade]:
    """Return the grades of each graded paraphrase by its version, those of several sources or studies together.

    Of each original one perfect paraphrase is drawn at most: where several studies drew one, that of the first.
    """
    found: dict[int, ParaphraseGrade] = {}
    drawn: set[int] = set()
    for source in SOURCES:
        for one in source(project):
            before = found.get(one.version_id)
            is_drawn = one.is_drawn and one.original_id not in drawn
            if is_drawn:
                drawn.add(one.original_id)
            found[one.version_id] = ParaphraseGrade(
                one.original_id,
                one.version_id,
                one.n_grades + (before.n_grades if before else 0),
                one.total + (before.total if before else 0),
                is_drawn or bool(before and before.is_drawn),
            )
    return found
