"""How hard a true pair is for models: easy, medium or hard by their votes (IMP §4.2)."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Booleans = NDArray[np.bool_]

# From this many voters on one dissenter does not keep a pair from being easy or hard.
DISSENT_FROM = 5


class Difficulty(StrEnum):
    """The three classes."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True)
class DifficultyRule:
    """Cut points for `voters` models and perhaps one more, the tie-breaker.

    With a tie-breaker the cut points count votes out of `voters` + 1. It is asked where the voters
    disagree, and where they agree their class stands; with `always_asked` it votes on every pair.
    """

    name: str
    voters: int
    easy_min_votes: int
    hard_max_votes: int
    tie_breaker: bool
    always_asked: bool = False

    def __post_init__(self) -> None:
        total = self.voters + self.tie_breaker
        if self.voters < 1 or not 0 <= self.hard_max_votes < self.easy_min_votes <= total:
            raise ValueError(f"{self.name}: 0 <= hard_max_votes < easy_min_votes <= {total} must hold.")


PRESETS = {
    "imp7": DifficultyRule("imp7", voters=6, easy_min_votes=6, hard_max_votes=1, tie_breaker=True),
    "unanimous7": DifficultyRule(
        "unanimous7", voters=6, easy_min_votes=7, hard_max_votes=0, tie_breaker=True, always_asked=True
    ),
}


def default_rule(voters: int, *, tie_breaker: bool) -> DifficultyRule:
    """The rule for any number of voters (ours).

    With a tie-breaker: easy from all but one of the votes, hard up to one: 6 + 1 voters give `imp7`'s 6
    and 1, 2 + 1 voters 2 and 1. Without: all and none, from five voters on all but one and one.
    """
    if tie_breaker:
        return DifficultyRule(f"default{voters}+1", voters, voters, 1, tie_breaker=True)
    dissent = 1 if voters >= DISSENT_FROM else 0
    return DifficultyRule(f"default{voters}", voters, voters - dissent, dissent, tie_breaker=False)


@dataclass(frozen=True)
class Assignment:
    """Difficulty of each pair, its yes votes out of `n_votes` that counted, and whether the tie-breaker was asked."""

    difficulty: list[Difficulty]
    yes_votes: NDArray[np.int64]
    n_votes: NDArray[np.int64]
    tie_breaker_asked: Booleans

    def share(self, difficulty: Difficulty) -> float:
        """Share of pairs of one class (0 to 1); NaN without pairs."""
        n = len(self.difficulty)
        return self.difficulty.count(difficulty) / n if n else float("nan")


def votes(similarities: ArrayLike, thresholds: ArrayLike) -> Booleans:
    """Yes where a model's cosine reaches its own threshold: (pairs, models) and (models,) -> (pairs, models).

    Raises ValueError where a cosine is not finite: it would be a no that nobody gave.
    """
    cosines = np.asarray(similarities, dtype=np.float64)
    if not np.isfinite(cosines).all():
        raise ValueError("A cosine is not a finite number.")
    return np.asarray(cosines >= np.asarray(thresholds))


def needs_tie_breaker(cast: ArrayLike, rule: DifficultyRule) -> Booleans:
    """For which pairs the tie-breaker has to be computed, from the voters' votes (pairs, voters)."""
    yes = np.asarray(cast, dtype=bool).sum(axis=1)
    if not rule.tie_breaker:
        return np.zeros(len(yes), dtype=bool)
    return np.full(len(yes), True) if rule.always_asked else (yes > 0) & (yes < rule.voters)


def assign_difficulty(
    cast: ArrayLike, rule: DifficultyRule, *, tie_breaker: ArrayLike | None = None
) -> Assignment:
    """Classes of pairs from votes (pairs, voters) and the tie-breaker's (pairs,), read only where it is asked.

    Raises ValueError where the number of voters or the tie-breaker does not fit the rule.
    """
    given = np.asarray(cast, dtype=bool)
    if given.ndim != 2 or given.shape[1] != rule.voters:
        raise ValueError(f"{rule.name} wants votes of {rule.voters} models.")
    if rule.tie_breaker != (tie_breaker is not None):
        raise ValueError(f"{rule.name} {'needs' if rule.tie_breaker else 'has no'} tie-breaker.")
    asked = needs_tie_breaker(given, rule)
    yes = given.sum(axis=1).astype(np.int64)
    unanimous = ~asked & ((yes == 0) | (yes == rule.voters))
    if tie_breaker is not None:
        yes = yes + (asked & np.asarray(tie_breaker, dtype=bool))
    easy = np.where(unanimous, yes == rule.voters, yes >= rule.easy_min_votes)
    hard = np.where(unanimous, yes == 0, yes <= rule.hard_max_votes)
    classes = [
        Difficulty.EASY if is_easy else Difficulty.HARD if is_hard else Difficulty.MEDIUM
        for is_easy, is_hard in zip(easy, hard, strict=True)
    ]
    n_votes = (rule.voters + asked).astype(np.int64)
    return Assignment(classes, yes_votes=yes, n_votes=n_votes, tie_breaker_asked=asked)


def rule_without_voter(rule: DifficultyRule, *, is_tie_breaker: bool) -> DifficultyRule | None:
    """The rule for the same vote without one model, or nothing where no vote is left (ours).

    As many may dissent as before: a pair is easy from one yes vote fewer on, and hard up to as many as before. A
    tie-breaker that was asked wherever all voters disagreed was asked wherever the rest disagrees.
    """
    voters = rule.voters - (not is_tie_breaker)
    easy = rule.easy_min_votes - 1
    if voters < 1 or easy <= rule.hard_max_votes:
        return None
    return DifficultyRule(
        f"{rule.name} without one",
        voters,
        easy,
        rule.hard_max_votes,
        tie_breaker=rule.tie_breaker and not is_tie_breaker,
        always_asked=rule.always_asked and not is_tie_breaker,
    )
