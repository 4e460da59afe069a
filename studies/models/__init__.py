"""The rows of studies, by noun."""

from studies.models.participants import (
    Answer,
    AnswerValue,
    Card,
    CardState,
    Participant,
    ParticipantState,
)
from studies.models.results import FigureName, StudyFigure, StudyResult
from studies.models.studies import (
    Deviation,
    PairRole,
    Preregistration,
    Study,
    StudyDesign,
    StudyPair,
    StudyState,
    StudyText,
    TextKind,
)

__all__ = [
    "Answer",
    "AnswerValue",
    "Card",
    "CardState",
    "Deviation",
    "FigureName",
    "PairRole",
    "Participant",
    "ParticipantState",
    "Preregistration",
    "Study",
    "StudyDesign",
    "StudyFigure",
    "StudyPair",
    "StudyResult",
    "StudyState",
    "StudyText",
    "TextKind",
]
