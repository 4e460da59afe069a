"""A small typed client of polyannot's API, version 1."""

from polyannot_client.client import Polyannot
from polyannot_client.errors import ApiError, ChecksumWrong, JobFailed, JobSlow, PolyannotError
from polyannot_client.project import Project
from polyannot_client.rows import (
    Delivery,
    HistoryEvent,
    Job,
    JobKind,
    JobPart,
    JudgmentImport,
    Person,
    Question,
    Refused,
    Release,
    Row,
    Study,
    Webhook,
)

__all__ = [
    "ApiError",
    "ChecksumWrong",
    "Delivery",
    "HistoryEvent",
    "Job",
    "JobFailed",
    "JobKind",
    "JobPart",
    "JobSlow",
    "JudgmentImport",
    "Person",
    "Polyannot",
    "PolyannotError",
    "Project",
    "Question",
    "Refused",
    "Release",
    "Row",
    "Study",
    "Webhook",
]
