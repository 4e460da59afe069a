"""Sets of pairs, links and platforms through the API, as on the pages; single people are told of nowhere else."""

from typing import Any

import pytest
from django.test import Client

from projects.models import Event, Scope
from studies.drafting.building import revise_study
from studies.drafting.launching import close_study, launch_study
from studies.models import Background, InviteLink, PairSet, Participant, Recruiting, Study
from studies.taking.saying import report_pair
from tests.asking_api import address, headers, send
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_grading, make_judged_project, make_open_study, make_study, researcher_of

pytestmark = pytest.mark.django_db


class Script:
    """A researcher's script at one study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.person = researcher_of(study.project)

    def get(self, path: str) -> Any:
        place = address(self.study.project, f"studies/{self.study.public_id}/{path}")
        answer = Client().get(place, headers=headers(self.person, self.study.project))
        assert answer.status_code == 200, answer.content
        return answer.json()

    def send(self, path: str, given: object = None, *scopes: str, **more: str) -> Any:
        place = f"studies/{self.study.public_id}/{path}"
        return send(self.person, self.study.project, place, given, *scopes, **more)


def test_sets_are_added_read_and_removed_in_a_draft_and_are_exploratory_after_launch(db: None) -> None:
    script = Script(make_study(make_judged_project(images=7)))
    listed = "good-000-0, indoor\ngood-001-0, outdoor"
    made = script.send("sets/", {"captions": listed})
    assert made.status_code == 201, made.content
    rows = {row["name"]: row for row in made.json()["sets"]}
    assert rows["indoor"] == {
        "name": "indoor",
        "origin": "declared",
        "rule": "1 listed caption",
        "n_pairs": rows["indoor"]["n_pairs"],
    }
    assert rows["all pairs"]["n_pairs"] == 12
    assert script.send("sets/", {"name": "Low", "below": 0.9}).status_code == 201
    refused = script.send("sets/", {"name": "Low", "below": 0.2})
    assert (refused.status_code, refused.json()["code"]) == (422, "set_name_taken")
    for name in ("indoor", "outdoor"):
        left = script.send("sets/remove/", {"name": name}).json()["sets"]
    assert [row["name"] for row in left if row["origin"] == "declared"] == ["Low"]
    assert script.send("sets/remove/", {"name": "indoor"}).status_code == 404

    drafted = script.get("pairs/")
    assert not drafted["is_frozen"]
    launch_study(study=script.study, actor=None)
    frozen = script.get("pairs/")
    assert frozen["is_frozen"]
    assert frozen["pairs"] == drafted["pairs"], "the launch freezes what the draft would show"
    assert [row["role"] for row in frozen["pairs"]].count("target") == 12
    assert script.send("sets/remove/", {"name": "Low"}).status_code == 409
    assert script.send("sets/", {"name": "High", "at_least": 0.01}).json()["errors"][0]["field"] == "why"
    late = script.send("sets/", {"name": "High", "at_least": 0.01, "why": "Asked by a reviewer."})
    assert {row["name"]: row["origin"] for row in late.json()["sets"]}["High"] == "added"
    assert PairSet.objects.get(name="High").deviation is not None


def test_paraphrases_have_pairs_with_originals_and_no_sets(db: None) -> None:
    script = Script(make_grading())
    assert script.get("pairs/")["pairs"][0]["original"]
    assert script.send("sets/", {"name": "Low", "below": 0.2}).json()["code"] == "sets_missing"


def test_single_use_links_are_made_once_and_listed_without_themselves(db: None) -> None:
    study = make_study(make_judged_project(images=7), recruiting=Recruiting.LINKS)
    script = Script(study)
    assert script.get("recruiting/")["link"] is None, "a draft has no link yet"
    assert script.send("links/", {"count": 2}).status_code == 409
    launch_study(study=study, actor=None)
    person = headers(script.person, study.project)
    key = {**person, "Idempotency-Key": "two-links"}
    place = address(study.project, f"studies/{study.public_id}/links/")
    first, second = (
        Client().post(place, {"count": 2}, content_type="application/json", headers=key) for _try in range(2)
    )
    assert first.headers["Cache-Control"] == "no-store"
    links = [row["link"] for row in first.json()["links"]]
    assert second.json() == {"links": None}, "what is told once is kept nowhere"
    assert InviteLink.objects.count() == 2
    ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/").arrive("?" + links[0].partition("?")[2])
    listed = script.get("links/")["results"]
    assert [(row["number"], row["state"]) for row in listed] == [(1, "begun"), (2, "unused")]
    assert not any(link.partition("=")[2] in str(listed) for link in links)
    assert script.send("links/call-back/").json() == {"n_called_back": 1}
    assert script.get("recruiting/")["links"] == {"unused": 0, "begun": 1, "finished": 0, "used": 0}


def test_a_platform_s_ids_are_given_out_to_fitting_tokens_alone_and_erased_after_closing(db: None) -> None:
    study = make_open_study(make_judged_project(images=7), recruiting=Recruiting.PROLIFIC)
    script = Script(study)
    assert "{{%PROLIFIC_PID%}}" in script.get("recruiting/")["link"]
    ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/").arrive("?PROLIFIC_PID=p1&SESSION_ID=s1")
    assert script.send("platform-ids/", None, Scope.READ, Scope.WRITE).json()["code"] == "scope_needed"
    given = script.send("platform-ids/", None, Scope.JUDGMENTS)
    assert given.headers["Cache-Control"] == "no-store"
    assert given.text.splitlines()[1].startswith("p1,,s1,")
    assert Event.objects.filter(act="platform_ids_exported", actor=script.person).exists()
    table = "Participant id,Status\np1,RETURNED\np2,APPROVED\n"
    told = script.send("submissions/", {"table": table}).json()
    assert (told["people"], told["unknown"]) == (2, 1)
    assert script.send("submissions/", {"table": "a,b\n"}).json()["code"] == "submissions_columns"
    assert script.send("platform-ids/erase/").status_code == 409
    close_study(study=study, actor=None)
    assert script.send("platform-ids/erase/").json() == {"n_erased": 1}


def test_what_people_say_is_counted_so_that_nobody_stands_out(db: None) -> None:
    draft = make_study(make_judged_project(images=7))
    revise_study(study=draft, actor=None, values={"asks_language": True})
    study = launch_study(study=draft, actor=None)
    driver = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
    driver.arrive()
    driver.consent()
    driver.take_part(honest)
    participant = Participant.objects.get()
    Background.objects.update_or_create(participant=participant, defaults={"language": "first"})
    card = participant.cards.select_related("participant").first()
    assert card is not None
    report_pair(participant=participant, card=card, reason="broken", note="It is black.")
    script = Script(study)
    said = script.get("backgrounds/")
    assert said["questions"] == [{"question": "language", "n": 1, "answers": [], "n_rare": 1}]
    (report,) = script.get("reports/")["results"]
    assert (report["reason"], report["note"]) == ("broken", "It is black.")
    assert str(participant.public_id) not in str(report)
