"""A study is designed through the API: its design is told as one value that a draft of any project takes again."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from annotation.models import Encoder
from polyannot.kernel.errors import Invalid
from projects.models import Event, Job, Project, Role, Scope
from studies.drafting.declaring import AskedSet, add_sets
from studies.drafting.launching import extend_study, launch_study
from studies.drafting.trying import begin_test_run
from studies.models import Participant, Study, StudyApproval
from tests.asking_api import address, headers, send
from tests.factories import add_member
from tests.study_rows import (
    CONSENT,
    make_grading,
    make_judged_project,
    make_paraphrased_project,
    make_study,
    researcher_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(db: None) -> Study:
    return make_study(make_judged_project(images=7))


def told(person: User, project: Project, path: str) -> Any:
    """Return what is at an address, which must be given out."""
    answer = Client().get(address(project, path), headers=headers(person, project))
    assert answer.status_code == 200, answer.content
    return answer.json()


def place(study: Study, path: str = "") -> str:
    return f"studies/{study.public_id}/{path}"


def test_a_design_travels_to_another_project_and_comes_back_the_same(draft: Study) -> None:
    add_sets(study=draft, asked=AskedSet("Far", below=0.3), actor=None)
    add_sets(
        study=draft, asked=AskedSet("Two", difficulty="hard", captions="good-000-0\ngood-001-0"), actor=None
    )
    design = told(researcher_of(draft.project), draft.project, place(draft, "design/"))
    assert design["settings"]["encoder"]["name"] == "test:encoder"
    assert "paraphrase_pairs" not in design["settings"], "pairs of image and caption have no such number"
    assert [row["name"] for row in design["sets"]] == ["Far", "Two"]

    other = make_judged_project(images=7, seed=2)
    researcher = researcher_of(other)
    made = send(researcher, other, "studies/", {**design, "title": "Again"})
    assert made.status_code == 201, made.content
    again = told(researcher, other, f"studies/{made.json()['id']}/design/")
    assert again == {**design, "title": "Again"}
    copy = Study.objects.get(project=other)
    assert told(researcher, other, place(copy, "plan/"))["is_ready"]
    acts = Event.objects.filter(act__in=["study_revised", "study_text_written", "pair_sets_added"])
    before = acts.count()
    assert send(researcher, other, place(copy, "design/"), again).json() == again
    assert acts.count() == before, "the same design again changes nothing"


def test_what_is_refused_is_told_by_field_and_leaves_nothing_behind(draft: Study) -> None:
    project, researcher = draft.project, researcher_of(draft.project)

    def refused(given: dict[str, Any], path: str = place(draft, "design/")) -> dict[str, str]:
        answer = send(researcher, project, path, given)
        assert answer.status_code == 422, answer.content
        body = answer.json()
        return {row["field"]: row["message"] for row in body.get("errors", [])} or {"": body["code"]}

    title = {"title": "New", "settings": {"hard_pairs": 3}}
    assert "settings.seed" in refused({"settings": {"seed": "no number"}})
    assert "settings.return_url" in refused({"settings": {"return_url": "javascript:alert(1)"}})
    assert "settings.paraphrase_pairs" in refused({"settings": {"paraphrase_pairs": 3}})
    assert "settings.target_participants" in refused({"settings": {"target_participants": 10**9}})
    encoder = refused({"settings": {"encoder": {"name": "elsewhere"}}})["settings.encoder"]
    assert encoder == "This project has no similarities of the model “elsewhere”."
    assert refused({"texts": {"consent": "  \n "}})["texts.consent"]
    assert refused({**title, "sets": [{"name": "Listed", "captions": ["nowhere"]}]}) == {
        "": "caption_unknown"
    }
    assert refused({**title, "sets": [{"name": "All"}]}, "studies/") == {"": "set_of_all"}
    assert refused({**title, "kind": "both"}, "studies/")["kind"]
    draft.refresh_from_db()
    assert (draft.title, draft.hard_pairs) == ("Words and pictures", 12)
    assert Study.objects.count() == 1


def test_a_new_study_fits_its_project_and_takes_what_is_given(draft: Study) -> None:
    project, researcher = draft.project, researcher_of(draft.project)
    given = {"title": "Fits", "settings": {**CONSENT, "seed": 7}, "texts": {"consent": "# Ours\n\n{purpose}"}}
    key = {"Idempotency-Key": "made-once"}
    person = headers(researcher, project)
    answers = [
        Client().post(
            address(project, "studies/"), given, content_type="application/json", headers={**person, **key}
        )
        for _try in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    made = Study.objects.exclude(pk=draft.pk).get()
    design = told(researcher, project, place(made, "design/"))
    assert design["settings"]["seed"] == 7
    assert design["texts"]["consent"] == "# Ours\n\n{purpose}"
    texts = {row["kind"]: row for row in told(researcher, project, place(made, "texts/"))["texts"]}
    assert (texts["consent"]["number"], texts["instructions"]["number"]) == (2, 1)
    assert texts["consent"]["filled"].endswith("To learn how people match words and pictures.")
    assert texts["consent"]["html"].startswith("<h1>Ours</h1>")
    assert send(researcher, project, "studies/", given, Scope.READ).status_code == 403
    assert send(add_member(project, Role.HEAD), project, "studies/", given).status_code == 403


def test_a_plan_says_what_numbers_can_show_without_saving_them(draft: Study) -> None:
    project, researcher = draft.project, researcher_of(draft.project)
    plan = told(researcher, project, place(draft, "plan/"))
    numbers = plan["numbers"]
    assert plan["is_ready"]
    assert (numbers["participants"], numbers["n_pairs"], numbers["answers_per_pair"]) == (12, 12, 4)
    assert all(row["low"] <= row["share"] <= row["high"] for row in numbers["precision"])
    assert numbers["precision"][0]["n"] == 4
    assert numbers["rules"][0]["rule"] == "Distractors answered good: at most 1."
    tried = send(
        researcher, project, place(draft, "plan/"), {"settings": {"target_participants": 24}}, Scope.READ
    )
    assert tried.json()["numbers"]["answers_per_pair"] == 8
    broken = send(researcher, project, place(draft, "plan/"), {"settings": {"hard_pairs": 1000}}).json()
    assert broken["numbers"] is None
    assert broken["problems"]
    draft.refresh_from_db()
    assert (draft.target_participants, draft.hard_pairs) == (12, 12)


def test_a_design_of_paraphrases_has_its_own_settings_and_no_sets(db: None) -> None:
    study = make_grading()
    researcher = researcher_of(study.project)
    design = told(researcher, study.project, place(study, "design/"))
    assert design["kind"] == "paraphrases"
    assert design["settings"]["graders_per_pair"] == 2
    assert not {"encoder", "hard_pairs"} & set(design["settings"])
    other = make_paraphrased_project(images=9)
    made = send(researcher_of(other), other, "studies/", design)
    assert made.status_code == 201, made.content
    plan = told(researcher, study.project, place(study, "plan/"))
    assert plan["available"]["paraphrases"] == 24


def test_a_project_without_similarities_has_designs_too(db: None) -> None:
    project = make_paraphrased_project(images=1)
    researcher = researcher_of(project)
    made = send(researcher, project, "studies/", {"title": "Early", "settings": {"encoder": None}})
    assert made.status_code == 201, made.content
    design = told(researcher, project, f"studies/{made.json()['id']}/design/")
    assert design["settings"]["encoder"] is None
    assert not Encoder.objects.exists()


def test_a_second_person_approves_what_they_read_and_then_it_is_launched(draft: Study) -> None:
    project = draft.project
    first, second, admin = (
        researcher_of(project),
        researcher_of(project),
        add_member(project, Role.ADMIN),
    )
    assert send(first, project, "studies/policy/", {"needs_approval": True}).status_code == 403
    assert send(admin, project, "studies/policy/", {"needs_approval": True}).json()["needs_approval"]
    assert told(first, project, "studies/policy/") == {"needs_approval": True}
    assert send(first, project, place(draft, "launch/"), None).json()["code"] == "study_not_approved"

    read = told(first, project, place(draft, "plan/"))["fingerprint"]
    send(first, project, place(draft, "design/"), {"settings": {"seed": 5}})
    late = send(second, project, place(draft, "approve/"), {"fingerprint": read})
    assert (late.status_code, late.json()["code"]) == (409, "study_changed")
    read = told(second, project, place(draft, "plan/"))["fingerprint"]
    assert send(second, project, place(draft, "approve/"), {"fingerprint": read}).status_code == 200
    plan = told(first, project, place(draft, "plan/"))
    assert [row["is_own"] for row in plan["approvals"]] == [False]
    assert StudyApproval.objects.get().approver == second
    assert send(first, project, place(draft, "launch/"), None).json()["state"] == "launched"

    declared = told(first, project, place(draft, "preregistration/"))
    assert declared["document"]["is_approved_by_second_person"]
    assert declared["markdown"].startswith("# Pre-registration")
    frozen = send(first, project, place(draft, "design/"), {"title": "Other"})
    assert (frozen.status_code, frozen.json()["code"]) == (409, "study_frozen")


def test_a_pilot_test_runs_and_copies_are_made_and_deleted_by_scripts(draft: Study) -> None:
    project, researcher = draft.project, researcher_of(draft.project)

    def act(path: str, given: object = None) -> Any:
        return send(researcher, project, place(draft, path), given)

    pilot = act("pilot/")
    assert pilot.status_code == 202
    assert Job.objects.get(public_id=pilot.json()["id"]).kind == "study_results"
    assert told(researcher, project, place(draft, "plan/"))["n_simulated"] == 12
    assert act("pilot/delete/").json() == {"n_deleted": 12}
    link = act("tests/").json()["link"]
    assert f"/s/{draft.slug}/?link=" in link
    assert Participant.objects.get().is_test
    begin_test_run(study=draft, actor=None)
    assert act("tests/delete/").json() == {"n_deleted": 2}
    copy = act("copy/", {})
    assert (copy.status_code, copy.json()["title"]) == (201, "Words and pictures (copy)")
    assert act("copy/", {"title": "Mine"}).json()["title"] == "Mine"


def test_a_running_study_is_extended_and_departures_are_logged(draft: Study) -> None:
    project, researcher = draft.project, researcher_of(draft.project)

    def act(path: str, given: object) -> Any:
        return send(researcher, project, place(draft, path), given)

    early = act("deviations/", {"text": "It rained."})
    assert (early.status_code, early.json()["code"]) == (409, "study_not_launched")
    launch_study(study=draft, actor=None)
    assert act("deviations/", {"text": "It rained."}).status_code == 201
    assert act("extend/", {"participants": 20, "why": " "}).status_code == 422
    with pytest.raises(Invalid, match="at most 100000"):
        extend_study(study=draft, participants=100_001, why="All of them.", actor=None)
    more = act("extend/", {"participants": 20, "why": "Two pairs were close."})
    assert more.json()["target_participants"] == 20
    texts = [row["text"] for row in told(researcher, project, place(draft, "deviations/"))["results"]]
    assert texts == ["It rained.", "Participants: 12, now 20. Two pairs were close."]
