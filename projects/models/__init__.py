"""The rows that everything hangs on."""

from projects.models.events import Event
from projects.models.files import StoredFile
from projects.models.jobs import Job, JobChunk, JobFailure, WorkerHeartbeat
from projects.models.projects import Membership, Project, Role

__all__ = [
    "Event",
    "Job",
    "JobChunk",
    "JobFailure",
    "Membership",
    "Project",
    "Role",
    "StoredFile",
    "WorkerHeartbeat",
]
