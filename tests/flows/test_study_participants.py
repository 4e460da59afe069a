"""Participants go through a study over HTTP; the server owns their place."""

import pytest
from django.db.models import Count
from participants import ClientVisitor, ParticipantDriver, honest
from study_rows import make_open_study

from projects.running import RUNNERS, run_job
from studies.computing import compute_figures
from studies.job_kinds import ask_for_results
from studies.models import Answer, Card, Participant, Study, StudyResult
from studies.results import pair_shares
from studies.tasks import StudyResultsRunner


@pytest.fixture
def study(db: None) -> Study:
    return make_open_study()


def driver_of(study: Study) -> ParticipantDriver:
    return ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/")


def test_somebody_goes_from_the_link_to_the_thanks_and_every_answer_counts_once(study: Study) -> None:
    person = driver_of(study)
    person.take_part(honest)
    assert "C1X2Y3" in person.page.text
    assert len(person.given) == 7
    row = Participant.objects.get()
    assert row.state == "finished"
    assert row.consent is not None
    answers = {
        answer.card.pair.version.text: answer
        for answer in Answer.objects.select_related("card__pair__version")
    }
    assert {text: answer.value for text, answer in answers.items()} == person.given
    assert all(
        answer.server_ms is not None and answer.server_ms >= (answer.focused_ms or 0)
        for answer in answers.values()
    )


def test_a_study_played_by_twelve_gives_every_pair_its_answers_and_the_results_their_n(study: Study) -> None:
    for _number in range(12):
        driver_of(study).take_part(honest)
    assert "all the participants it needs" in driver_of(study).arrive().text
    loads = Card.objects.filter(pair__role="target").values("pair").annotate(n=Count("pk"))
    assert {load["n"] for load in loads} == {4}
    job = ask_for_results(study=study, actor=None)
    assert isinstance(RUNNERS[job.kind], StudyResultsRunner)
    run_job(job.pk)
    result = StudyResult.objects.get(study=study)
    table = result.figures["everybody"]["table"][0]
    assert (table["ratings"], table["fewest"], table["most"]) == (48, 4, 4)
    assert result.figures["flow"]["finished"] == result.figures["flow"]["analysed"] == 12
    shares = pair_shares(study.project)
    assert {(share.n, share.n_good) for share in shares} == {(4, 4)}
    assert compute_figures(study) == result.figures
