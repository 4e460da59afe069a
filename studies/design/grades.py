"""Grades of paraphrases by the protocol of semantic textual similarity: six anchors, and what checks expect.

Pure. A grade of 5 is *perfect*. On a check, an identical pair must get 5 and an unrelated one at most
`UNRELATED_AT_MOST`. See docs/algorithms/paraphrase-grading.md.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HIGHEST = 5
UNRELATED_AT_MOST = 1

CheckRole = Literal["target", "distractor", "control", "repeat"]


@dataclass(frozen=True)
class Anchor:
    """One grade: its value as it is stored, its name on the button, and the sentence that anchors it."""

    value: str
    name: str | Promise
    sentence: str | Promise


# The sentences are those of the preset of labels "Similarity 0 to 5"; a test holds them together.
ANCHORS: Sequence[Anchor] = (
    Anchor("0", _("Unrelated"), _("They speak of different things.")),
    Anchor("1", _("Same topic"), _("They share a subject and say different things about it.")),
    Anchor("2", _("Some shared"), _("They share some details, yet tell two different things.")),
    Anchor("3", _("Roughly the same"), _("The core is the same; something important differs or is missing.")),
    Anchor("4", _("Nearly the same"), _("They agree in all but details that hardly matter.")),
    Anchor("5", _("The same"), _("They mean the same; only the words differ.")),
)
VALUES = tuple(anchor.value for anchor in ANCHORS)

# What a made-up grader gives where they do not give 5, with the chance of each.
BELOW_FIVE = ((4, 0.6), (3, 0.25), (2, 0.1), (1, 0.05))
UNRELATED_AS_ZERO = 0.8


def is_high(grade: int, role: CheckRole) -> bool:
    """Whether a grade is the high one of its role: 5, on an unrelated pair already more than the limit.

    It is what "good" is among answers without grades, so that one rule looks at both kinds of study.
    """
    return grade > UNRELATED_AT_MOST if role == "distractor" else grade == HIGHEST


def made_up_grade(role: CheckRole, rng: random.Random, *, is_high: bool) -> int:
    """A grade that is high, or not, for somebody made up; chances as named above."""
    if role == "distractor":
        if is_high:
            return min(HIGHEST, UNRELATED_AT_MOST + 1 + int(rng.random() * (HIGHEST - UNRELATED_AT_MOST)))
        return 0 if rng.random() < UNRELATED_AS_ZERO else UNRELATED_AT_MOST
    if is_high:
        return HIGHEST
    drawn = rng.random()
    for grade, chance in BELOW_FIVE:
        if drawn < chance:
            return grade
        drawn -= chance
    return BELOW_FIVE[-1][0]
