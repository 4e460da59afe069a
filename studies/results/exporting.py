"""What of a study may leave the house: aggregates of pairs for everybody, and answers without persons for researchers.

A file with answers names people by random words that hold in that file alone, gives times in steps of
`rows.TIME_STEP_MS` and no dates, and no platform ids. The script in it computes every figure again.
"""

import copy
import csv
import io
import json
import secrets
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Missing
from polyannot.kernel.tables import safe_cell
from projects.history import append_event
from studies.models import FigureName, Preregistration, Study, StudyPair, StudyResult
from studies.results.computing import GROUPS, without_single_people
from studies.results.judged import TakenAnswers, read_answers
from studies.showing import answered_pairs, graded_csv, graded_pairs, pairs_csv

ID_BYTES = 6
SCRIPT = Path(__file__).with_name("reproducing.py")
TEXTS = Path(__file__).parents[1] / "texts"
# All files of an archive carry this time, so that it tells nothing.
EPOCH = (1980, 1, 1, 0, 0, 0)
FIGURE_TYPES = {
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
}


def told_figures(study: Study, result: StudyResult) -> dict[str, Any]:
    """Return all figures as they were computed, with seed, version and deviations."""
    return {
        "study": str(study.public_id),
        "title": study.title,
        "is_demo": study.is_demo,
        "computed_at": result.made_at.isoformat(timespec="seconds"),
        "code_version": result.code_version,
        "seed": result.seed,
        "deviations": list(study.deviations.values_list("text", flat=True)),
        **result.figures,
    }


def public_archive(*, study: Study, result: StudyResult) -> bytes:
    """Return what may be published: figures of pairs and of the study, nothing about one person each."""
    told = without_single_people(told_figures(study, result))
    files = _common_files(study, result, told)
    files["README.md"] = _readme("public", study, result)
    return _zipped(files)


def answers_archive(*, study: Study, result: StudyResult, actor: User | None) -> bytes:
    """Return every answer under random names of people, the figures, and the script that computes them again.

    The export is noted in the history. Raises Conflict where answers came or went since the figures were computed:
    the script would then find others.
    """
    taken = read_answers(study)
    if taken.sha256 != result.figures["answers_sha256"]:
        raise Conflict(
            "figures_stale",
            _(
                "Answers came or went since these figures were computed. Compute them again, then export; "
                "nothing was exported."
            ),
        )
    with transaction.atomic():
        append_event(actor=actor, act="study_answers_exported", row=study)
    names = _random_names(taken.people)
    files = _common_files(study, result, _renamed(told_figures(study, result), taken, names))
    files |= {
        "README.md": _readme("answers", study, result),
        "answers.csv": _answers_csv(taken, names),
        "people.csv": _people_csv(taken, names),
        "shown.csv": _shown_csv(taken.pairs),
        "reproduce.py": SCRIPT.read_text(encoding="utf-8"),
    }
    return _zipped(files)


def _common_files(study: Study, result: StudyResult, told: Mapping[str, Any]) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {
        "pairs.csv": primary_pairs_csv(study, result),
        "figures.json": json.dumps(told, ensure_ascii=False, indent=2) + "\n",
    }
    declared = Preregistration.objects.filter(study=study).first()
    if declared is not None:
        files["preregistration.md"] = declared.markdown
        files["preregistration.json"] = json.dumps(declared.document, ensure_ascii=False, indent=2) + "\n"
    for drawing in result.drawings.all():
        if not told["people"] and drawing.name == FigureName.ALARMS:
            continue
        place = f"figures/{drawing.name}"
        files |= {f"{place}.svg": drawing.svg, f"{place}.csv": drawing.csv}
        files |= {f"{place}.pdf": bytes(drawing.pdf), f"{place}.png": bytes(drawing.png)}
    return files


def primary_pairs_csv(study: Study, result: StudyResult) -> str:
    """Return the primary figures of every measured pair as CSV: shares good, or grades."""
    primary = result.figures[result.figures["primary"]]
    if primary.get("grading"):
        return graded_csv(graded_pairs(study, primary))
    return pairs_csv(answered_pairs(study, primary))


