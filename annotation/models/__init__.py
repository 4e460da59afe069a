"""The rows of annotation, by noun."""

from annotation.models.captions import Caption, CaptionVersion, DropReason, EditKind, VersionState
from annotation.models.estimates import LabelEstimate, LabelEstimateRun
from annotation.models.exchange import ImportedRater, JudgmentFormat, JudgmentImport
from annotation.models.fixes import CaptionFix, FixItem, FixOutcome, FixReason, FixState, SavedFilter
from annotation.models.images import Image, ImageDerivative, ImageState
from annotation.models.known_answers import (
    GuidelineReading,
    KnownAnswer,
    KnownSource,
    KnownUse,
    OnboardingAnswer,
    OnboardingPlan,
    OnboardingRun,
    OnboardingState,
)
from annotation.models.machine import (
    CaptionChoice,
    Difficulty,
    DifficultyLevel,
    DifficultyRun,
    DifficultyVote,
    Embedding,
    Encoder,
    ImageChoice,
    Similarity,
    Threshold,
)
from annotation.models.questions import Precedent, Question, QuestionState
from annotation.models.reports import AgreementReport
from annotation.models.reviews import Adjudication, PairReport, ReviewItem, ReviewRound
from annotation.models.schemas import (
    Guideline,
    Label,
    LabelColor,
    LabelMeaning,
    LabelSchema,
    MeasurementLevel,
)
from annotation.models.swaps import ImageSwap
from annotation.models.work import Assignment, AssignmentState, Batch, BatchPurpose, Judgment

__all__ = [
    "Adjudication",
    "AgreementReport",
    "Assignment",
    "AssignmentState",
    "Batch",
    "BatchPurpose",
    "Caption",
    "CaptionChoice",
    "CaptionFix",
    "CaptionVersion",
    "Difficulty",
    "DifficultyLevel",
    "DifficultyRun",
    "DifficultyVote",
    "DropReason",
    "EditKind",
    "Embedding",
    "Encoder",
    "FixItem",
    "FixOutcome",
    "FixReason",
    "FixState",
    "Guideline",
    "GuidelineReading",
    "Image",
    "ImageChoice",
    "ImageDerivative",
    "ImageState",
    "ImageSwap",
    "ImportedRater",
    "Judgment",
    "JudgmentFormat",
    "JudgmentImport",
    "KnownAnswer",
    "KnownSource",
    "KnownUse",
    "Label",
    "LabelColor",
    "LabelEstimate",
    "LabelEstimateRun",
    "LabelMeaning",
    "LabelSchema",
    "MeasurementLevel",
    "OnboardingAnswer",
    "OnboardingPlan",
    "OnboardingRun",
    "OnboardingState",
    "PairReport",
    "Precedent",
    "Question",
    "QuestionState",
    "ReviewItem",
    "ReviewRound",
    "SavedFilter",
    "Similarity",
    "Threshold",
    "VersionState",
]
