"""Difficulty: the votes of a set of models on true pairs, and what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml_workers.difficulty import DifficultyRule, assign_difficulty, votes


@dataclass(frozen=True, slots=True)
class Voter:
    """A model with its threshold, and its cosine for each version that it saw."""

    name: str
    threshold: float
    cosines: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class CastVote:
    """One voter's vote on one version."""

    voter: str
    version_id: int
    cosine: float
    is_yes: bool
    is_tie_breaker: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What the votes made of one version."""

    version_id: int
    yes_votes: int
    n_votes: int
    level: str


def rule_of(
    n_voters: int, *, easy_min_votes: int, hard_max_votes: int, has_tie_breaker: bool, always_asked: bool
) -> DifficultyRule:
    """The rule that a job's parameters stand for; ValueError where the cut points do not fit the voters."""
    return DifficultyRule(
        "asked for", n_voters, easy_min_votes, hard_max_votes, has_tie_breaker, always_asked=always_asked
    )


def decide(
    versions: Sequence[int], voters: Sequence[Voter], rule: DifficultyRule, tie_breaker: Voter | None = None
) -> tuple[list[CastVote], list[Decided]]:
    """The votes that counted and the class of every version that all the models saw, in the order of `versions`."""
    everybody = [*voters, *([tie_breaker] if tie_breaker else [])]
    seen = [version for version in versions if all(version in voter.cosines for voter in everybody)]
    if not seen:
        return [], []
    cosines = np.array([[voter.cosines[version] for voter in everybody] for version in seen])
    cast = votes(cosines, [voter.threshold for voter in everybody])
    made = assign_difficulty(
        cast[:, : len(voters)], rule, tie_breaker=cast[:, -1] if tie_breaker is not None else None
    )
    counted = [
        CastVote(
            voter.name, version, float(cosines[row, place]), bool(cast[row, place]), voter is tie_breaker
        )
        for row, version in enumerate(seen)
        for place, voter in enumerate(everybody)
        if voter is not tie_breaker or made.tie_breaker_asked[row]
    ]
    decided = [
        Decided(version, int(made.yes_votes[row]), int(made.n_votes[row]), str(made.difficulty[row]))
        for row, version in enumerate(seen)
    ]
    return counted, decided
