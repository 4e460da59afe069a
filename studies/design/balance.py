"""The balance rule of a study, kept as a ledger that can be replayed from its history.

Rule: whenever nobody is in progress, the most and the fewest kept answers of a pair differ by at most 1 + d,
where d is the most cards of one pair that were returned and not dealt again. See
docs/algorithms/study-design.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

StepKind = Literal["dealt", "returned", "reopened"]


@dataclass(frozen=True)
class BalanceStep:
    """One step of a study's history: a participant's hand dealt, cards returned, or cards taken up again."""

    kind: StepKind
    pairs: tuple[int, ...]


@dataclass(frozen=True)
class BalanceState:
    """Where the balance stands.

    `spread` is max - min of the loads; `owed` the most cards of one pair returned and not dealt again (d);
    `ahead` the most answers of one pair that came back after their card had already been dealt again.
    """

    spread: int
    owed: int
    ahead: int

    @property
    def holds(self) -> bool:
        """Whether the rule holds: spread <= 1 + owed + ahead."""
        return self.spread <= 1 + self.owed + self.ahead


class BalanceLedger:
    """Counts for each pair its load and what it is owed.

    A pair's share is its load plus what it is owed. A returned card lowers the load and is owed. A card
    dealt to a pair that is owed one settles the debt, unless dealing lifted all pairs to the next level in
    the same hand: then it was that pair's turn anyway and the debt stays. So shares never differ by more
    than one, and a load never lies more than `owed` below its share.
    """

    def __init__(self, pairs: Sequence[int]) -> None:
        self.load = dict.fromkeys(pairs, 0)
        self.owed = dict.fromkeys(pairs, 0)

    def share(self, pair: int) -> int:
        """What the pair would have, had nobody returned a card."""
        return self.load[pair] + self.owed[pair]

    def deal(self, hand: Iterable[int]) -> None:
        """A participant got these pairs, each once."""
        hand = tuple(hand)
        floor = min(self.share(pair) for pair in self.load)
        lifts_the_ceiling = any(self.owed[pair] <= 0 and self.share(pair) > floor for pair in hand)
        for pair in hand:
            its_turn = lifts_the_ceiling and self.share(pair) == floor
            self.load[pair] += 1
            if self.owed[pair] > 0 and not its_turn:
                self.owed[pair] -= 1
        self._let_those_ahead_wait()

    def _let_those_ahead_wait(self) -> None:
        """A pair that got an answer too many uses it up when its turn comes without a card."""
        ceiling = max(self.share(pair) for pair in self.load)
        for pair in self.load:
            while self.owed[pair] < 0 and self.share(pair) < ceiling - 1:
                self.owed[pair] += 1

    def take_back(self, pair: int) -> None:
        """A card was returned unanswered, or its answer no longer counts."""
        self.load[pair] -= 1
        self.owed[pair] += 1

    def reopen(self, pair: int) -> None:
        """A returned card was taken up again by the same person, or its answer counts again."""
        self.load[pair] += 1
        self.owed[pair] -= 1

    def state(self) -> BalanceState:
        """Where the balance stands now."""
        return BalanceState(
            spread=max(self.load.values()) - min(self.load.values()),
            owed=max(0, *self.owed.values()),
            ahead=max(0, *(-owed for owed in self.owed.values())),
        )


def replay(pairs: Sequence[int], history: Iterable[BalanceStep]) -> BalanceState:
    """Where the balance stands after a study's history, in the order in which it happened."""
    ledger = BalanceLedger(pairs)
    for step in history:
        if step.kind == "dealt":
            ledger.deal(step.pairs)
            continue
        for pair in step.pairs:
            if step.kind == "returned":
                ledger.take_back(pair)
            else:
                ledger.reopen(pair)
    return ledger.state()
