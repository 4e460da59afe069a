"""Results of a study through the API: every figure with its n and interval, files as on the pages."""

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from projects.models import Event, Scope
from studies.design.pilot import PilotAssumptions
from studies.drafting.piloting import run_pilot
from studies.job_kinds import ask_for_results
from studies.models import Study
from studies.results.computing import write_result
from studies.results.drawing import store_figures
from tests.asking_api import address, headers, send
from tests.study_rows import make_grading, make_judged_project, make_study, researcher_of

pytestmark = pytest.mark.django_db


def computed(study: Study) -> Study:
    """Give a draft the figures of a pilot, with their drawings."""
    run_pilot(study=study, actor=None, assumptions=PilotAssumptions(pair_spread=1.0))
    store_figures(write_result(study=study, job=ask_for_results(study=study, actor=None)))
    return study


def ask(study: Study, path: str, *scopes: str) -> Any:
    place = address(study.project, f"studies/{study.public_id}/results/{path}")
    person = researcher_of(study.project)
    return Client().get(place, headers=headers(person, study.project, *scopes))


def test_results_are_missing_until_figures_are_computed_and_then_have_n_and_interval(db: None) -> None:
    study = make_study(make_judged_project(images=7))
    assert ask(study, "").json()["code"] == "result_missing"
    computed(study)
    told = ask(study, "").json()
    assert (told["n_participants"], told["n_simulated"]) == (12, 12)
    assert {row["name"] for row in told["drawings"]} >= {"pairs", "alarms", "flow"}
    shown = ask(study, "pairs/").json()
    assert shown["is_simulated"]
    assert [row["number"] for row in shown["pairs"]] == list(range(1, 13))
    for row in shown["pairs"]:
        assert row["good"] <= row["n"]
        assert row["interval"]["low"] <= row["share"] <= row["interval"]["high"]
        assert row["simultaneous"]["low"] <= row["interval"]["low"]
    table = ask(study, "pairs.csv").text.splitlines()
    assert len(table) == 13
    archive = zipfile.ZipFile(io.BytesIO(ask(study, "public.zip").content))
    assert "figures/pairs.svg" in archive.namelist()
    assert not any("alarms" in name for name in archive.namelist())


def test_what_shows_single_people_is_for_tokens_that_read_single_judgments(db: None) -> None:
    study = computed(make_study(make_judged_project(images=7)))
    assert ask(study, "drawings/pairs.svg", Scope.READ).text.lstrip().startswith("<")
    assert ask(study, "drawings/pairs.png").content.startswith(b"\x89PNG")
    assert ask(study, "drawings/pairs.exe").status_code == 404
    refused = ask(study, "drawings/alarms.csv", Scope.READ)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_needed")
    assert ask(study, "drawings/alarms.csv", Scope.READ, Scope.JUDGMENTS).status_code == 200
    assert ask(study, "figures.json", Scope.READ).status_code == 403
    assert len(ask(study, "figures.json", Scope.JUDGMENTS).json()["figures"]["people"]) == 12
    person = researcher_of(study.project)
    place = f"studies/{study.public_id}/results/answers.zip"
    assert send(person, study.project, place, None, Scope.READ, Scope.WRITE).status_code == 403
    given = send(person, study.project, place, None, Scope.JUDGMENTS)
    assert "reproduce.py" in zipfile.ZipFile(io.BytesIO(given.content)).namelist()
    assert Event.objects.filter(act="study_answers_exported", actor=person).count() == 1
    assert ask(study, "perfect.csv").json()["code"] == "study_not_graded"


def test_paraphrases_have_their_grades_counted(db: None) -> None:
    study = computed(make_grading())
    rows = ask(study, "pairs/").json()["pairs"]
    graded = [row for row in rows if row["n"]]
    assert graded
    assert all(sum(row["grades"]) == row["n"] and row["share"] is None for row in graded)
    assert all(row["is_perfect"] == (row["mean"] == 5) for row in graded if row["n"] >= 2)
    assert ask(study, "perfect.csv").text.startswith("original,")
