"""What participants say beside their answers, and what is left of it when they withdraw."""

import pytest
from django.test import Client
from django.utils import timezone

from polyannot.kernel.errors import Conflict
from projects.models import Job
from studies.job_kinds import ask_for_results
from studies.models import Background, PairReport, Participant, Study
from studies.results.computing import write_result
from studies.taking.saying import SMALLEST_CELL, background_counts, say_background
from studies.taking.withdrawing import withdraw
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_open_study, researcher_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    return make_open_study(make_judged_project(images=7), asks_language=True, asks_country=True)


def driver_of(study: Study) -> ParticipantDriver:
    return ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")


def say(person: ParticipantDriver, **said: str) -> str:
    action, values = person.page.form("/questions/")
    person.page = person.visitor.post(action, values | said)
    return person.page.text


def test_questions_come_after_the_pairs_and_before_the_code_and_may_be_left_open(study: Study) -> None:
    person = driver_of(study)
    page = person.arrive()
    assert "how well you read the language of the texts, in which country you live" in page.text
    person.take_part(honest)
    assert Participant.objects.get().state == "finished"
    assert "C1X2Y3" not in person.page.text
    assert "How old are you" not in person.page.text
    assert "Select a valid choice" in say(person, language="made up")
    assert "C1X2Y3" in say(person, language="fluent", country=" New \n Zealand ", age_band="25-34")
    row = Background.objects.get()
    assert (row.language, row.country, row.age_band) == ("fluent", "New Zealand", "")
    other = driver_of(study)
    other.take_part(honest)
    assert "C1X2Y3" in say(other, skip="yes", language="first")
    assert list(Background.objects.order_by("-pk").values_list("language", "country")[:1]) == [
        ("unsaid", "unsaid")
    ]


def test_what_was_said_first_counts_and_nobody_is_asked_before_the_end(study: Study) -> None:
    person = driver_of(study)
    person.take_part(honest, most=2)
    row = Participant.objects.get()
    with pytest.raises(Conflict):
        say_background(participant=row, said={"language": "first"})
    while person.is_asked:
        person.answer("good")
    say_background(participant=row, said={"language": "first"})
    say_background(participant=row, said={"language": "some"})
    assert Background.objects.get().language == "first"


def test_rare_answers_are_shown_together_and_test_runs_not_at_all(study: Study) -> None:
    people = ["Chile"] * SMALLEST_CELL + ["Malta", "Fiji"] + ["Test"] * SMALLEST_CELL
    for number, country in enumerate(people):
        person = Participant.objects.create(
            study=study,
            secret_hash=f"{number:064d}",
            state="finished",
            consented_at=timezone.now(),
            is_test=country == "Test",
        )
        Background.objects.create(participant=person, country=country, language="first")
    language, country_counts = background_counts(study)
    assert (language.n, language.rare) == (7, 0)
    assert (country_counts.counts, country_counts.rare) == ((("Chile", SMALLEST_CELL),), 2)
    client = Client()
    client.force_login(researcher_of(study.project))
    page = client.get(f"/p/{study.project.slug}/studies/{study.public_id}/").text
    assert "Chile" in page
    assert "Malta" not in page


def test_a_report_reaches_the_researcher_and_answers_nothing(study: Study) -> None:
    person = driver_of(study)
    person.enter()
    here = person.page.caption
    form_page = person.visitor.get(f"{person.door}report/")
    action, values = form_page.form("/report/")
    assert person.visitor.post(action, values).status == 422
    assert "Thank you" in person.visitor.post(action, values | {"reason": "other", "note": "first"}).text
    person.visitor.post(action, values | {"reason": "broken", "note": "<b>It is cut off</b>"})
    assert person.reload().caption == here
    assert person.page.answered == (0, 7)
    client = Client()
    client.force_login(researcher_of(study.project))
    page = client.get(f"/p/{study.project.slug}/studies/{study.public_id}/").text
    assert here in page
    assert "&lt;b&gt;It is cut off&lt;/b&gt;" in page
    stranger = driver_of(study)
    stranger.enter()
    assert stranger.visitor.post(f"{stranger.door}report/", values | {"reason": "other"}).status in {403, 404}
    assert PairReport.objects.get().reason == "broken"


def test_withdrawing_erases_what_was_said_and_asks_for_the_figures_again(study: Study) -> None:
    person = driver_of(study)
    person.enter()
    action, values = person.visitor.get(f"{person.door}report/").form("/report/")
    person.visitor.post(action, values | {"reason": "other"})
    while person.is_asked:
        person.answer("good")
    say(person, language="first")
    job = ask_for_results(study=study, actor=None)
    write_result(study=study, job=job)
    Job.objects.filter(pk=job.pk).update(state="done")
    assert "overwritten after: 30 days" in person.visitor.get(f"{person.door}withdraw/").text
    withdraw(participant=Participant.objects.get())
    assert not Background.objects.exists()
    assert not PairReport.objects.exists()
    assert Job.objects.filter(kind="study_results").exclude(pk=job.pk).count() == 1
