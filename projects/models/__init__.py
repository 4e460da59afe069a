"""The rows that everything hangs on."""

from projects.models.events import Event
from projects.models.files import StoredFile
from projects.models.jobs import Job, JobChunk, JobFailure, WorkerHeartbeat
from projects.models.projects import Membership, Project, Role
from projects.models.tokens import ApiToken, KeptAnswer, Scope

__all__ = [
    "ApiToken",
    "Event",
    "Job",
    "JobChunk",
    "JobFailure",
    "KeptAnswer",
    "Membership",
    "Project",
    "Role",
    "Scope",
    "StoredFile",
    "WorkerHeartbeat",
]
