"""What leaves the house: the script finds every figure again, and nothing tells people apart from outside."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from polyannot.kernel.errors import Conflict
from projects.models import Event
from studies.design.pilot import PilotAssumptions
from studies.drafting.piloting import run_pilot
from studies.job_kinds import ask_for_results
from studies.models import Participant, Study, StudyResult
from studies.results.computing import forget_single_people, write_result
from studies.results.drawing import store_figures
from studies.results.exporting import answers_archive, public_archive
from tests.study_rows import make_judged_project, make_study

pytestmark = pytest.mark.django_db

# What only the export can say: names, methods, reasons, sentences.
WORDS = {"method", "reason", "note", "name", "withheld", "level", "replicates", "undefined", "seed"}


def computed(**values: Any) -> StudyResult:
    """Figures over a pilot whose people differ: guessers, people who leave, repeats, three difficulties."""
    study = make_study(make_judged_project(images=8), **values)
    assumptions = PilotAssumptions(share_guessing=0.15, drop_out=0.1, pair_spread=1.0)
    run_pilot(study=study, actor=None, assumptions=assumptions)
    result = write_result(study=study, job=ask_for_results(study=study, actor=None))
    result.refresh_from_db()
    return result


@pytest.fixture
def result() -> StudyResult:
    return computed(
        hard_pairs=12,
        medium_pairs=6,
        easy_pairs=6,
        target_participants=20,
        repeats_per_participant=2,
        pairs_per_participant=12,
        min_seconds_median=4.0,
        max_controls_bad=0,
        min_share_answered=0.6,
    )


def unpacked(archive: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        assert files.testzip() is None
        files.extractall(folder)
    return folder


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -I: nothing of this program can be imported, only what is installed.
    command = [sys.executable, "-I", str(folder / "reproduce.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_script_finds_every_figure_again_from_the_answers(result: StudyResult, tmp_path: Path) -> None:
    folder = unpacked(answers_archive(study=result.study, result=result, actor=None), tmp_path)
    done = run_script(folder, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    published = json.loads((folder / "figures.json").read_text())
    assert found["left_out"], "somebody should be left out, or the rules are not compared"
    for group in ("everybody", "without_excluded"):
        missed = not_computed(published[group], found[group], group)
        assert missed == []


def not_computed(published: Any, found: Any, where: str) -> list[str]:
    """The numbers of an export that the script does not compute."""
    if isinstance(published, dict):
        if not isinstance(found, dict):
            return [where]
        told = [
            not_computed(value, found.get(name), f"{where}.{name}")
            for name, value in published.items()
            if name not in WORDS
        ]
        return [line for lines in told for line in lines]
    if isinstance(published, list):
        pairs = zip(published, found, strict=True)
        return [
            line
            for at, (one, other) in enumerate(pairs)
            for line in not_computed(one, other, f"{where}[{at}]")
        ]
    return [where] if found is None and published is not None else []


def test_the_script_notices_a_changed_answer(result: StudyResult, tmp_path: Path) -> None:
    folder = unpacked(answers_archive(study=result.study, result=result, actor=None), tmp_path)
    answers = folder / "answers.csv"
    lines = answers.read_text().splitlines()
    place = next(at for at, line in enumerate(lines) if ",target," in line)
    lines[place] = (
        lines[place].replace(",good,", ",BAD,").replace(",bad,", ",good,").replace(",BAD,", ",bad,")
    )
    answers.write_text("\n".join(lines) + "\n")
    done = run_script(folder)
    assert done.returncode == 1
    assert "everybody.shares" in done.stderr


def test_two_exports_share_no_name_of_a_person_and_hold_none_of_the_program_s(
    result: StudyResult, tmp_path: Path
) -> None:
    archives = [answers_archive(study=result.study, result=result, actor=None) for _ in range(2)]
    first, second = (unpacked(archive, tmp_path / str(number)) for number, archive in enumerate(archives))
    names = [{row["person"] for row in rows_of(folder / "answers.csv")} for folder in (first, second)]
    assert not names[0] & names[1]
    assert len(names[0]) == result.n_participants
    everything = "\n".join(path.read_text() for path in first.iterdir() if path.is_file())
    for person in Participant.objects.all():
        assert str(person.public_id) not in everything
        assert person.secret_hash not in everything
    assert {len(row["seconds"].partition(".")[2]) for row in rows_of(first / "answers.csv")} == {1}
    assert Event.objects.filter(act="study_answers_exported").count() == 2


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_what_may_be_published_says_nothing_about_one_person(result: StudyResult, tmp_path: Path) -> None:
    folder = unpacked(public_archive(study=result.study, result=result), tmp_path)
    assert not {"answers.csv", "people.csv", "reproduce.py"} & {path.name for path in folder.iterdir()}
    told = json.loads((folder / "figures.json").read_text())
    assert told["people"] == []
    assert told["answers_sha256"] == ""
    assert told["everybody"]["attention"]["by_participant"] == []
    pairs = rows_of(folder / "pairs.csv")
    assert len(pairs) == 24
    assert {row["difficulty"] for row in pairs} == {"hard", "medium", "easy"}
    assert "Simulated" in (folder / "README.md").read_text()


def test_answers_that_came_or_went_since_ask_for_figures_first(result: StudyResult) -> None:
    study: Study = result.study
    person = Participant.objects.filter(study=study).order_by("pk").first()
    assert person is not None
    card = person.cards.exclude(answer=None).first()
    assert card is not None
    card.answer.delete()
    with pytest.raises(Conflict) as refusal:
        answers_archive(study=study, result=result, actor=None)
    assert refusal.value.code == "figures_stale"
    assert not Event.objects.filter(act="study_answers_exported").exists()


def test_figures_go_along_without_what_they_say_about_single_people_in_public(
    result: StudyResult, tmp_path: Path
) -> None:
    store_figures(result)
    for_researchers = unpacked(answers_archive(study=result.study, result=result, actor=None), tmp_path / "a")
    for_everybody = unpacked(public_archive(study=result.study, result=result), tmp_path / "b")
    names = ["flow", "pairs", "positions", "similarity"]
    assert sorted({path.stem for path in (for_everybody / "figures").iterdir()}) == names
    assert sorted({path.stem for path in (for_researchers / "figures").iterdir()}) == ["alarms", *names]
    pairs = rows_of(for_everybody / "figures" / "pairs.csv")
    assert [float(row["share"]) for row in pairs] == sorted(float(row["share"]) for row in pairs)
    assert (for_everybody / "figures" / "pairs.png").read_bytes().startswith(b"\x89PNG")


def test_somebody_who_withdraws_leaves_no_drawing_of_single_people(result: StudyResult) -> None:
    store_figures(result)
    assert result.drawings.filter(name="alarms").exists()
    forget_single_people(result.study)
    assert not result.drawings.filter(name="alarms").exists()
    assert result.drawings.count() == 4
    store_figures(result)
    assert not result.drawings.filter(name="alarms").exists()
