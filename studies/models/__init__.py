"""The rows of studies, by noun."""

from studies.models.participants import Answer, Card, CardState, Participant, ParticipantState
from studies.models.results import StudyResult
from studies.models.studies import PairRole, Study, StudyDesign, StudyPair, StudyState, StudyText

__all__ = [
    "Answer",
    "Card",
    "CardState",
    "PairRole",
    "Participant",
    "ParticipantState",
    "Study",
    "StudyDesign",
    "StudyPair",
    "StudyResult",
    "StudyState",
    "StudyText",
]
