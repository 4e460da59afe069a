"""The way of somebody who grades paraphrases, over HTTP and without a script; and the builder of such a study."""

import re

import pytest
from django.test import Client

from polyannot.kernel.errors import Invalid
from studies.drafting.building import create_study
from studies.forms import StudyForm
from studies.models import Answer, Participant, Study
from tests.flows.participants import ClientVisitor, ParticipantDriver
from tests.study_rows import make_grading, make_open_grading, make_paraphrased_project, researcher_of

pytestmark = pytest.mark.django_db
TEXT = re.compile(r'<section class="text-pair__text".*?<p[^>]*>(.*?)</p>', re.DOTALL)


def grade_for(page: str) -> str:
    first, second = TEXT.findall(page)
    if first == second:
        return "5"
    return "4" if second.startswith("other") else "0"


def test_a_grader_goes_from_the_link_to_the_thanks_by_plain_forms() -> None:
    study = make_open_grading()
    driver = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
    assert "pairs of short texts" in driver.arrive().text
    instructions = driver.consent().text
    assert "mean the same; only the words differ" in instructions
    driver.begin()
    answered = 0
    while driver.page.has_form("/answer/"):
        assert driver.page.answered == (answered, 11)
        assert "<img" not in driver.page.text.split("<main")[1].split("</main")[0]
        action, values = driver.page.form("/answer/")
        driver.page = driver.visitor.post(action, values | {"answer": grade_for(driver.page.text)})
        answered += 1
    assert "rewrite sentences" in driver.page.text
    person = Participant.objects.get(study=study)
    assert (person.state, person.is_excluded) == ("finished", False)
    given = Answer.objects.filter(card__participant=person).values_list("card__pair__role", "value")
    assert sorted(set(given)) == [("control", "5"), ("distractor", "0"), ("target", "4")]


def test_an_answer_of_another_kind_of_study_leaves_the_grader_where_they_are() -> None:
    study = make_open_grading()
    driver = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
    page = driver.enter()
    action, values = page.form("/answer/")
    again = driver.visitor.post(action, values | {"answer": "good"})
    assert (again.status, again.answered) == (200, (0, 11))
    assert TEXT.findall(again.text) == TEXT.findall(page.text)
    assert not Answer.objects.exists()


def test_a_reported_pair_shows_both_texts_to_grader_and_researcher() -> None:
    study = make_open_grading()
    driver = ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")
    first, second = TEXT.findall(driver.enter().text)
    page = driver.visitor.get(f"/s/{study.slug}/report/")
    assert first in page.text
    assert second in page.text
    action, values = page.form("/report/")
    driver.visitor.post(action, values | {"reason": "harmful", "note": ""})
    client = signed_in(study)
    monitor = client.get(f"/p/{study.project.slug}/studies/{study.public_id}/").text
    assert first in monitor
    assert second in monitor


def signed_in(study: Study) -> Client:
    client = Client()
    client.force_login(researcher_of(study.project))
    return client


def test_the_builder_asks_for_paraphrases_and_graders_and_shows_what_they_come_to() -> None:
    project = make_paraphrased_project()
    client = Client()
    client.force_login(researcher_of(project))
    answer = client.post(
        f"/p/{project.slug}/studies/new/", {"title": "Other words", "kind": "paraphrases"}, follow=True
    )
    study = Study.objects.get()
    assert study.is_graded
    assert "Graders for each paraphrase" in answer.text
    assert "Model whose similarity" not in answer.text
    form = StudyForm(instance=study)
    sent = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
    sent |= {"graders_per_pair": 3, "pairs_per_participant": 12}
    page = f"/p/{project.slug}/studies/{study.public_id}"
    panel = client.post(f"{page}/plan/", sent).text
    assert "3 for each paraphrase" in panel
    assert re.search(r"<dd class=\"stat__value\">6</dd>", panel)
    assert client.post(f"{page}/edit/", sent).status_code == 302
    study.refresh_from_db()
    assert study.graders_per_pair == 3
    pairs = client.get(f"{page}/pairs/").text
    assert "Unrelated pairs" in pairs
    assert pairs.count("Second text</th>") == 3
    assert "graders each" in client.get(f"/p/{project.slug}/studies/").text
    assert "Launch" in client.get(f"{page}/launch/").text


def test_a_study_without_enough_paraphrases_says_so_and_is_not_launched() -> None:
    study = make_grading(paraphrase_pairs=200)
    page = f"/p/{study.project.slug}/studies/{study.public_id}/launch/"
    answer = signed_in(study).post(page)
    assert answer.status_code == 422
    assert "200 paraphrases asked for, 24 can be shown." in answer.text


def test_an_unknown_kind_of_study_is_refused() -> None:
    project = make_paraphrased_project()
    client = Client()
    client.force_login(researcher_of(project))
    assert (
        client.post(f"/p/{project.slug}/studies/new/", {"title": "Other", "kind": "colours"}).status_code
        == 422
    )
    with pytest.raises(Invalid):
        create_study(project=project, title="Other", actor=None, kind="colours")
