"""What the answers of a study come to: rows for the analysis, shares for releases."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from measures.proportions import wilson
from projects.models import Project
from studies.design import Role
from studies.exclusion import ExclusionOutcome, ExclusionRule, judge_participants
from studies.models import Answer, Card, PairRole, Participant, ParticipantState, Study
from studies.rows import AnswerRow

ROLES: dict[str, Role] = {
    PairRole.TARGET: "target",
    PairRole.DISTRACTOR: "distractor",
    PairRole.CONTROL: "control",
}


@dataclass(frozen=True, slots=True)
class PairShare:
    """How many people called a released version good in one study; `low` and `high` are Wilson's 95% interval."""

    version_id: int
    study: str
    n: int
    n_good: int
    low: float
    high: float
    is_simulated: bool


def declared_rules(study: Study) -> tuple[ExclusionRule, ...]:
    """Return the exclusion rules that the study declared before launch."""
    rules: list[ExclusionRule] = []
    if study.max_distractors_good is not None:
        rules.append(ExclusionRule("distractors", study.max_distractors_good))
    if study.min_seconds_median is not None:
        rules.append(ExclusionRule("speed", study.min_seconds_median * 1000))
    return tuple(rules)


def eligible_participants(study: Study, *, is_simulated: bool) -> list[int]:
    """Return those whose answers are kept: through to the end or stopped early, no test runs, nobody withdrawn."""
    return list(
        Participant.objects.filter(
            study=study,
            is_test=False,
            is_simulated=is_simulated,
            state__in=[ParticipantState.FINISHED, ParticipantState.LAPSED],
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def answer_rows(participants: Iterable[int]) -> list[AnswerRow]:
    """Return the answers of these participants as the analysis takes them, pairs named by their study pair."""
    answers = (
        Answer.objects.filter(card__participant__in=list(participants))
        .select_related("card__pair")
        .order_by("card__participant_id", "card__position")
    )
    return [
        AnswerRow(
            participant=answer.card.participant_id,
            pair=answer.card.pair_id,
            role=ROLES[answer.card.pair.role],
            answer="good" if answer.value == "good" else "bad",
            position=answer.card.position,
            ms=answer.focused_ms if answer.focused_ms is not None else answer.server_ms,
        )
        for answer in answers
    ]


def exclusion_outcomes(
    study: Study, participants: Iterable[int], rows: list[AnswerRow]
) -> tuple[ExclusionOutcome, ...]:
    """Hold every declared rule against every participant."""
    dealt = dict.fromkeys(participants, 0) | dict(
        Card.objects.filter(participant__in=list(participants))
        .values_list("participant")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return judge_participants(rows, cards_dealt=dealt, rules=declared_rules(study))


def pair_shares(project: Project) -> list[PairShare]:
    """Return the share good of every answered target of the project's launched studies, real and simulated apart.

    Over participants whose answers are kept and whom no declared rule excludes; ordered by study and version.
    """
    shares: list[PairShare] = []
    for study in Study.objects.filter(project=project, launched_at__isnull=False).order_by("pk"):
        for is_simulated in (False, True):
            shares += _shares_of(study, is_simulated=is_simulated)
    return shares


def _shares_of(study: Study, *, is_simulated: bool) -> list[PairShare]:
    people = eligible_participants(study, is_simulated=is_simulated)
    rows = answer_rows(people)
    kept = {outcome.participant for outcome in exclusion_outcomes(study, people, rows) if outcome.is_included}
    good: dict[int, list[bool]] = defaultdict(list)
    for row in rows:
        if row.role == "target" and row.participant in kept:
            good[row.pair].append(row.is_good)
    versions = dict(study.pairs.filter(pk__in=good).order_by("version_id").values_list("pk", "version_id"))
    shares = []
    for pair, version_id in versions.items():
        n, n_good = len(good[pair]), sum(good[pair])
        interval = wilson(n_good, n)
        shares.append(PairShare(version_id, study.slug, n, n_good, interval.low, interval.high, is_simulated))
    return shares
