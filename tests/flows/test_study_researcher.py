"""A researcher builds a study, launches it, watches it and reads its results, by the pages alone."""

import csv
import io
import json

import pytest
from django.test import Client

import studies.tasks  # noqa: F401  the runner of the results
from projects.models import Job, Project
from projects.running import run_job
from studies.models import Participant, Preregistration, Study, StudyResult, TextKind
from studies.views.frames import DRAFT_TABS, RUNNING_TABS
from tests.factories import make_project
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import CONSENT, make_judged_project, make_open_study, make_study, researcher_of

pytestmark = pytest.mark.django_db


def signed_in(inside: Study | Project) -> Client:
    project = inside.project if isinstance(inside, Study) else inside
    client = Client()
    client.force_login(researcher_of(project))
    return client


def page_of(study: Study, rest: str = "") -> str:
    return f"/p/{study.project.slug}/studies/{study.public_id}/{rest}"


def form_values(study: Study, **changed: object) -> dict[str, object]:
    from studies.forms import StudyForm

    form = StudyForm(instance=study)
    values = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in values.items() if value is not None and value is not False}
    return {**kept, **changed}


def test_a_study_goes_from_a_title_to_its_results_by_the_pages_alone() -> None:
    project = make_judged_project()
    client = signed_in(project)
    base = f"/p/{project.slug}/studies/"
    assert "No studies yet" in client.get(base).text
    client.post(f"{base}new/", {"title": "Hard pairs", "kind": "fit"})
    study = Study.objects.get()
    assert (study.hard_pairs, study.pairs_per_participant) == (24, 24 if study.medium_pairs == 0 else 25)

    small = {"hard_pairs": 12, "medium_pairs": 0, "pairs_per_participant": 4, "target_participants": 3}
    short = {"distractors_in_study": 4, "distractors_per_participant": 2, "controls_in_study": 2}
    values = form_values(study, **small, **short, controls_per_participant=1)
    assert client.post(page_of(study, "edit/"), values).status_code == 302
    refused = client.post(page_of(study, "launch/"))
    assert refused.status_code == 422
    assert "#id_institution" in refused.text

    study.refresh_from_db()
    assert client.post(page_of(study, "edit/"), form_values(study, **CONSENT)).status_code == 302
    panel = client.post(page_of(study, "plan/"), form_values(study, **CONSENT, target_participants=30))
    assert "Answers for each pair" in panel.text
    written = {"markdown": "# Your choice\n\nBy {institution}. <b>No</b>", "act": "save"}
    assert client.post(page_of(study, "texts/consent/"), written).status_code == 302
    assert "Example University. &lt;b&gt;No&lt;/b&gt;" in client.get(page_of(study, "texts/")).text
    assert client.post(page_of(study, "launch/")).status_code == 302

    for _number in range(3):
        ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/").take_part(honest)
    assert "complete" in client.get(page_of(study)).text
    client.post(page_of(study, "results/compute/"))
    assert "Computing the figures" in client.get(page_of(study, "results/")).text
    run_job(Job.objects.get(kind="study_results").pk)
    page = client.get(page_of(study, "results/")).text
    assert "100.0%" in page
    assert "n = 1, 95% 20.7 to 100.0%" in page


@pytest.mark.parametrize("place", [name for name, _label in DRAFT_TABS])
def test_every_page_of_a_draft_can_be_read(place: str) -> None:
    from django.urls import reverse

    study = make_study(make_judged_project(images=6), hard_pairs=8)
    answer = signed_in(study).get(reverse(place, args=[study.project.slug, study.public_id]))
    assert answer.status_code == 200


@pytest.mark.parametrize("place", [name for name, _label in RUNNING_TABS])
def test_every_page_of_a_running_study_can_be_read(place: str) -> None:
    from django.urls import reverse

    study = make_open_study(make_judged_project(images=6), hard_pairs=8)
    answer = signed_in(study).get(reverse(place, args=[study.project.slug, study.public_id]))
    assert answer.status_code == 200


def test_a_project_without_difficulty_is_told_what_is_missing() -> None:
    project = make_project()
    client = signed_in(project)
    client.post(f"/p/{project.slug}/studies/new/", {"title": "Too early", "kind": "fit"})
    study = Study.objects.get()
    assert "No difficulty has been voted yet" in client.get(page_of(study, "edit/")).text
    assert client.post(page_of(study, "launch/")).status_code == 422


