"""Telling the webhooks of a project that something happened: a row in the same transaction, sent after it holds."""

import json
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from projects.models import DeliveryState, Job, Project, Webhook, WebhookDelivery
from projects.models.jobs import JobQueue

log = logging.getLogger(__name__)

TASK = "projects.send_webhooks"
# Deliveries that ended so long ago are dropped from the list.
KEPT_FOR = timedelta(days=90)
# Addresses called again in one turn of the scheduler.
MOST_CALLED = 200


def tell(*, project: Project, kind: str, row: str, **facts: Any) -> None:
    """Write a delivery for each webhook of the project that wants this kind; call it inside the act's transaction.

    `row` is the address of the row in the API below the project (`jobs/ID/`); `facts` are ids, kinds and counts,
    never anything about a person.
    """
    wanting = Webhook.objects.filter(project=project, off_reason="", kinds__contains=[kind])
    write(_held(wanting), kind, project, {"path": f"/api/v1/projects/{project.slug}/{row}", **facts})


def _held(webhooks: QuerySet[Webhook]) -> list[Webhook]:
    """Return webhooks that nobody deletes before the transaction ends; they may be changed and sent meanwhile."""
    query, values = webhooks.query.sql_with_params()
    return list(Webhook.objects.raw(f"{query} FOR KEY SHARE", values))


def write(webhooks: Iterable[Webhook], kind: str, project: Project, facts: dict[str, Any]) -> None:
    """Write a delivery for each of these webhooks, and wake workers once the transaction holds."""
    body = json.dumps(
        {
            "type": kind,
            "timestamp": timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "data": {"project": project.slug, **facts},
        },
        ensure_ascii=False,
        separators=(",", ":"),
        default=str,
    )
    made = WebhookDelivery.objects.bulk_create(
        [WebhookDelivery(webhook=webhook, kind=kind, body=body) for webhook in webhooks]
    )
    if made:
        called = [delivery.webhook_id for delivery in made]
        transaction.on_commit(lambda: call(called))


def tell_job(job: Job, kind: str) -> None:
    """Tell how a job ended; `job` as it stands in the database now."""
    if job.project is None:
        return
    tell(
        project=job.project,
        kind=kind,
        row=f"jobs/{job.public_id}/",
        id=job.public_id,
        job_kind=job.kind,
        state=job.state,
        items_total=job.items_total,
        items_done=job.items_done,
        items_failed=job.items_failed,
    )


def call(webhooks: Iterable[int]) -> None:
    """Wake workers for these webhooks; losing the messages does no harm, the scheduler calls again."""
    signature = current_app.signature(TASK)
    try:
        for webhook in webhooks:
            signature.apply_async(kwargs={"webhook_id": webhook}, queue=JobQueue.DEFAULT, retry=False)
    except (BrokerError, RedisError, OSError) as error:
        log.warning("webhooks wait: the broker could not be told (%s)", error)


def call_due() -> int:
    """Wake workers for every webhook with something due that nobody talks to; drop old deliveries; return how many."""
    WebhookDelivery.objects.filter(ended_at__lt=Now() - KEPT_FOR).delete()
    due = WebhookDelivery.objects.filter(
        webhook=OuterRef("pk"), state=DeliveryState.WAITING, due_at__lte=Now()
    )
    free = Q(claimed_until=None) | Q(claimed_until__lte=Now())
    webhooks = Webhook.objects.filter(free, Exists(due), off_reason="").order_by("pk")
    called = list(webhooks.values_list("pk", flat=True)[:MOST_CALLED])
    call(called)
    return len(called)
