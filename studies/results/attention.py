"""Did people look? False alarms on distractors, d', positive controls, repeats, order and similarity.

Pure, from `AnswerRow`. See docs/algorithms/study-results.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from measures.detection import Correlation, Detection, d_prime, spearman
from measures.intervals import Interval
from measures.proportions import wilson
from studies.design.cards import Role
from studies.design.rows import AnswerRow, PairFacts
from studies.results.analysis import REPLICATES, SEED, Estimate, PairShare, pooled_share

# Positions in one stretch of the share by position.
POSITION_WIDTH = 10


@dataclass(frozen=True)
class CountedShare:
    """k of n with Wilson's interval; `share` is None where n = 0."""

    k: int
    n: int
    share: float | None
    interval: Interval


@dataclass(frozen=True)
class ParticipantAlarms:
    """One participant's distractors: how many were answered good."""

    participant: int
    false_alarms: CountedShare


@dataclass(frozen=True)
class AttentionFigures:
    """What distractors and positive controls say about the study as a whole.

    `false_alarms` pools the answers of all people; its Wilson interval treats them as independent, while
    `false_alarm_rate` has the interval from resampling participants (without width at a rate of 0). `hard`
    is d' of targets against distractors, `easy` of positive controls against distractors. Both lean on
    targets and controls being good.
    """

    false_alarms: CountedShare
    false_alarm_rate: Estimate
    by_participant: tuple[ParticipantAlarms, ...]
    controls_good: CountedShare
    hard: Detection
    easy: Detection


@dataclass(frozen=True)
class PositionShare:
    """Share good of the targets shown at positions first to last."""

    first: int
    last: int
    good: CountedShare


@dataclass(frozen=True)
class SimilarityFigures:
    """Share good against a model's similarity over pairs: rank correlation and the range it rests on.

    The pairs were chosen by low similarity: over such a cut range a correlation is smaller than over all
    pairs, and says nothing about those outside `lowest` to `highest`.
    """

    correlation: Correlation
    lowest: float | None
    highest: float | None


def counted_share(answers: Iterable[bool]) -> CountedShare:
    """How many are true, with Wilson's interval."""
    marks = list(answers)
    k, n = sum(marks), len(marks)
    return CountedShare(k, n, k / n if n else None, wilson(k, n))


def attention_figures(
    rows: Sequence[AnswerRow], *, seed: int = SEED, replicates: int = REPLICATES
) -> AttentionFigures:
    """False alarms pooled and by participant, positive controls, and d' of the study."""
    people = sorted({row.participant for row in rows if row.role == "distractor"})
    false_alarms = counted_share(_good(rows, "distractor"))
    targets, controls = counted_share(_good(rows, "target")), counted_share(_good(rows, "control"))
    return AttentionFigures(
        false_alarms=false_alarms,
        false_alarm_rate=pooled_share(rows, "distractor", seed=seed, replicates=replicates),
        by_participant=tuple(
            ParticipantAlarms(who, counted_share(_good(_of(rows, who), "distractor"))) for who in people
        ),
        controls_good=controls,
        hard=d_prime(targets.k, targets.n, false_alarms.k, false_alarms.n),
        easy=d_prime(controls.k, controls.n, false_alarms.k, false_alarms.n),
    )


def _good(rows: Iterable[AnswerRow], role: Role) -> list[bool]:
    return [row.is_good for row in rows if row.role == role]


def _of(rows: Iterable[AnswerRow], participant: int) -> list[AnswerRow]:
    return [row for row in rows if row.participant == participant]


def retest_agreement(rows: Sequence[AnswerRow]) -> CountedShare:
    """How often somebody's second answer to a repeated target was the same as the first."""
    first = {(row.participant, row.pair): row.said for row in rows if row.role == "target"}
    again = [row for row in rows if row.role == "repeat" and (row.participant, row.pair) in first]
    return counted_share(row.said == first[row.participant, row.pair] for row in again)


def share_by_position(rows: Sequence[AnswerRow], *, width: int = POSITION_WIDTH) -> tuple[PositionShare, ...]:
    """Share good of targets in stretches of `width` positions, from the first to the last position used."""
    if width < 1:
        raise ValueError("A stretch has at least one position.")
    targets = [row for row in rows if row.role == "target"]
    last = max((row.position for row in targets), default=0)
    return tuple(
        PositionShare(
            start,
            start + width - 1,
            counted_share(row.is_good for row in targets if start <= row.position < start + width),
        )
        for start in range(1, last + 1, width)
    )


def share_by_similarity(shares: Sequence[PairShare], facts: Sequence[PairFacts]) -> SimilarityFigures:
    """Spearman's correlation of share good with similarity over the answered pairs that have one."""
    known = {fact.pair: fact.similarity for fact in facts if fact.similarity is not None}
    used = [
        (pair.share, known[pair.pair]) for pair in shares if pair.share is not None and pair.pair in known
    ]
    values = [similarity for _, similarity in used]
    return SimilarityFigures(
        correlation=spearman([share for share, _ in used], values),
        lowest=min(values, default=None),
        highest=max(values, default=None),
    )