def test_launching_freezes_what_is_shown_and_declares_it() -> None:
    study = make_open_study(make_judged_project(images=6), hard_pairs=8)
    declared = Preregistration.objects.get(study=study)
    document = declared.document
    assert document["design"]["pairs"] == 8
    assert document["exclusion"][0]["sentence"] == "Distractors answered good: at most 1."
    assert len(document["pairs"]) == 8 + 4 + 2
    assert "Example University" in document["texts"][TextKind.CONSENT]
    client = signed_in(study)
    told = json.loads(client.get(page_of(study, "preregistration.json")).content)
    assert told == document
    assert client.get(page_of(study, "preregistration.md")).text == declared.markdown
    assert (
        client.post(page_of(study, "texts/consent/"), {"markdown": "Other", "act": "save"}).status_code == 409
    )
    assert client.get(page_of(study, "edit/")).status_code == 302
    client.post(page_of(study, "extend/"), {"participants": "20", "why": "More money."})
    study.refresh_from_db()
    assert study.target_participants == 20
    assert "Participants: 12, now 20. More money." in client.get(page_of(study, "preregistration/")).text


def test_pausing_lets_nobody_new_in_and_whoever_has_begun_goes_on() -> None:
    study = make_open_study(make_judged_project(images=6), hard_pairs=8)
    inside = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
    inside.enter()
    client = signed_in(study)
    client.post(page_of(study, "pause/"))
    outside = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
    assert "no new participants" in outside.arrive().text
    assert inside.take_part(honest).text.count("C1X2Y3") == 1
    client.post(page_of(study, "resume/"))
    assert outside.arrive().has_form("/consent/")
    client.post(page_of(study, "close/"))
    assert "no new participants" in outside.consent().text
    assert client.post(page_of(study, "pause/")).status_code == 409


def test_a_pilot_fills_the_results_is_marked_and_goes_at_the_launch() -> None:
    study = make_study(make_judged_project(images=6), hard_pairs=8)
    client = signed_in(study)
    client.post(page_of(study, "pilot/"))
    run_job(Job.objects.get(kind="study_results").pk)
    page = client.get(page_of(study, "results/")).text
    assert "Simulated: these figures rest on made-up participants" in page
    assert StudyResult.objects.get().n_simulated >= 12
    client.post(page_of(study, "pilot/delete/"))
    assert not Participant.objects.exists()
    client.post(page_of(study, "pilot/"))
    client.post(page_of(study, "launch/"))
    assert not Participant.objects.exists()
    assert not StudyResult.objects.exists()


def test_the_files_hold_aggregates_of_pairs_and_nobody() -> None:
    study = make_open_study(make_judged_project(images=6), hard_pairs=8)
    for number in range(4):
        driver = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
        driver.take_part(honest, query=f"?PROLIFIC_PID=platform-person-{number}")
    client = signed_in(study)
    client.post(page_of(study, "results/compute/"))
    run_job(Job.objects.get(kind="study_results").pk)
    rows = list(csv.DictReader(io.StringIO(client.get(page_of(study, "results/pairs.csv")).text)))
    assert len(rows) == 8
    assert sum(int(row["n"]) for row in rows) == 16
    figures = client.get(page_of(study, "results/figures.json")).text
    assert "platform-person" not in figures
    for person in Participant.objects.all():
        assert str(person.public_id) not in figures
    for form, beginning in (("svg", b"<svg"), ("pdf", b"%PDF"), ("png", b"\x89PNG"), ("csv", b"pair,cosine")):
        answer = client.get(page_of(study, f"results/figures/similarity.{form}"))
        assert answer.content.startswith(beginning)
    assert client.get(page_of(study, "results/figures/similarity.exe")).status_code == 404


def test_a_copy_is_a_draft_of_its_own() -> None:
    study = make_open_study(make_judged_project(images=6), hard_pairs=8)
    signed_in(study).post(page_of(study, "copy/"))
    copy = Study.objects.exclude(pk=study.pk).get()
    assert copy.is_draft
    assert (copy.hard_pairs, copy.institution) == (8, "Example University")
    assert copy.slug != study.slug
    assert copy.seed != study.seed
