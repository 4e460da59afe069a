"""All figures of a study in one object: for the results page, the export and the report's own script.

The primary figures are over `analysed` people as pre-registered; the same over everybody stand beside them.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from studies.design.dealing import StateName
from studies.design.rows import AnswerRow, PairFacts
from studies.design.sets import ALL_PAIRS, SubsetMinima, standing_sets, subset_minima
from studies.results.analysis import (
    REPLICATES,
    SEED,
    Difference,
    PairShare,
    SetFigures,
    pair_shares,
    share_difference,
    table_rows,
)
from studies.results.attention import (
    AttentionFigures,
    CountedShare,
    PositionShare,
    SimilarityFigures,
    attention_figures,
    retest_agreement,
    share_by_position,
    share_by_similarity,
)
from studies.results.grade_figures import GradeFigures, grade_figures
from studies.results.raters import RaterAgreement, rater_agreement


@dataclass(frozen=True)
class StudyFigures:
    """Every figure over one group of people."""

    participants: int
    shares: tuple[PairShare, ...]
    table: tuple[SetFigures, ...]
    subsets: SubsetMinima | None
    differences: tuple[Difference, ...]
    agreement: RaterAgreement
    attention: AttentionFigures
    retest: CountedShare
    positions: tuple[PositionShare, ...]
    similarity: SimilarityFigures
    grading: GradeFigures | None

    def to_json(self) -> dict[str, object]:
        """The figures as plain JSON values; intervals with their method, level and seed."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class ParticipantFlow:
    """People from opening the link to the analysis; each is counted in one of the ends.

    arrived = declined + undecided + consented; consented = active + finished + lapsed + withdrawn. `excluded`
    and `analysed` share those whose answers are kept. Give no test runs.
    """

    arrived: int
    undecided: int
    declined: int
    consented: int
    active: int
    finished: int
    lapsed: int
    withdrawn: int
    excluded: int
    analysed: int


@dataclass(frozen=True)
class FlowPerson:
    """What the flow diagram needs of one person."""

    participant: int
    state: StateName
    has_consented: bool
    has_answers: bool


def study_figures(
    rows: Sequence[AnswerRow],
    facts: Sequence[PairFacts],
    *,
    sets: Mapping[str, Sequence[int]] | None = None,
    analysed: Collection[int] | None = None,
    graders: int | None = None,
    seed: int = SEED,
    replicates: int = REPLICATES,
) -> StudyFigures:
    """All figures over the `analysed` participants (everybody where it is None).

    The table holds all pairs, each difficulty where there is more than one, then the `sets` asked for. With `graders`
    (people that a paraphrase needs) the answers are grades: a "good" is then a high one.
    """
    used = [row for row in rows if analysed is None or row.participant in analysed]
    pairs = [fact.pair for fact in facts]
    standing = standing_sets(facts)
    by_difficulty = [(name, each) for name, each in standing.items() if name != ALL_PAIRS]
    chosen: dict[str, Sequence[int]] = {**standing, **(sets or {})}
    shares = pair_shares(used, pairs)
    table = table_rows(used, chosen, seed=seed, replicates=replicates)
    return StudyFigures(
        participants=len({row.participant for row in used}),
        shares=shares,
        table=table,
        subsets=subset_minima(table, sets or {}),
        differences=tuple(
            share_difference(used, easier, harder, seed=seed, replicates=replicates)
            for easier, harder in combinations(reversed(by_difficulty), 2)
        ),
        agreement=rater_agreement(used, pairs, seed=seed, replicates=replicates),
        attention=attention_figures(used, seed=seed, replicates=replicates),
        retest=retest_agreement(used),
        positions=share_by_position(used),
        similarity=share_by_similarity(shares, facts),
        grading=grade_figures(used, pairs, graders=graders, seed=seed, replicates=replicates)
        if graders is not None
        else None,
    )


def participant_flow(people: Iterable[FlowPerson], *, excluded: Collection[int] = ()) -> ParticipantFlow:
    """How many people reached which stage; `excluded` are those whom a declared rule leaves out."""
    everybody = list(people)

    consented = [person for person in everybody if person.has_consented]
    states = Counter(person.state for person in consented)
    declined = sum(person.state == "declined" for person in everybody if not person.has_consented)
    with_answers = [person for person in everybody if person.has_answers and person.state != "withdrawn"]
    left_out = sum(person.participant in excluded for person in with_answers)
    return ParticipantFlow(
        arrived=len(everybody),
        undecided=len(everybody) - len(consented) - declined,
        declined=declined,
        consented=len(consented),
        active=states["active"] + states["arrived"],
        finished=states["finished"],
        lapsed=states["lapsed"],
        withdrawn=states["withdrawn"],
        excluded=left_out,
        analysed=len(with_answers) - left_out,
    )


def _plain(value: object) -> object:
    """JSON values only: tuples become lists, numbers that are not finite become None."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
