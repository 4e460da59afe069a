"""Who is left out of the analysis, by rules declared before launch, and why.

Rules look at distractors, positive controls, speed and completeness. They decide about the analysis alone,
never about payment. See docs/algorithms/study-results.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from studies.design.grades import HIGHEST, UNRELATED_AT_MOST
from studies.design.rows import AnswerRow

RuleKind = Literal["distractors", "controls", "speed", "completeness"]


@dataclass(frozen=True)
class ExclusionRule:
    """One rule and its limit.

    distractors: at most `limit` distractors answered good. controls: at most `limit` positive controls
    answered bad. speed: a median of at least `limit` milliseconds per answer. completeness: at least the
    share `limit` of the dealt cards answered. With `is_graded`, distractors are unrelated pairs graded above
    `grades.UNRELATED_AT_MOST` and controls identical pairs graded below 5. Raises ValueError where the limit makes no
    sense.
    """

    kind: RuleKind
    limit: float
    is_graded: bool = False

    def __post_init__(self) -> None:
        if self.limit < 0 or (self.kind == "completeness" and self.limit > 1):
            raise ValueError(f"{self.limit} is no limit for the rule about {self.kind}.")


@dataclass(frozen=True)
class Finding:
    """What one rule found for one participant: `observed` against the limit, over `n` answers.

    `observed` is None where there was nothing to judge; the rule then does not exclude.
    """

    rule: ExclusionRule
    observed: float | None
    n: int
    is_broken: bool

    def explain(self) -> str:
        """The finding in one English sentence, for pre-registrations, exports and logs of deviations."""
        limit, seen = self.rule.limit, self.observed
        if seen is None:
            return f"The rule about {self.rule.kind} had no answers to look at."
        wrong, right = ("distractors answered good", "positive controls answered bad")
        if self.rule.is_graded:
            wrong = f"unrelated pairs graded above {UNRELATED_AT_MOST}"
            right = f"identical pairs graded below {HIGHEST}"
        sentences: dict[RuleKind, str] = {
            "distractors": f"{seen:.0f} of {self.n} {wrong}; the limit is {limit:.0f}.",
            "controls": f"{seen:.0f} of {self.n} {right}; the limit is {limit:.0f}.",
            "speed": f"Median time {seen / 1000:.1f} s over {self.n} answers; "
            f"at least {limit / 1000:.1f} s is asked for.",
            "completeness": f"{seen:.0%} of {self.n} cards answered; at least {limit:.0%} is asked for.",
        }
        return sentences[self.rule.kind]


@dataclass(frozen=True)
class ExclusionOutcome:
    """Whether one participant is analysed, with a finding for every declared rule."""

    participant: int
    findings: tuple[Finding, ...]

    @property
    def is_included(self) -> bool:
        """True while no rule is broken."""
        return not any(finding.is_broken for finding in self.findings)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that exclude this participant."""
        return tuple(finding for finding in self.findings if finding.is_broken)


def judge_participant(
    participant: int, rows: Sequence[AnswerRow], *, cards_dealt: int, rules: Sequence[ExclusionRule]
) -> ExclusionOutcome:
    """Every rule held against one participant's answers; `cards_dealt` counts all roles and repeats."""
    own = [row for row in rows if row.participant == participant]
    return ExclusionOutcome(participant, tuple(_finding(rule, own, cards_dealt) for rule in rules))


def judge_participants(
    rows: Sequence[AnswerRow], *, cards_dealt: Mapping[int, int], rules: Sequence[ExclusionRule]
) -> tuple[ExclusionOutcome, ...]:
    """The outcome of everybody in `cards_dealt` (participant to number of cards), in ascending order."""
    own: dict[int, list[AnswerRow]] = {participant: [] for participant in cards_dealt}
    for row in rows:
        if row.participant in own:
            own[row.participant].append(row)
    return tuple(
        judge_participant(participant, own[participant], cards_dealt=cards_dealt[participant], rules=rules)
        for participant in sorted(own)
    )


def _finding(rule: ExclusionRule, rows: Sequence[AnswerRow], cards_dealt: int) -> Finding:
    if rule.kind == "distractors":
        return _wrong_answers(rule, [row.is_good for row in rows if row.role == "distractor"])
    if rule.kind == "controls":
        return _wrong_answers(rule, [not row.is_good for row in rows if row.role == "control"])
    if rule.kind == "speed":
        return _speed(rule, [row.ms for row in rows if row.ms is not None])
    return _completeness(rule, len(rows), cards_dealt)


def _wrong_answers(rule: ExclusionRule, wrong: Sequence[bool]) -> Finding:
    if not wrong:
        return Finding(rule, None, 0, is_broken=False)
    return Finding(rule, float(sum(wrong)), len(wrong), is_broken=sum(wrong) > rule.limit)


def _speed(rule: ExclusionRule, times: Sequence[int]) -> Finding:
    if not times:
        return Finding(rule, None, 0, is_broken=False)
    middle = float(median(times))
    return Finding(rule, middle, len(times), is_broken=middle < rule.limit)


def _completeness(rule: ExclusionRule, answered: int, cards_dealt: int) -> Finding:
    if not cards_dealt:
        return Finding(rule, None, 0, is_broken=False)
    share = answered / cards_dealt
    return Finding(rule, share, cards_dealt, is_broken=share < rule.limit)
