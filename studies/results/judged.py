"""The answers that an analysis rests on, taken from the rows in one go: who gave them, who is left out, which pairs."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from studies.design.exclusion import ExclusionOutcome, judge_participants
from studies.design.rows import AnswerRow
from studies.drafting.plans import declared_rules
from studies.models import PairRole, Participant, ParticipantState, Study, StudyPair
from studies.results.answers import answer_rows, cards_dealt, eligible_participants


@dataclass(frozen=True)
class TakenAnswers:
    """One look at a study: everybody whose answers are kept (ascending), their answers, and the pairs by role.

    `number_of` gives the number that readers know a pair by, within its role. `sha256` is that of all answers in
    order, so that two looks can be compared.
    """

    is_simulated: bool
    people: tuple[int, ...]
    finished: frozenset[int]
    dealt: dict[int, int]
    rows: list[AnswerRow]
    outcomes: tuple[ExclusionOutcome, ...]
    pairs: tuple[StudyPair, ...]

    @property
    def targets(self) -> list[StudyPair]:
        """The measured pairs, hardest first."""
        return [pair for pair in self.pairs if pair.role == PairRole.TARGET]

    @cached_property
    def number_of(self) -> dict[int, int]:
        """The number of each pair within its role."""
        return {pair.pk: pair.position for pair in self.pairs}

    @cached_property
    def person_number(self) -> dict[int, int]:
        """The running number of each person, from 1."""
        return {person: number for number, person in enumerate(self.people, start=1)}

    @property
    def included(self) -> set[int]:
        """Those whom no declared rule leaves out."""
        return {outcome.participant for outcome in self.outcomes if outcome.is_included}

    @property
    def sha256(self) -> str:
        """The hash of all answers by running number of the person and number of the pair."""
        digest = hashlib.sha256()
        for person, number in self.person_number.items():
            digest.update(f"{number},{self.dealt[person]},{person in self.finished}\n".encode())
        for row in self.rows:
            who, pair = self.person_number[row.participant], self.number_of[row.pair]
            digest.update(f"{who},{row.role},{pair},{row.said},{row.position},{row.ms}\n".encode())
        return digest.hexdigest()


def read_answers(study: Study) -> TakenAnswers:
    """Take the answers as they are now; those of simulated participants only where nobody real came."""
    is_simulated = not study.participants.filter(is_simulated=False, is_test=False).exists()
    people = eligible_participants(study, is_simulated=is_simulated)
    rows = answer_rows(people)
    dealt = cards_dealt(people)
    finished = Participant.objects.filter(pk__in=people, state=ParticipantState.FINISHED)
    return TakenAnswers(
        is_simulated=is_simulated,
        people=tuple(people),
        finished=frozenset(finished.values_list("pk", flat=True)),
        dealt=dealt,
        rows=rows,
        outcomes=judge_participants(rows, cards_dealt=dealt, rules=declared_rules(study)),
        pairs=tuple(
            study.pairs.select_related("image", "version__caption", "original__caption").order_by(
                "role", "position"
            )
        ),
    )