def _readme(kind: str, study: Study, result: StudyResult) -> str:
    """Return the text that explains the archive, from `texts/export-KIND.md`."""
    marks = []
    if result.figures["is_simulated"]:
        marks.append("**Simulated: made-up participants, no result.**")
    if study.is_demo:
        marks.append("**Demonstration data.**")
    text = (TEXTS / f"export-{kind}.md").read_text(encoding="utf-8")
    if study.is_graded:
        text += "\n" + (TEXTS / "export-paraphrases.md").read_text(encoding="utf-8")
    head = f"# {study.title}\n\n" + "".join(f"{mark}\n\n" for mark in marks)
    computed = (
        f"{result.made_at:%Y-%m-%d %H:%M} UTC, seed {result.seed}, version {result.code_version or '-'}"
    )
    return head + text.replace("{computed}", computed)


def _random_names(people: Iterable[int]) -> dict[int, str]:
    """Name each person anew, by a word that follows from nothing."""
    names: dict[int, str] = {}
    for person in people:
        name = secrets.token_hex(ID_BYTES)
        while name in names.values():
            name = secrets.token_hex(ID_BYTES)
        names[person] = name
    return names


def _renamed(told: dict[str, Any], taken: TakenAnswers, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the figures with people under their names of this export, in the order of the names."""
    by_number = {number: names[person] for person, number in taken.person_number.items()}
    renamed = copy.deepcopy(told)
    for person in renamed["people"]:
        person["person"] = by_number[person["person"]]
    renamed["people"].sort(key=lambda person: person["person"])
    for group in GROUPS:
        alarms = renamed[group]["attention"]["by_participant"]
        for row in alarms:
            row["participant"] = by_number[row["participant"]]
        alarms.sort(key=lambda row: row["participant"])
    # The running numbers that it was taken over follow the order in which people came.
    del renamed["answers_sha256"]
    return renamed


def _answers_csv(taken: TakenAnswers, names: Mapping[int, str]) -> str:
    rows = sorted(taken.rows, key=lambda row: (names[row.participant], row.position))
    return _table(
        ("person", "role", "pair", "position", "answer", "seconds", "grade"),
        (
            (
                names[row.participant],
                row.role,
                taken.number_of[row.pair],
                row.position,
                row.answer,
                "" if row.ms is None else f"{row.ms / 1000:.1f}",
                "" if row.grade is None else row.grade,
            )
            for row in rows
        ),
    )


def _people_csv(taken: TakenAnswers, names: Mapping[int, str]) -> str:
    included = taken.included
    return _table(
        ("person", "has_finished", "cards", "is_included"),
        (
            (names[person], int(person in taken.finished), taken.dealt[person], int(person in included))
            for person in sorted(taken.people, key=names.__getitem__)
        ),
    )


def _shown_csv(pairs: Iterable[StudyPair]) -> str:
    return _table(
        ("role", "pair", "image", "caption", "text", "difficulty", "cosine", "original", "original_text"),
        (
            (
                pair.role,
                pair.position,
                safe_cell(pair.image.key),
                safe_cell(pair.version.caption.key),
                safe_cell(pair.version.text),
                pair.difficulty,
                pair.cosine,
                safe_cell(pair.original.caption.key if pair.original else ""),
                safe_cell(pair.original.text if pair.original else ""),
            )
            for pair in pairs
        ),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _zipped(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def computed_result(result: StudyResult | None) -> StudyResult:
    """Return the result; raises Missing where nothing was computed yet."""
    if result is None:
        raise Missing("result_missing", _("No figures have been computed yet."))
    return result


def drawn(result: StudyResult, name: str, form: str) -> tuple[str | bytes, str]:
    """Return one drawing in one of its forms, or its data, with its content type; raises Missing for any other."""
    drawing = result.drawings.filter(name=name).first()
    if drawing is None or form not in FIGURE_TYPES:
        raise Missing("figure_missing", _("There is no such figure of this study."))
    content = getattr(drawing, form)
    return content if isinstance(content, str) else bytes(content), FIGURE_TYPES[form]
