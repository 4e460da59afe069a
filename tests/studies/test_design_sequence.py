"""One participant's cards: order, roles, repeats."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.design.cards import StudyLoads, StudyPlan, build_sequence, deal_participant
from studies.design.choosing import DesignError
from studies.design.dealing import PairLoad
from studies.design.seeding import seeded


def loads_of(plan: StudyPlan) -> StudyLoads:
    return StudyLoads(
        targets=[PairLoad(pair) for pair in plan.pairs],
        distractors=[PairLoad(pair) for pair in plan.distractors],
        controls=[PairLoad(pair) for pair in plan.controls],
    )


@st.composite
def plans(draw: st.DrawFn) -> StudyPlan:
    cards = draw(st.integers(1, 8))
    blocks = draw(st.integers(1, 3))
    distractors, controls = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    gap = draw(st.integers(1, 6))
    return StudyPlan(
        pairs=tuple(range(cards * blocks)),
        distractors=tuple(range(100, 100 + distractors + draw(st.integers(0, 5)))),
        controls=tuple(range(200, 200 + controls + draw(st.integers(0, 5)))),
        kind=draw(st.sampled_from(["balanced", "blocks"])),
        cards=cards,
        distractors_each=distractors,
        controls_each=controls,
        repeats=draw(st.integers(0, max(0, cards - gap + 1))),
        repeat_gap=gap,
        seed=draw(st.integers(0, 10_000)),
    )


@settings(max_examples=200, deadline=None)
@given(plan=plans(), ordinal=st.integers(1, 500))
def test_no_pair_comes_twice_but_a_declared_repeat_and_no_distractor_first(
    plan: StudyPlan, ordinal: int
) -> None:
    cards = deal_participant(plan, loads_of(plan), ordinal=ordinal)
    assert [card.position for card in cards] == list(range(1, plan.sequence_length + 1))
    assert Counter(card.role for card in cards) == +Counter(
        target=plan.cards,
        distractor=plan.distractors_each,
        control=plan.controls_each,
        repeat=plan.repeats,
    )
    first_time = [card.pair for card in cards if card.role != "repeat"]
    assert len(set(first_time)) == len(first_time)
    assert cards[0].role != "distractor"
    place = {card.pair: card.position for card in cards if card.role == "target"}
    repeats = [card for card in cards if card.role == "repeat"]
    assert len({card.pair for card in repeats}) == plan.repeats
    assert all(card.position - place[card.pair] >= plan.repeat_gap for card in repeats)


@given(plan=plans(), ordinal=st.integers(1, 500))
def test_the_same_seed_and_ordinal_give_the_same_cards(plan: StudyPlan, ordinal: int) -> None:
    first = deal_participant(plan, loads_of(plan), ordinal=ordinal)
    assert deal_participant(plan, loads_of(plan), ordinal=ordinal) == first


def test_every_order_without_a_distractor_in_front_is_equally_likely() -> None:
    counts = Counter(
        tuple(card.pair for card in build_sequence([1, 2], distractors=[9], rng=seeded("order", draw)))
        for draw in range(6000)
    )
    assert set(counts) == {(1, 2, 9), (1, 9, 2), (2, 1, 9), (2, 9, 1)}
    assert all(abs(count - 1500) < 150 for count in counts.values())


def test_every_participant_gets_an_order_of_their_own() -> None:
    plan = StudyPlan(pairs=tuple(range(25)), distractors_each=0, controls_each=0, participants=1)
    orders = {
        tuple(card.pair for card in deal_participant(plan, loads_of(plan), ordinal=ordinal))
        for ordinal in range(50)
    }
    assert len(orders) == 50


def test_distractors_stand_back_where_the_person_meets_the_same_image_as_a_target() -> None:
    plan = StudyPlan(
        pairs=(1, 2), distractors=(11, 12, 13), cards=1, distractors_each=2, controls_each=0, seed=5
    )
    image_of = {1: 501, 2: 502, 11: 501, 12: 502, 13: 503}
    for ordinal in range(20):
        cards = deal_participant(plan, loads_of(plan), ordinal=ordinal, image_of=image_of)
        images = [image_of[card.pair] for card in cards]
        assert len(set(images)) == 3


def test_pairs_met_in_an_earlier_session_are_not_dealt_again() -> None:
    plan = StudyPlan(pairs=tuple(range(10)), cards=5, distractors_each=0, controls_each=0)
    cards = deal_participant(plan, loads_of(plan), ordinal=1, seen=range(5))
    assert {card.pair for card in cards} == {5, 6, 7, 8, 9}


def test_the_papers_survey_has_forty_cards_and_ten_answers_a_pair() -> None:
    plan = StudyPlan(
        pairs=tuple(range(100)), distractors=tuple(range(100, 140)), controls=tuple(range(200, 220))
    )
    assert (plan.target, plan.sequence_length) == (10, 40)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cards": 31}, "31 pairs for each participant, but 30 are chosen"),
        ({"distractors_each": 9}, "9 distractors for each participant, but 4 are chosen"),
        ({"controls": (0, 1)}, "chosen twice"),
        ({"kind": "blocks", "cards": 7}, "do not divide into blocks of 7"),
        ({"repeats": 9, "repeat_gap": 3}, "at most 8 can be repeated"),
        ({"participants": 0}, "at least one participant"),
    ],
)
def test_a_design_that_cannot_be_dealt_is_refused(change: dict[str, object], message: str) -> None:
    fields: dict[str, object] = {
        "pairs": tuple(range(30)),
        "distractors": (100, 101, 102, 103),
        "cards": 10,
        "distractors_each": 2,
        "controls_each": 0,
    }
    with pytest.raises(DesignError, match=message):
        StudyPlan(**{**fields, **change})  # type: ignore[arg-type]


def test_a_sequence_of_distractors_alone_is_refused() -> None:
    with pytest.raises(DesignError, match="no distractor"):
        build_sequence([], distractors=[1], rng=seeded(1))
