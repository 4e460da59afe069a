"""A small typed client of polyannot's API, version 1."""

from polyannot_client.client import Polyannot
from polyannot_client.errors import ApiError, ChecksumWrong, JobFailed, JobSlow, PolyannotError
from polyannot_client.project import Job, Project, Release

__all__ = [
    "ApiError",
    "ChecksumWrong",
    "Job",
    "JobFailed",
    "JobSlow",
    "Polyannot",
    "PolyannotError",
    "Project",
    "Release",
]
