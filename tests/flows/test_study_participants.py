"""Participants go through a study over HTTP; the server owns their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db.models import Count
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from projects.running import RUNNERS, run_job
from studies.design.dealing import PairLoad
from studies.drafting.plans import frozen_plan, read_loads
from studies.job_kinds import ask_for_results
from studies.models import Answer, Card, Participant, PlatformIdentity, Study, StudyResult
from studies.results.answers import pair_shares
from studies.results.computing import compute_figures
from studies.taking.identities import platform_id
from studies.taking.monitoring import standing_of
from studies.taking.withdrawing import return_lapsed_cards
from studies.tasks import StudyResultsRunner
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    return make_open_study(make_judged_project(images=7))


@dataclass
class BrowserlessDriver(ParticipantDriver):
    """A driver whose client the tests may look into."""

    visitor: ClientVisitor


def driver_of(study: Study) -> BrowserlessDriver:
    return BrowserlessDriver(ClientVisitor(), f"/s/{study.slug}/")


def loads_of(study: Study) -> Sequence[PairLoad]:
    return read_loads(study, frozen_plan(study)).targets


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


def test_reloads_the_back_button_and_double_submits_change_nothing(study: Study) -> None:
    person = driver_of(study)
    person.enter()
    first = person.page.caption
    person.reload()
    assert person.page.caption == first
    person.answer("good")
    second = person.page.caption
    assert second != first
    assert person.send_again().caption == second
    assert person.send_again(value="bad").caption == second
    assert Answer.objects.get().value == "good"
    person.answer("bad")
    third = person.page.caption
    assert person.send_again(back=2, value="bad").caption == third
    assert person.page.answered == (2, 7)
    assert sorted(Answer.objects.values_list("value", flat=True)) == ["bad", "good"]


def test_an_answer_to_a_card_that_is_not_ones_turn_is_refused(study: Study) -> None:
    person, other = driver_of(study), driver_of(study)
    person.enter()
    other.enter()
    action, values = person.page.form("/answer/")
    ahead = Card.objects.filter(participant=Participant.objects.earliest("pk"), position=3).get()
    mine = other.page.form("/answer/")[1]
    for card in (str(ahead.public_id), mine["card"], "no-uuid"):
        page = person.visitor.post(action, values | {"card": card, "answer": "good"})
        assert page.path.endswith("/go/")
    client = person.visitor.client
    data = values | {"card": mine["card"], "answer": "good"}
    assert client.post(action, data, headers={"Accept": "application/json"}).status_code == 409
    assert not Answer.objects.exists()


def test_any_other_address_leads_to_ones_place_and_strangers_to_the_door(study: Study) -> None:
    person = driver_of(study)
    person.arrive()
    for rest in ("answer/", "begin/", "consent/", "instructions/", "results/", "go/?x=1", "deep/inside/"):
        assert person.visitor.get(person.door + rest).path.endswith("/go/")
        assert person.visitor.get(person.door + rest).has_form("/consent/")
    stranger = ClientVisitor()
    assert stranger.client.get(f"{person.door}answer/").headers["Location"] == person.door
    assert stranger.client.get("/s/no-such-study/").status_code == 404


def test_two_people_in_one_browser_never_answer_for_each_other(study: Study) -> None:
    person = driver_of(study)
    person.enter()
    action, values = person.page.form("/answer/")
    del person.visitor.client.cookies["participant"]
    person.enter()
    person.visitor.post(action, values | {"answer": "bad"})
    assert not Answer.objects.exists()


def test_the_personal_link_goes_on_at_another_device_at_the_same_pair(study: Study) -> None:
    person = driver_of(study)
    person.take_part(honest, most=2)
    here = person.page.caption
    person.page = person.visitor.get(person.door + "link/")
    elsewhere = driver_of(study)
    answer = elsewhere.visitor.client.get(person.personal_link)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{person.door}go/"
    assert elsewhere.reload().caption == here
    assert Participant.objects.count() == 1


def test_the_secret_is_stored_hashed_in_a_cookie_for_this_study_alone(study: Study) -> None:
    client = ClientVisitor().client
    answer = client.get(f"/s/{study.slug}/")
    cookie = answer.cookies["participant"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == f"/s/{study.slug}/"
    row = Participant.objects.get()
    assert cookie.value not in (row.secret_hash, row.withdrawal_hash)
    page = client.get(f"/s/{study.slug}/go/")
    assert page.headers["Cache-Control"] == "no-store"
    assert cookie.value not in page.text


def test_a_platform_s_id_resumes_and_is_never_a_second_row(study: Study) -> None:
    query = "?PROLIFIC_PID=abc123&STUDY_ID=s&SESSION_ID=x"
    person = driver_of(study)
    person.take_part(honest, most=2, query=query)
    here = person.page.caption
    again = driver_of(study)
    assert again.arrive(query).caption == here
    assert "abc123" not in again.page.text
    row = Participant.objects.get()
    assert (platform_id(row), row.is_test) == ("abc123", False)


def test_without_its_id_a_platform_s_study_is_a_preview_that_counts_nowhere() -> None:
    study = make_open_study(
        make_judged_project(images=6),
        hard_pairs=8,
        recruiting="prolific",
    )
    preview, person = driver_of(study), driver_of(study)
    preview.take_part(honest)
    done = person.take_part(honest, query="?PROLIFIC_PID=p1")
    assert "https://app.prolific.com/submissions/complete?cc=C1X2Y3" in done.text
    assert list(Participant.objects.order_by("pk").values_list("is_test", flat=True)) == [True, False]
    assert standing_of(study).finished == 1
    assert standing_of(study).tests == 1
    assert sum(share.n for share in pair_shares(study.project)) == 4


def test_who_declines_is_thanked_and_may_change_their_mind(study: Study) -> None:
    person = driver_of(study)
    person.arrive()
    assert "You do not take part" in person.consent("no").text
    assert Participant.objects.get().state == "declined"
    assert not Card.objects.exists()
    assert person.consent("yes").has_form("/begin/")
    assert Participant.objects.get().state == "active"


def test_withdrawing_erases_answers_leaves_a_tombstone_and_repairs_the_balance(study: Study) -> None:
    leaver = driver_of(study)
    leaver.take_part(honest, query="?PROLIFIC_PID=to-be-erased")
    assert "You have withdrawn" in leaver.withdraw().text
    row = Participant.objects.get()
    assert (row.state, row.consented_at, row.finished_at) == ("withdrawn", None, None)
    assert not PlatformIdentity.objects.exists()
    assert not Answer.objects.exists()
    assert not Card.objects.exclude(state="returned").exists()
    assert "You have withdrawn" in leaver.arrive("?PROLIFIC_PID=to-be-erased").text
    for _number in range(12):
        driver_of(study).take_part(honest)
    assert {load.kept for load in loads_of(study)} == {4}
    flow = compute_figures(study)["flow"]
    assert (flow["consented"], flow["withdrawn"], flow["analysed"]) == (13, 1, 12)


def test_the_code_shown_at_the_end_withdraws_later_from_anywhere(study: Study) -> None:
    person = driver_of(study)
    person.take_part(honest)
    code = person.withdrawal_code
    assert len(code) == 14
    later = driver_of(study)
    later.page = later.visitor.get(later.door + "withdraw/")
    action, values = later.page.form("/withdraw/code/")
    assert "not known" in later.visitor.post(action, values | {"code": "AAAA-BBBB-CCCC"}).text
    typed = code.lower().replace("-", " ")
    assert "You have withdrawn" in later.visitor.post(action, values | {"code": typed}).text
    assert Participant.objects.get().state == "withdrawn"


def test_cards_of_people_who_left_go_to_others_and_whoever_comes_back_goes_on(study: Study) -> None:
    gone = driver_of(study)
    gone.take_part(honest, most=3)
    assert return_lapsed_cards() == 0
    Participant.objects.update(seen_at=timezone.now() - timedelta(minutes=study.lapse_minutes + 1))
    assert return_lapsed_cards() == 1
    assert Participant.objects.get().state == "lapsed"
    assert Card.objects.filter(state="returned").count() == 4
    assert Answer.objects.count() == 3
    for _number in range(12):
        driver_of(study).take_part(honest)
    assert gone.reload().answered == (3, 7)
    while gone.is_asked:
        gone.answer(honest(gone.page))
    assert Participant.objects.earliest("pk").state == "finished"
    kept = [load.kept for load in loads_of(study)]
    assert min(kept) >= 4
    assert max(kept) - min(kept) <= 2


def test_whom_a_declared_rule_excludes_is_replaced_and_told_nothing(study: Study) -> None:
    guesser = driver_of(study)
    assert "C1X2Y3" in guesser.take_part(lambda page: "good").text
    assert Participant.objects.get().is_excluded
    assert sum(load.kept for load in loads_of(study)) == 0
    for _number in range(12):
        driver_of(study).take_part(honest)
    figures = compute_figures(study)
    assert figures["everybody"]["table"][0]["ratings"] == 52
    assert figures["without_excluded"]["table"][0]["ratings"] == 48
    assert [person["person"] for person in figures["people"] if not person["is_included"]] == [1]
    assert figures["people"][0]["reasons"] == ["2 of 2 distractors answered good; the limit is 1."]


def test_only_pictures_of_one_s_own_cards_are_served(study: Study) -> None:
    person = driver_of(study)
    person.enter()
    assert person.look().status == 200
    other = driver_of(study)
    other.enter()
    theirs = Card.objects.filter(participant=Participant.objects.latest("pk")).first()
    assert theirs is not None
    address = f"{person.door}image/{theirs.public_id}/"
    assert other.visitor.get(address).status == 200
    assert person.visitor.client.get(address).status_code == 404
    assert ClientVisitor().client.get(address).status_code == 302


def test_a_time_that_a_browser_made_up_is_never_longer_than_the_server_saw(study: Study) -> None:
    person = driver_of(study)
    person.enter()
    person.answer("good", focused_ms=10**9)
    action, values = person.page.form("/answer/")
    person.page = person.visitor.post(action, values | {"answer": "good", "focused_ms": "a while"})
    for answer in Answer.objects.all():
        assert answer.server_ms is not None
        assert answer.focused_ms is None or answer.focused_ms <= answer.server_ms
    assert Answer.objects.filter(focused_ms=None).count() == 1


def test_a_shown_pair_has_a_small_number_of_queries(
    study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    person = driver_of(study)
    person.enter()
    with django_assert_max_num_queries(10):
        person.visitor.client.get(f"{person.door}go/")
    action, values = person.page.form("/answer/")
    with django_assert_max_num_queries(16):
        person.visitor.client.post(action, values | {"answer": "good"})
