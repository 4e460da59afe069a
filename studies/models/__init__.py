"""The rows of studies, by noun."""

from studies.models.approvals import StudyApproval, StudyPolicy
from studies.models.participants import (
    Answer,
    AnswerValue,
    Card,
    CardState,
    Participant,
    ParticipantState,
)
from studies.models.platforms import InviteLink, PlatformIdentity
from studies.models.results import FigureName, StudyFigure, StudyResult
from studies.models.said import AgeBand, Background, LanguageLevel, PairReport, ReportReason
from studies.models.sets import PairSet
from studies.models.studies import (
    Deviation,
    PairRole,
    Preregistration,
    Recruiting,
    Study,
    StudyDesign,
    StudyKind,
    StudyPair,
    StudyState,
    StudyText,
    TextKind,
)

__all__ = [
    "AgeBand",
    "Answer",
    "AnswerValue",
    "Background",
    "Card",
    "CardState",
    "Deviation",
    "FigureName",
    "InviteLink",
    "LanguageLevel",
    "PairReport",
    "PairRole",
    "PairSet",
    "Participant",
    "ParticipantState",
    "PlatformIdentity",
    "Preregistration",
    "Recruiting",
    "ReportReason",
    "Study",
    "StudyApproval",
    "StudyDesign",
    "StudyFigure",
    "StudyKind",
    "StudyPair",
    "StudyPolicy",
    "StudyResult",
    "StudyState",
    "StudyText",
    "TextKind",
]
