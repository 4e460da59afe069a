"""Participants at moments between two requests, and what is left of those who withdraw."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from polyannot.kernel.errors import Conflict
from studies.drafting.building import revise_study
from studies.drafting.launching import launch_study
from studies.drafting.piloting import delete_pilot
from studies.drafting.wording import current_text
from studies.job_kinds import ask_for_results
from studies.models import Answer, Card, Participant, Study, StudyResult
from studies.results import computing
from studies.results.computing import forget_single_people, write_result
from studies.showing import ShownPair, pairs_csv
from studies.taking.answering import Stage, place_of, record_answer, show_card
from studies.taking.enrolling import arrive, begin, give_consent, has_place
from studies.taking.keys import new_secret
from studies.taking.platforms import PlatformVisit
from studies.taking.playing import play_participants
from studies.taking.withdrawing import withdraw
from tests.study_rows import make_judged_project, make_open_study, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    return make_open_study(make_judged_project(images=7))


def begun(study: Study, visit: PlatformVisit | None = None) -> Participant:
    person = arrive(study=study, secret=new_secret(), visit=visit)
    text = current_text(study, "consent")
    assert text is not None
    person = give_consent(participant=person, text=text)
    begin(participant=person)
    person.refresh_from_db()
    return person


def finished(study: Study, value: str = "good") -> Participant:
    person = begun(study)
    for card in person.cards.order_by("position"):
        record_answer(participant=person, card_id=card.public_id, value=value)
    return person


def test_whose_last_answer_arrives_while_a_page_is_made_is_done(study: Study) -> None:
    person = finished(study)
    assert person.state == "active"  # as it was read before the answers arrived
    assert place_of(person).stage == Stage.DONE


def test_a_page_made_while_somebody_withdraws_writes_no_time_again(study: Study) -> None:
    person = begun(study)
    place = place_of(person)
    assert place.card is not None
    withdraw(participant=person)
    show_card(participant=person, card=place.card)
    assert not Card.objects.exclude(shown_at=None).exists()


def test_a_platform_s_id_known_by_another_secret_is_refused_in_words(study: Study) -> None:
    begun(study, visit=PlatformVisit("p-1"))
    with pytest.raises(Conflict) as refusal:
        arrive(study=study, secret=new_secret(), visit=PlatformVisit("p-1"))
    assert refusal.value.code == "participant_known"
    assert Participant.objects.count() == 1


def test_whoever_is_turned_away_is_told_what_holds_for_them(client: Client, study: Study) -> None:
    told = {
        reason: client.get(f"/s/{study.slug}/closed/{reason}/").content.decode()
        for reason in ("study_full", "participant_known")
    }
    assert "All places are taken" in told["study_full"]
    assert "You have given no answers" in told["study_full"]
    assert "You have given no answers" not in told["participant_known"]
    assert "What you have answered so far is kept" in told["participant_known"]


def test_a_draft_changed_meanwhile_is_launched_as_it_stands() -> None:
    study = make_study(make_judged_project(images=7))
    read_before = Study.objects.get(pk=study.pk)
    revise_study(study=study, actor=None, values={"hard_pairs": 8})
    launched = launch_study(study=read_before, actor=None)
    assert launched.pairs.filter(role="target").count() == 8


def test_stored_figures_lose_what_they_say_about_one_person_when_somebody_withdraws(study: Study) -> None:
    person = finished(study)
    finished(study, "bad")
    result = write_result(study=study, job=ask_for_results(study=study, actor=None))
    assert result.figures["people"]
    assert len(result.figures["everybody"]["attention"]["by_participant"]) == 2
    withdraw(participant=person)
    left = StudyResult.objects.get()
    assert left.figures["people"] == []
    assert left.figures["everybody"]["attention"]["by_participant"] == []
    assert left.figures["without_excluded"]["attention"]["by_participant"] == []
    assert left.figures["everybody"]["table"] == result.figures["everybody"]["table"]
    assert left.figures["flow"] == result.figures["flow"]


def test_figures_under_way_while_somebody_withdraws_say_nothing_about_one_person(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = finished(study)
    compute = computing.compute_figures

    def compute_while_somebody_leaves(of: Study) -> dict[str, object]:
        figures = compute(of)
        withdraw(participant=person)
        return figures

    monkeypatch.setattr(computing, "compute_figures", compute_while_somebody_leaves)
    result = write_result(study=study, job=ask_for_results(study=study, actor=None))
    assert not Answer.objects.exists()
    assert result.figures["people"] == []
    assert result.figures["everybody"]["attention"]["by_participant"] == []


def test_figures_of_simulated_people_go_with_them_after_the_launch_too(study: Study) -> None:
    play_participants(study=study, people=3, seed=5)
    write_result(study=study, job=ask_for_results(study=study, actor=None))
    assert StudyResult.objects.get().n_simulated == 3
    assert delete_pilot(study=study, actor=None) == 3
    assert not StudyResult.objects.exists()


def test_no_caption_of_the_table_of_pairs_is_taken_for_a_formula() -> None:
    pair = ShownPair(1, uuid4(), "image", "caption", '=HYPERLINK("x")', "Hard", -0.1, "hard")
    row = pairs_csv([pair]).splitlines()[1]
    assert row.startswith('1,image,caption,"\'=HYPERLINK(""x"")",hard,-0.1,0,0')


def test_forgetting_twice_changes_nothing(study: Study) -> None:
    finished(study)
    write_result(study=study, job=ask_for_results(study=study, actor=None))
    forget_single_people(study)
    once = StudyResult.objects.get().figures
    forget_single_people(study)
    assert StudyResult.objects.get().figures == once
    assert StudyResult.objects.get().made_at > timezone.now() - timedelta(minutes=5)


def test_an_id_that_the_study_did_not_ask_for_opens_no_place_beyond_the_plan(study: Study) -> None:
    assert study.recruiting == "open"
    while has_place(study):
        begun(study)
    with pytest.raises(Conflict, match="study_full"):
        arrive(study=study, secret=new_secret(), visit=PlatformVisit("anything"))
    Study.objects.filter(pk=study.pk).update(recruiting="prolific")
    study.refresh_from_db()
    assert (
        arrive(study=study, secret=new_secret(), visit=PlatformVisit("counted-by-the-platform")).state
        == "arrived"
    )
