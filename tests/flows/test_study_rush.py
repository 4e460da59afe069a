"""Forty people come at once over real connections, some of them careless: nothing is lost, nothing counted twice."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import F

from studies.design.dealing import PairLoad
from studies.drafting.plans import frozen_plan, read_loads
from studies.models import Answer, Card, CardState, Participant, Study
from studies.taking.withdrawing import lapse
from tests.flows.participants import HttpVisitor, ParticipantDriver, honest
from tests.live import LiveProgram
from tests.study_rows import make_judged_project, make_open_study

PEOPLE = 40
SEED = 20240501
# What browsers with a wrong clock may send as the time for which they looked.
SKEWED = ("-5000", "99999999999", "1e9", "", "never")


def loads_of(study: Study) -> list[PairLoad]:
    return list(read_loads(study, frozen_plan(study)).targets)


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


@pytest.fixture
def study(transactional_db: None) -> Study:
    return make_open_study(
        make_judged_project(images=7),
        hard_pairs=13,
        pairs_per_participant=4,
        target_participants=PEOPLE,
        max_distractors_good=None,
    )


def play(base: str, study: Study, number: int) -> tuple[str, dict[str, str]]:
    """One person's way, with the faults that their number brings; returns what became of them and their answers."""
    chance = random.Random(SEED + number)
    person = ParticipantDriver(HttpVisitor(base), f"/s/{study.slug}/")
    person.enter()
    leaves_after = chance.randint(1, 5) if number % 8 in {3, 6} else None
    while person.is_asked and len(person.sent) != leaves_after:
        if chance.random() < 0.2:
            person.reload()
        person.answer(honest(person.page), focused_ms=chance.choice(SKEWED) if number % 8 == 1 else 2500)
        if chance.random() < 0.3:
            person.send_again(value=chance.choice(["good", "bad"]))
        if len(person.sent) > 1 and chance.random() < 0.2:
            person.send_again(back=2, value=chance.choice(["good", "bad"]))
    if number % 8 in {5, 6}:
        person.withdraw()
        return "withdrawn", {}
    return ("active" if leaves_after else "finished"), person.given


def lapse_now_and_then(study: Study, is_over: threading.Event, reopened: Counter[int]) -> None:
    """Take people for gone who are not, as a clock that jumps or a pause of the network does; they come back."""
    chance = random.Random(SEED)
    try:
        while not is_over.wait(0.3):
            present = list(Participant.objects.filter(study=study, state="active"))
            for person in chance.sample(present, min(2, len(present))):
                hand = list(person.cards.filter(state=CardState.LIVE).values_list("pair", flat=True))
                if lapse(person):
                    reopened.update(hand)
    finally:
        connection.close()


def test_forty_people_at_once_are_dealt_evenly_and_every_answer_counts_once(
    study: Study, live_web: LiveProgram
) -> None:
    is_over, reopened = threading.Event(), Counter[int]()
    with ThreadPoolExecutor(PEOPLE + 1) as rush:
        clock = rush.submit(lapse_now_and_then, study, is_over, reopened)
        ends = list(rush.map(lambda number: play(live_web.url, study, number), range(PEOPLE)))
        is_over.set()
        clock.result()
    states = [state for state, _given in ends]
    found = list(Participant.objects.values_list("state", flat=True))
    # Who left may have been taken for gone or not yet.
    assert sorted("active" if state == "lapsed" else state for state in found) == sorted(states)
    ordinals = Participant.objects.order_by("ordinal").values_list("ordinal", flat=True)
    assert list(ordinals) == list(range(1, PEOPLE + 1))
    given = sum(len(answers) for _state, answers in ends)
    assert Answer.objects.count() == given
    assert Card.objects.filter(state=CardState.ANSWERED).count() == given
    returned = Card.objects.filter(state=CardState.RETURNED, pair__role="target")
    owed = max((returned.filter(pair=load.pair).count() for load in loads_of(study)), default=0)
    ahead = max((reopened[load.pair] for load in loads_of(study)), default=0)
    assert spread([load.total for load in loads_of(study)]) <= 1 + owed + ahead
    assert not Answer.objects.filter(focused_ms__gt=F("server_ms")).exists()
    told = sorted(
        (answer.card.pair.version.text, answer.value)
        for answer in Answer.objects.select_related("card__pair__version")
    )
    assert told == sorted(pair for _state, answers in ends for pair in answers.items())


def test_the_last_place_is_given_once_however_many_ask(study: Study, live_web: LiveProgram) -> None:
    Study.objects.filter(pk=study.pk).update(target_participants=13)

    def enter(_number: int) -> bool:
        return ParticipantDriver(HttpVisitor(live_web.url), f"/s/{study.slug}/").enter().has_form("/answer/")

    with ThreadPoolExecutor(24) as rush:
        let_in = sum(rush.map(enter, range(24)))
    study.refresh_from_db()
    assert let_in == 13
    assert {load.total for load in loads_of(study)} == {4}
