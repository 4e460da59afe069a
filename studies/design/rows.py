"""Plain rows that analysis, exclusion and the simulated pilot share: one answer, one pair."""

from dataclasses import dataclass
from typing import Literal

from studies.design.cards import Role

AnswerName = Literal["good", "bad"]
# Times are analysed and given out in steps of so many milliseconds: finer ones would tell people apart in an export.
TIME_STEP_MS = 100


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer of one participant; positions count from 1, `ms` is focused time in whole steps of milliseconds.

    `pair` is the study pair; for a repeat it is the pair that is shown again. `grade` is 0 to 5 where paraphrases are
    graded; `answer` then says whether it is high for its role (`grades.is_high`).
    """

    participant: int
    pair: int
    role: Role
    answer: AnswerName
    position: int
    ms: int | None = None
    grade: int | None = None

    @property
    def said(self) -> str:
        """What the participant answered, word for word."""
        return self.answer if self.grade is None else str(self.grade)

    @property
    def is_good(self) -> bool:
        """Whether the participant answered good, or gave a grade that is high for its role."""
        return self.answer == "good"


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What was known of a target at launch: difficulty, the named model's cosine similarity, its caption's key."""

    pair: int
    difficulty: str = ""
    similarity: float | None = None
    caption: str = ""


def in_steps(ms: int | None) -> int | None:
    """Return a time rounded to the nearest step, halves upwards; None stays None."""
    return None if ms is None else (ms + TIME_STEP_MS // 2) // TIME_STEP_MS * TIME_STEP_MS
