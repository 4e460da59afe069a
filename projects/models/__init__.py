"""The rows that everything hangs on."""

from projects.models.events import Event
from projects.models.files import StoredFile
from projects.models.jobs import Job, JobChunk, JobFailure, WorkerHeartbeat
from projects.models.projects import Membership, Project, Role
from projects.models.tokens import ApiToken, KeptAnswer, Scope
from projects.models.webhooks import DeliveryState, HookKind, OffReason, Webhook, WebhookDelivery

__all__ = [
    "ApiToken",
    "DeliveryState",
    "Event",
    "HookKind",
    "Job",
    "JobChunk",
    "JobFailure",
    "KeptAnswer",
    "Membership",
    "OffReason",
    "Project",
    "Role",
    "Scope",
    "StoredFile",
    "Webhook",
    "WebhookDelivery",
    "WorkerHeartbeat",
]
