"""Plain rows that analysis, exclusion and the simulated pilot share: one answer, one pair."""

from dataclasses import dataclass
from typing import Literal

from studies.design import Role

AnswerName = Literal["good", "bad"]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer of one participant; positions count from 1, `ms` is focused time in milliseconds.

    `pair` is the study pair; for a repeat it is the pair that is shown again.
    """

    participant: int
    pair: int
    role: Role
    answer: AnswerName
    position: int
    ms: int | None = None

    @property
    def is_good(self) -> bool:
        """Whether the participant answered good."""
        return self.answer == "good"


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What was known about a target pair at launch: difficulty and the named model's cosine similarity."""

    pair: int
    difficulty: str = ""
    similarity: float | None = None
