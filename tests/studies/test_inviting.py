"""Links for one person each: shown once, stored hashed, used by whoever opens them first."""

import csv
import io

import pytest
from django.test import Client

from polyannot.kernel.errors import Conflict
from studies.models import InviteLink, Participant, Study
from studies.taking.inviting import call_back_unused, links_of, make_links
from studies.taking.withdrawing import withdraw
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_open_study, researcher_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    return make_open_study(make_judged_project(images=7), recruiting="links")


def driver_of(study: Study) -> ParticipantDriver:
    return ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")


def states(study: Study) -> list[str]:
    return [link.state for link in links_of(study)]


def test_a_link_is_one_person_s_and_leads_them_on_everywhere(study: Study) -> None:
    first, second = make_links(study=study, count=2, actor=None)
    person = driver_of(study)
    person.take_part(honest, most=2, query=f"?link={first.secret}")
    elsewhere = driver_of(study)
    assert elsewhere.arrive(f"?link={first.secret}").answered == (2, 7)
    assert states(study) == ["begun", "unused"]
    # The second link opened in the first one's browser is the second one's all the same.
    assert elsewhere.arrive(f"?link={second.secret}").has_form("/consent/")
    assert Participant.objects.count() == 2
    elsewhere.arrive(f"?link={first.secret}")
    while elsewhere.is_asked:
        elsewhere.answer("good")
    assert states(study) == ["finished", "begun"]
    withdraw(participant=Participant.objects.earliest("pk"))
    assert states(study) == ["used", "begun"]
    assert "You have withdrawn" in driver_of(study).arrive(f"?link={first.secret}").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "You need a link of your own"),
        ("?link=made-up", "This link does not work"),
        ("?PROLIFIC_PID=p1", "a link of their own"),
    ],
)
def test_nobody_comes_in_without_a_link(study: Study, query: str, words: str) -> None:
    make_links(study=study, count=1, actor=None)
    page = driver_of(study).arrive(query)
    assert words in page.text
    assert "?" not in page.path
    assert not Participant.objects.exists()


def test_links_called_back_stop_working_and_whoever_began_goes_on(study: Study) -> None:
    used, unused = make_links(study=study, count=2, actor=None)
    driver_of(study).take_part(honest, most=1, query=f"?link={used.secret}")
    assert call_back_unused(study=study, actor=None) == 1
    assert "called back" in driver_of(study).arrive(f"?link={unused.secret}").text
    assert driver_of(study).arrive(f"?link={used.secret}").answered == (1, 7)
    assert [link.number for link in make_links(study=study, count=1, actor=None)] == [2]


def test_the_file_of_links_is_given_out_once_and_the_page_shows_numbers_alone(study: Study) -> None:
    client = Client()
    client.force_login(researcher_of(study.project))
    base = f"/p/{study.project.slug}/studies/{study.public_id}/recruiting/"
    answer = client.post(f"{base}links/make/", {"count": "3"})
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    secrets = [row["link"].partition("?link=")[2] for row in rows]
    told = client.get(base).text + client.get(f"{base}links/").text
    assert not any(secret in told for secret in secrets)
    assert not InviteLink.objects.filter(secret_hash__in=secrets).exists()
    monitor = client.get(f"/p/{study.project.slug}/studies/{study.public_id}/").text
    assert "Everybody needs a link of their own." in monitor
    assert "survey-link" not in monitor
    for wrong in ("0", "1001", "many", ""):
        assert "Between 1 and" in client.post(f"{base}links/make/", {"count": wrong}, follow=True).text
    assert InviteLink.objects.count() == 3


def test_links_are_made_only_where_they_are_the_way_in() -> None:
    study = make_open_study(make_judged_project(images=7))
    with pytest.raises(Conflict):
        make_links(study=study, count=1, actor=None)
