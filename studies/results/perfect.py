"""Perfect paraphrases: those to which all of their graders, as many as were declared or more, gave 5 (ParaCLIP)."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from polyannot.kernel.tables import safe_cell
from projects.models import Project
from studies.design.seeding import seeded, shuffled
from studies.models import Study, StudyKind
from studies.results.grade_figures import graded_pairs
from studies.results.judged import read_answers


@dataclass(frozen=True)
class PerfectParaphrase:
    """One of them: caption versions by id, captions by key, and how many people graded it.

    `is_drawn` marks the one of each original that the study's seed draws, for sets with one paraphrase a caption.
    """

    study: str
    version: int
    caption: str
    text: str
    original_version: int
    original: str
    original_text: str
    graders: int
    is_simulated: bool
    is_drawn: bool = False


def perfect_paraphrases(study: Study) -> tuple[PerfectParaphrase, ...]:
    """Return a study's perfect paraphrases over the people of its primary figures, in the order of its pairs."""
    taken = read_answers(study)
    counts = taken.included if study.primary_leaves_out_excluded else set(taken.people)
    rows = [row for row in taken.rows if row.participant in counts]
    targets = {pair.pk: pair for pair in taken.targets}
    graded = graded_pairs(rows, list(targets), graders=study.graders_per_pair)
    perfect = {found.pair: found.n for found in graded if found.is_perfect}
    drawn = _one_each(
        ((targets[pair].original_id or 0, targets[pair].version_id) for pair in perfect), study.seed
    )
    found = []
    for pk, graders in perfect.items():
        pair = targets[pk]
        assert pair.original is not None
        found.append(
            PerfectParaphrase(
                study=study.slug,
                version=pair.version_id,
                caption=pair.version.caption.key,
                text=pair.version.text,
                original_version=pair.original.pk,
                original=pair.original.caption.key,
                original_text=pair.original.text,
                graders=graders,
                is_simulated=taken.is_simulated,
                is_drawn=pair.version_id in drawn,
            )
        )
    return tuple(found)


def perfect_in(project: Project) -> list[PerfectParaphrase]:
    """Return what real people found perfect in the project's launched studies, by study and pair."""
    studies = Study.objects.filter(
        project=project, kind=StudyKind.PARAPHRASES, launched_at__isnull=False
    ).order_by("pk")
    return [each for study in studies for each in perfect_paraphrases(study) if not each.is_simulated]


def _one_each(pairs: Iterable[tuple[int, int]], seed: int) -> set[int]:
    """Draw one paraphrase of each original, every one equally likely."""
    by_original: dict[int, list[int]] = defaultdict(list)
    for original, version in pairs:
        by_original[original].append(version)
    return {
        shuffled(sorted(versions), seeded(seed, "perfect", original))[0]
        for original, versions in by_original.items()
    }


COLUMNS = ("original", "original_text", "paraphrase", "text", "graders", "is_drawn", "is_simulated")


def perfect_csv(found: Iterable[PerfectParaphrase]) -> str:
    """Return one row for each as UTF-8 CSV; texts are escaped as `safe_cell` does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in found:
        texts = (each.original, each.original_text, each.caption, each.text)
        writer.writerow([*map(safe_cell, texts), each.graders, int(each.is_drawn), int(each.is_simulated)])
    return out.getvalue()
