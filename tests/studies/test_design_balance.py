"""The balance rule under arbitrary drop-outs, returns and late answers."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.design.balance import BalanceLedger, BalanceStep, replay
from studies.design.choosing import DesignError
from studies.design.dealing import (
    PairLoad,
    Replacement,
    counts_as_kept,
    deal,
    deal_block,
    is_complete,
    is_filled,
    places_needed,
    split_into_blocks,
)
from studies.design.seeding import below, seeded, shuffled


class Room:
    """A study being run: hands that are out, cards kept and returned, counted apart from the ledger."""

    def __init__(self, pairs: int, cards: int, kind: str, target: int, seed: int) -> None:
        self.pairs = tuple(range(pairs))
        self.cards, self.kind, self.target = cards, kind, target
        self.rng = seeded("room", seed)
        self.blocks = split_into_blocks(self.pairs, cards, rng=self.rng) if kind == "blocks" else ()
        self.kept: Counter[int] = Counter()
        self.out: list[list[int]] = []
        self.returned: list[int] = []
        self.returned_ever: Counter[int] = Counter()
        self.ledger = BalanceLedger(self.pairs)
        self.history: list[BalanceStep] = []

    def loads(self) -> list[PairLoad]:
        live = Counter(pair for hand in self.out for pair in hand)
        return [PairLoad(pair, self.kept[pair], live[pair]) for pair in self.pairs]

    def begin(self) -> None:
        if self.kind == "blocks":
            hand = deal_block(self.loads(), self.blocks, target=self.target, rng=self.rng)
        else:
            hand = deal(self.loads(), self.cards, rng=self.rng)
        assert len(set(hand)) == self.cards
        self.out.append(shuffled(hand, self.rng))
        self.ledger.deal(hand)
        self.history.append(BalanceStep("dealt", hand))

    def answer(self, who: int) -> None:
        hand = self.out[who % len(self.out)]
        self.kept[hand.pop()] += 1
        self.out = [hand for hand in self.out if hand]

    def take_back(self, who: int, count: int) -> None:
        """Some cards of a hand come back, in any order; the rest stays with the person."""
        hand = self.out[who % len(self.out)]
        for _ in range(min(count, len(hand))):
            self._return(hand.pop(below(len(hand), self.rng)))
        self.out = [hand for hand in self.out if hand]

    def erase(self) -> None:
        """An answer that was kept no longer counts: withdrawn or excluded and replaced."""
        pair = shuffled(sorted(self.kept.elements()), self.rng)[0]
        self.kept[pair] -= 1
        self._return(pair)

    def _return(self, pair: int) -> None:
        self.returned.append(pair)
        self.returned_ever[pair] += 1
        self.ledger.take_back(pair)
        self.history.append(BalanceStep("returned", (pair,)))

    def come_back(self, which: int) -> None:
        pair = self.returned.pop(which % len(self.returned))
        self.out.append([pair])
        self.ledger.reopen(pair)
        self.history.append(BalanceStep("reopened", (pair,)))

    def everybody_leaves(self, answered: int) -> None:
        """Nobody is in progress any more; of the open cards a part is answered, the rest comes back."""
        while self.out:
            if below(4, self.rng) < answered:
                self.answer(below(len(self.out), self.rng))
            else:
                self.take_back(below(len(self.out), self.rng), 1)

    def spread(self) -> int:
        counts = [self.kept[pair] for pair in self.pairs]
        return max(counts) - min(counts)


Step = tuple[str, int, int]


def play(room: Room, steps: list[Step], *, late: bool) -> None:
    for act, who, count in steps:
        if act == "begin":
            room.begin()
        elif act == "answer" and room.out:
            room.answer(who)
        elif act == "return" and room.out:
            room.take_back(who, count)
        elif act == "erase" and room.kept.total():
            room.erase()
        elif act == "late" and late and room.returned:
            room.come_back(who)


@st.composite
def rooms(draw: st.DrawFn, kind: str) -> Room:
    cards = draw(st.integers(1, 6))
    pairs = cards * draw(st.integers(1, 4)) if kind == "blocks" else draw(st.integers(cards, 14))
    return Room(pairs, cards, kind, draw(st.integers(1, 5)), draw(st.integers(0, 10_000)))


happenings = st.lists(
    st.tuples(
        st.sampled_from(["begin", "begin", "answer", "answer", "return", "return", "erase", "late"]),
        st.integers(0, 50),
        st.integers(1, 6),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(room=rooms("balanced"), steps=happenings, answered=st.integers(0, 4))
def test_counts_differ_by_at_most_one_and_what_was_returned_when_nobody_is_in_progress(
    room: Room, steps: list[Step], answered: int
) -> None:
    play(room, steps, late=False)
    room.everybody_leaves(answered)
    state = room.ledger.state()
    assert state.ahead == 0
    assert room.spread() == state.spread <= 1 + state.owed
    assert state.owed <= max([0, *room.returned_ever.values()])
    assert replay(room.pairs, room.history) == state


@settings(max_examples=150, deadline=None)
@given(room=rooms("blocks"), steps=happenings, answered=st.integers(0, 4))
def test_blocks_keep_the_same_rule_through_their_top_up(room: Room, steps: list[Step], answered: int) -> None:
    play(room, steps, late=False)
    room.everybody_leaves(answered)
    state = room.ledger.state()
    assert room.spread() == state.spread <= 1 + state.owed


@settings(max_examples=150, deadline=None)
@given(room=rooms("balanced"), steps=happenings, answered=st.integers(0, 4))
def test_answers_that_come_late_widen_the_spread_by_their_own_number_only(
    room: Room, steps: list[Step], answered: int
) -> None:
    play(room, steps, late=True)
    room.everybody_leaves(answered)
    assert room.ledger.state().holds


@settings(max_examples=100, deadline=None)
@given(room=rooms("balanced"), people=st.integers(1, 30))
def test_without_drop_outs_counts_differ_by_at_most_one_at_every_moment(room: Room, people: int) -> None:
    for _ in range(people):
        room.begin()
        counts = [load.total for load in room.loads()]
        assert max(counts) - min(counts) <= 1


@settings(max_examples=100, deadline=None)
@given(
    room=rooms("balanced") | rooms("blocks"),
    steps=happenings,
    answered=st.integers(0, 4),
    leavers=st.lists(st.integers(0, 4), max_size=8),
)
def test_after_top_up_no_pair_is_below_target(
    room: Room, steps: list[Step], answered: int, leavers: list[int]
) -> None:
    play(room, steps, late=False)
    room.everybody_leaves(answered)
    while not is_complete(room.loads(), target=room.target):
        assert not is_filled(room.loads(), target=room.target)
        room.begin()
        room.everybody_leaves(leavers.pop() if leavers else 4)
    assert min(room.kept[pair] for pair in room.pairs) >= room.target
    assert room.ledger.state().holds


@settings(max_examples=100, deadline=None)
@given(
    kept=st.lists(st.integers(0, 8), min_size=3, max_size=12),
    cards=st.integers(1, 3),
    target=st.integers(1, 8),
)
def test_the_places_announced_are_exactly_those_that_top_up_takes(
    kept: list[int], cards: int, target: int
) -> None:
    loads = [PairLoad(pair, count) for pair, count in enumerate(kept)]
    announced = places_needed(loads, target=target, cards=cards)
    opened = 0
    while not is_filled(loads, target=target):
        hand = set(deal(loads, cards, rng=seeded(opened)))
        loads = [PairLoad(load.pair, load.kept + (load.pair in hand)) for load in loads]
        opened += 1
    assert opened == announced


def test_the_spread_heals_when_later_participants_finish() -> None:
    room = Room(pairs=12, cards=4, kind="balanced", target=5, seed=1)
    for _ in range(9):
        room.begin()
    room.everybody_leaves(4)
    for pair in [0] * 3 + [5] * 2:
        room.kept[pair] -= 1
        room.ledger.take_back(pair)
    assert (room.spread(), room.ledger.state().owed) == (3, 3)
    for _ in range(6):
        room.begin()
        room.everybody_leaves(4)
    assert room.spread() <= 1
    assert room.ledger.state().owed == 0


def test_the_rule_is_no_empty_promise_a_careless_dealer_breaks_it() -> None:
    ledger, rng = BalanceLedger(range(20)), seeded("careless")
    for _ in range(40):
        ledger.deal(shuffled(range(20), rng)[:5])
    assert not ledger.state().holds


def test_forty_participants_of_twenty_five_cards_give_each_of_a_hundred_pairs_ten_answers() -> None:
    room = Room(pairs=100, cards=25, kind="balanced", target=10, seed=3)
    for _ in range(40):
        room.begin()
        room.everybody_leaves(4)
    assert set(room.kept.values()) == {10}


def test_a_pair_that_everybody_returns_is_owed_until_somebody_answers_it() -> None:
    ledger = BalanceLedger(range(3))
    for _ in range(4):
        ledger.deal(range(3))
        ledger.take_back(0)
    assert ledger.state().owed >= 3
    assert ledger.state().holds


@given(order=st.permutations(range(9)), seed=st.integers(0, 100))
def test_the_order_in_which_loads_are_read_changes_nothing(order: list[int], seed: int) -> None:
    loads = [PairLoad(pair, kept=pair % 3) for pair in range(9)]
    mixed = [loads[place] for place in order]
    assert deal(mixed, 4, rng=seeded(seed)) == deal(loads, 4, rng=seeded(seed))


def test_pairs_seen_before_are_never_dealt_and_too_few_is_said() -> None:
    loads = [PairLoad(pair) for pair in range(5)]
    assert set(deal(loads, 3, rng=seeded(1), seen={0, 4})) == {1, 2, 3}
    with pytest.raises(DesignError, match="4 cards asked for, 3 pairs are left"):
        deal(loads, 4, rng=seeded(1), seen={0, 4})


def test_pairs_to_avoid_come_last_whatever_their_load() -> None:
    loads = [PairLoad(0), PairLoad(1, kept=9), PairLoad(2, kept=9)]
    assert set(deal(loads, 2, rng=seeded(1), avoid={0})) == {1, 2}
    assert set(deal(loads, 3, rng=seeded(1), avoid={0})) == {0, 1, 2}


def test_blocks_are_equally_hard_and_hold_every_pair_once() -> None:
    blocks = split_into_blocks(range(100), 25, rng=seeded(4))
    assert sorted(pair for block in blocks for pair in block) == list(range(100))
    for block in blocks:
        assert [pair // 4 for pair in block] == list(range(25))


def test_whose_answers_count_is_the_setting_that_was_declared() -> None:
    usual, reverse = Replacement(), Replacement(excluded=False, withdrawn=False, lapsed=True)
    assert counts_as_kept("finished", usual)
    assert counts_as_kept("active", usual)
    assert counts_as_kept("lapsed", usual)
    assert not counts_as_kept("lapsed", reverse)
    assert not counts_as_kept("withdrawn", usual)
    assert counts_as_kept("withdrawn", reverse)
    assert not counts_as_kept("finished", usual, is_excluded=True)
    assert counts_as_kept("finished", reverse, is_excluded=True)
    assert not counts_as_kept("finished", reverse, is_test=True)
