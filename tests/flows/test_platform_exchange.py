"""Prolific's documented exchange goes through a study: parameters in, codes out, places freed, ids kept apart.

`prolific_exchange.json` says where it comes from: it is written after the public documentation, not recorded live.
"""

import csv
import html
import io
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from projects.models import Event
from studies.drafting.launching import close_study, pause_study
from studies.models import Answer, Card, Participant, PlatformIdentity, Study
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_open_study, researcher_of

pytestmark = pytest.mark.django_db

EXCHANGE: dict[str, Any] = json.loads(Path(__file__).with_name("prolific_exchange.json").read_text("utf-8"))


@pytest.fixture
def study(db: None) -> Study:
    return make_open_study(make_judged_project(images=7), recruiting="prolific", **EXCHANGE["study"])


def person_who(does: str) -> dict[str, str]:
    return next(person for person in EXCHANGE["people"] if person["does"] == does)


def pid_of(person: dict[str, str]) -> str:
    return parse_qs(person["query"][1:])["PROLIFIC_PID"][0]


def driver_of(study: Study) -> ParticipantDriver:
    return ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")


def researcher(study: Study) -> Client:
    client = Client()
    client.force_login(researcher_of(study.project))
    return client


def page_of(study: Study, rest: str) -> str:
    return f"/p/{study.project.slug}/studies/{study.public_id}/recruiting/{rest}"


def play(study: Study, person: dict[str, str]) -> str:
    """Go as far as this person does; return what they saw last."""
    driver = driver_of(study)
    if person["does"] == "declines":
        driver.arrive(person["query"])
        return driver.consent("no").text
    most = 2 if person["does"] in {"returns", "runs out of time"} else None
    return driver.take_part(honest, most=most, query=person["query"]).text


def submissions(people: list[dict[str, str]]) -> SimpleUploadedFile:
    """The platform's table as a researcher downloads it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Submission id", "Participant id", "Status", "Started at", "Completion code"])
    for person in people:
        told = parse_qs(person["query"][1:])
        writer.writerow([told["SESSION_ID"][0], told["PROLIFIC_PID"][0], person["status"], "", ""])
    return SimpleUploadedFile("export.csv", out.getvalue().encode("utf-8-sig"), "text/csv")


def test_the_documented_exchange_goes_through_from_the_study_url_to_the_codes(study: Study) -> None:
    *people, late = EXCHANGE["people"]
    for person in people:
        seen = html.unescape(play(study, person))
        assert (person["returns_to"] in seen) if person["returns_to"] else "submissions/complete" not in seen
        if person["returns_to"]:
            assert person["returns_to"].partition("cc=")[2] in seen.replace(person["returns_to"], "")
    pause_study(study=study, actor=None)
    seen = html.unescape(play(study, late))
    assert late["returns_to"] in seen
    assert "CSCREEN5" in seen.replace(late["returns_to"], "")
    found = Participant.objects.order_by("pk").values_list("state", "is_test")
    assert list(found) == [
        ("finished", False),
        ("declined", False),
        ("finished", True),
        ("active", False),
        ("active", False),
    ]
    assert PlatformIdentity.objects.count() == 4


def test_places_of_those_who_gave_up_on_the_platform_are_free_at_once(study: Study) -> None:
    gone = [person_who("returns"), person_who("runs out of time")]
    for person in [*gone, person_who("finishes")]:
        play(study, person)
    table = [*gone, person_who("finishes"), person_who("comes too late")]
    client = researcher(study)
    told = client.post(page_of(study, "submissions/"), {"file": submissions(table)}, follow=True).text
    assert "People in the table: 4. Places freed: 2." in told
    assert "Never came here: 1." in told
    assert list(Participant.objects.order_by("pk").values_list("state", flat=True)) == [
        "lapsed",
        "lapsed",
        "finished",
    ]
    assert Card.objects.filter(state="returned").count() == 2 * 5
    assert Answer.objects.count() == 2 + 2 + 7
    again = client.post(page_of(study, "submissions/"), {"file": submissions(table)}, follow=True).text
    assert "Places freed: 0." in again
    back = driver_of(study)
    assert back.arrive(gone[0]["query"]).answered == (2, 7)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "no CSV in UTF-8"),
        (b"name,state\nx,RETURNED\n", "Columns are missing: participant id, status"),
        (b"", "Columns are missing"),
    ],
)
def test_a_file_that_is_no_table_of_submissions_changes_nothing(
    study: Study, content: bytes, words: str
) -> None:
    play(study, person_who("returns"))
    upload = SimpleUploadedFile("x.csv", content, "text/csv")
    assert words in researcher(study).post(page_of(study, "submissions/"), {"file": upload}, follow=True).text
    assert Participant.objects.get().state == "active"


def test_no_id_of_a_platform_stands_in_an_address_a_page_a_log_or_beside_answers(
    study: Study, caplog: pytest.LogCaptureFixture
) -> None:
    person = person_who("finishes")
    with caplog.at_level(logging.DEBUG):
        client = Client()
        door = client.get(f"/s/{study.slug}/{person['query']}")
        driver = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
        seen = driver.take_part(honest, query=person["query"])
        pause_study(study=study, actor=None)
        refused = Client().get(f"/s/{study.slug}/{person_who('comes too late')['query']}")
    assert door.status_code == refused.status_code == 303
    assert "?" not in door.headers["Location"] + refused.headers["Location"]
    assert door.headers["Referrer-Policy"] == "same-origin"
    pids = (pid_of(person), pid_of(person_who("comes too late")))
    told = caplog.text + seen.text + refused.cookies.output()
    assert not any(pid in told for pid in pids)
    with connection.cursor() as cursor:
        for table in ("participant", "card", "answer", "platformidentity", "study"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM studies_{table} t")
            assert pids[0] not in cursor.fetchone()[0]


def test_ids_are_given_out_only_by_name_and_erased_when_the_study_is_closed(study: Study) -> None:
    for does in ("finishes", "declines", "returns"):
        play(study, person_who(does))
    client = researcher(study)
    assert client.get(page_of(study, "platform-ids/")).status_code == 405
    rows = list(csv.DictReader(io.StringIO(client.post(page_of(study, "platform-ids/")).text)))
    assert [(row["participant_id"][-3:], row["state"], row["code"]) for row in rows] == [
        ("a01", "finished", "CDONE123"),
        ("a02", "declined", "CNOCONS4"),
        ("a03", "active", ""),
    ]
    assert rows[0]["session_id"] == "67000000000000000000d001"
    assert Event.objects.filter(act="platform_ids_exported").count() == 1
    assert "Close the study first" in client.post(page_of(study, "platform-ids/erase/"), follow=True).text
    assert PlatformIdentity.objects.count() == 3
    close_study(study=study, actor=None)
    assert (
        "3 platform ids were erased" in client.post(page_of(study, "platform-ids/erase/"), follow=True).text
    )
    assert not PlatformIdentity.objects.exists()
    assert driver_of(study).arrive(person_who("returns")["query"]).answered == (2, 7)
    assert not PlatformIdentity.objects.exists()
