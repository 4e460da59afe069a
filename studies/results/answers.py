"""What the answers of a study come to: rows for the analysis, shares for releases."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count

from measures.proportions import wilson
from projects.models import Project
from studies.design.cards import Role
from studies.design.exclusion import ExclusionOutcome, judge_participants
from studies.design.grades import is_high
from studies.design.rows import AnswerRow, in_steps
from studies.drafting.plans import declared_rules
from studies.models import (
    Answer,
    AnswerValue,
    Card,
    PairRole,
    Participant,
    ParticipantState,
    Study,
    StudyKind,
)

ROLES: dict[str, Role] = {
    PairRole.TARGET: "target",
    PairRole.DISTRACTOR: "distractor",
    PairRole.CONTROL: "control",
}


@dataclass(frozen=True, slots=True)
class PairShare:
    """How many people called a version good in one study; `low` and `high` are Wilson's 95% interval."""

    version_id: int
    study: str
    n: int
    n_good: int
    low: float
    high: float
    is_simulated: bool


def eligible_participants(study: Study, *, is_simulated: bool) -> list[int]:
    """Return those whose answers are kept: finished, or stopped early where those are not replaced; no test runs."""
    states = [ParticipantState.FINISHED, *([] if study.replaces_lapsed else [ParticipantState.LAPSED])]
    return list(
        Participant.objects.filter(study=study, is_test=False, is_simulated=is_simulated, state__in=states)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def answer_rows(participants: Iterable[int]) -> list[AnswerRow]:
    """Return the answers of these participants as the analysis takes them, pairs named by their study pair."""
    answers = (
        Answer.objects.filter(card__participant__in=list(participants))
        .order_by("card__participant_id", "card__position")
        .values_list(
            "card__participant_id",
            "card__pair_id",
            "card__pair__role",
            "card__is_repeat",
            "value",
            "card__position",
            "focused_ms",
            "server_ms",
        )
    )
    return [
        _answer_row(
            person,
            pair,
            "repeat" if is_repeat else ROLES[role],
            value,
            position,
            in_steps(server if focused is None else focused),
        )
        for person, pair, role, is_repeat, value, position, focused, server in answers
    ]


def _answer_row(person: int, pair: int, role: Role, value: str, position: int, ms: int | None) -> AnswerRow:
    if value in {AnswerValue.GOOD, AnswerValue.BAD}:
        return AnswerRow(person, pair, role, "good" if value == AnswerValue.GOOD else "bad", position, ms)
    grade = int(value)
    return AnswerRow(person, pair, role, "good" if is_high(grade, role) else "bad", position, ms, grade)


def exclusion_outcomes(
    study: Study, participants: Collection[int], rows: list[AnswerRow]
) -> tuple[ExclusionOutcome, ...]:
    """Hold every declared rule against every participant."""
    return judge_participants(rows, cards_dealt=cards_dealt(participants), rules=declared_rules(study))


def cards_dealt(participants: Collection[int]) -> dict[int, int]:
    """Return how many cards each of these participants was dealt, of all roles and with repeats."""
    return dict.fromkeys(participants, 0) | dict(
        Card.objects.filter(participant__in=list(participants))
        .order_by()
        .values("participant")
        .annotate(n=Count("pk"))
        .values_list("participant", "n")
    )


def breaks_a_rule(person: Participant) -> bool:
    """Say whether a declared rule leaves this person out of the analysis."""
    outcome, *_ = exclusion_outcomes(person.study, [person.pk], answer_rows([person.pk]))
    return not outcome.is_included


def pair_shares(project: Project) -> list[PairShare]:
    """Return the share good of every answered target of the project's launched studies, real and simulated apart.

    Grades of paraphrases say nothing about image and caption and are not among them.

    Over the people of the study's primary figures: all whose answers are kept, without those whom a declared rule
    excludes where that was declared. Ordered by study and version.
    """
    shares: list[PairShare] = []
    studies = Study.objects.filter(project=project, kind=StudyKind.FIT, launched_at__isnull=False)
    for study in studies.order_by("pk"):
        for is_simulated in (False, True):
            shares += _shares_of(study, is_simulated=is_simulated)
    return shares


def _shares_of(study: Study, *, is_simulated: bool) -> list[PairShare]:
    people = eligible_participants(study, is_simulated=is_simulated)
    rows = answer_rows(people)
    left_out: set[int] = set()
    if study.primary_leaves_out_excluded:
        left_out = {
            outcome.participant
            for outcome in exclusion_outcomes(study, people, rows)
            if not outcome.is_included
        }
    good: dict[int, list[bool]] = defaultdict(list)
    for row in rows:
        if row.role == "target" and row.participant not in left_out:
            good[row.pair].append(row.is_good)
    versions = study.pairs.filter(pk__in=good).order_by("version_id").values_list("pk", "version_id")
    return [_share(study, version_id, good[pair], is_simulated=is_simulated) for pair, version_id in versions]


def _share(study: Study, version_id: int, answers: list[bool], *, is_simulated: bool) -> PairShare:
    interval = wilson(sum(answers), len(answers))
    return PairShare(
        version_id, study.slug, len(answers), sum(answers), interval.low, interval.high, is_simulated
    )
