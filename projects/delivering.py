"""Sending what the webhooks of the outbox wait for: signed, tried again with growing waits, at last given up.

One worker at a time talks to an address, under a lease. What is sent is noted after it was sent: a worker that is
killed in between leaves the delivery waiting, and the receiver gets it again under the same `webhook-id`.
See docs/algorithms/webhooks.md.
"""

import logging
import random
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from polyannot.kernel.fetching import REDIRECTS, FetchRefused, post
from polyannot.kernel.sealing import unseal
from projects import signing
from projects.history import append_event
from projects.models import DeliveryState, OffReason, Webhook, WebhookDelivery

log = logging.getLogger(__name__)

# An address answers within this, or the try has failed.
ANSWER_SECONDS = 10.0
# The waits between tries: each so many times as long as the one before, give or take a share of itself.
FIRST_WAIT = timedelta(seconds=10)
GROWTH = 4
JITTER = 0.2
MOST_TRIES = 8
# An address is switched off when so many deliveries in a row were given up.
GIVEN_UP_IN_A_ROW = 3
# How long one worker may talk to an address without a sign, and how long before others have a turn.
LEASE = timedelta(seconds=60)
SHIFT_SECONDS = 60.0
GONE = 410


def wait_after(tries: int, message_id: str) -> timedelta:
    """Return how long to wait after so many tries, at least one; the jitter is fixed by message and try."""
    jitter = random.Random(f"{message_id}:{tries}").uniform(1 - JITTER, 1 + JITTER)
    return float(GROWTH ** (tries - 1)) * jitter * FIRST_WAIT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try: the status that was answered, or the reason for there being none."""

    status: int | None
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Say whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def send_due(webhook_id: int) -> int:
    """Send what is due of a webhook, one after the other; return how many tries were made.

    Ends where another worker talks to the address, after a try that failed, and when the shift is over.
    """
    token, tried, ends_at = uuid.uuid4(), 0, time.monotonic() + SHIFT_SECONDS
    if not _claimed(webhook_id, token):
        return 0
    try:
        while (delivery := _next(webhook_id)) is not None:
            outcome = _sent(delivery)
            _note(delivery, outcome)
            tried += 1
            if not outcome.is_delivered or time.monotonic() >= ends_at or not _renewed(webhook_id, token):
                break
    finally:
        Webhook.objects.filter(pk=webhook_id, claim_token=token).update(claim_token=None, claimed_until=None)
    return tried


def _claimed(webhook_id: int, token: uuid.UUID) -> bool:
    free = Q(claimed_until=None) | Q(claimed_until__lte=Now())
    mine = Webhook.objects.filter(free, pk=webhook_id, off_reason="")
    return mine.update(claim_token=token, claimed_until=Now() + LEASE) == 1


def _renewed(webhook_id: int, token: uuid.UUID) -> bool:
    mine = Webhook.objects.filter(pk=webhook_id, claim_token=token, off_reason="")
    return mine.update(claimed_until=Now() + LEASE) == 1


def _next(webhook_id: int) -> WebhookDelivery | None:
    due = WebhookDelivery.objects.filter(webhook=webhook_id, state=DeliveryState.WAITING, due_at__lte=Now())
    return due.select_related("webhook__project").order_by("due_at", "pk").first()


def _sent(delivery: WebhookDelivery) -> Outcome:
    secret = unseal(delivery.webhook.secret_sealed)
    if secret is None:
        return Outcome(None, _("No key of the settings opens the secret; make a new one."))
    body = delivery.body.encode()
    headers = signing.headers(
        secret=secret, message_id=delivery.message_id, timestamp=int(time.time()), body=body
    )
    try:
        status = post(delivery.webhook.url, body, headers, seconds=ANSWER_SECONDS)
    except FetchRefused as error:
        return Outcome(None, str(error.message))
    if status in REDIRECTS:
        return Outcome(status, _("It leads on to another address, which is not followed."))
    return Outcome(status)


def _note(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Write what came of a try; a delivery that was tried MOST_TRIES times is given up."""
    now = timezone.now()
    tries = delivery.tries + 1
    noted = {"tries": tries, "tried_at": now, "answer_status": outcome.status, "error": outcome.error}
    row = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING)
    with transaction.atomic():
        if outcome.is_delivered:
            row.update(**noted, state=DeliveryState.DELIVERED, ended_at=now)
        elif outcome.status == GONE or tries >= MOST_TRIES:
            row.update(**noted, state=DeliveryState.FAILED, ended_at=now)
            _switch_off_if_hopeless(delivery.webhook, outcome, now)
        else:
            row.update(**noted, due_at=now + wait_after(tries, delivery.message_id))


def _switch_off_if_hopeless(webhook: Webhook, outcome: Outcome, now: datetime) -> None:
    if outcome.status == GONE:
        _switch_off(webhook, OffReason.GONE, now)
        return
    ended = webhook.deliveries.filter(ended_at__gte=F("webhook__on_since")).order_by("-ended_at", "-pk")
    last = list(ended.values_list("state", flat=True)[:GIVEN_UP_IN_A_ROW])
    if last == [DeliveryState.FAILED] * GIVEN_UP_IN_A_ROW:
        _switch_off(webhook, OffReason.FAILING, now)


def _switch_off(webhook: Webhook, reason: str, now: datetime) -> None:
    """Switch a webhook off without anybody having asked for it."""
    if Webhook.objects.filter(pk=webhook.pk, off_reason="").update(off_reason=reason, off_at=now):
        append_event(actor=None, act="webhook_switched_off", row=webhook, fields=["off_reason"])
        log.warning("webhook %s was switched off: %s", webhook.public_id, reason)
