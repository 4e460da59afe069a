"""Sending webhooks to real servers on this machine: signed, tried again, given up, switched off, sent at least once."""

import base64
import hashlib
import hmac
import ipaddress
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from polyannot.kernel import programs
from projects import delivering
from projects.delivering import (
    FIRST_WAIT,
    GIVEN_UP_IN_A_ROW,
    GROWTH,
    JITTER,
    MOST_TRIES,
    send_due,
    wait_after,
)
from projects.models import Event, Project, Role, Webhook, WebhookDelivery
from projects.queue import enqueue
from projects.signing import new_secret, signature
from projects.telling import call_due
from projects.webhooks import make_webhook, renew_secret, send_again, send_test, switch_on
from tests import factories as make
from tests.faults.killing import ended, forget, wait_until
from tests.listener import Listener, Received, listening
from tests.live import LiveProgram

LOOPBACK = ipaddress.ip_network("127.0.0.1/32")
in_one_transaction = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    settings.FETCH_ALLOWED_NETWORKS = [LOOPBACK]
    with listening() as heard:
        yield heard


@pytest.fixture
def project() -> Project:
    return make.make_project()


def hooked(project: Project, url: str, *kinds: str) -> tuple[Webhook, str]:
    admin = make.add_member(project, Role.ADMIN)
    return make_webhook(project=project, name="Lab", url=url, kinds=kinds or ["job.done"], actor=admin)


def tried(webhook: Webhook) -> WebhookDelivery:
    """Send a test, unless one waits, and return it after one try."""
    if not webhook.deliveries.filter(state="waiting").exists():
        send_test(webhook=webhook, actor=make.make_user())
    webhook.deliveries.filter(state="waiting").update(due_at=timezone.now() - timedelta(seconds=1))
    assert send_due(webhook.pk) == 1
    return webhook.deliveries.latest("pk")


def is_signed(request: Received, secret: str) -> bool:
    """Check a signature with nothing but what the specification says."""
    key = base64.b64decode(secret.partition("_")[2])
    told = b".".join([request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode()])
    digest = hmac.digest(key, told + b"." + request.body, hashlib.sha256)
    return request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_a_signature_is_that_of_the_published_example() -> None:
    """Secret, message and signature as the reference libraries of Standard Webhooks have them in their tests."""
    assert (
        signature(
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


def test_waits_grow_and_scatter_and_are_the_same_for_the_same_message() -> None:
    for tries in range(1, MOST_TRIES):
        wanted = FIRST_WAIT * GROWTH ** (tries - 1)
        waits = [wait_after(tries, f"msg_{n}") for n in range(200)]
        assert all(wanted * (1 - JITTER) <= wait <= wanted * (1 + JITTER) for wait in waits)
        assert len(set(waits)) > 190
        assert wait_after(tries, "msg_7") == waits[7]
    assert (timedelta(seconds=10), 4, 8) == (FIRST_WAIT, GROWTH, MOST_TRIES), "docs/algorithms/webhooks.md"


@in_one_transaction
def test_a_message_is_signed_and_taken_by_a_server(project: Project, listener: Listener) -> None:
    webhook, secret = hooked(project, f"{listener.url}/hook?from=lab")
    delivery = tried(webhook)
    assert (delivery.state, delivery.tries, delivery.answer_status) == ("delivered", 1, 200)
    (request,) = listener.received
    assert request.path == "/hook?from=lab"
    assert request.body == delivery.body.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == delivery.message_id
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert is_signed(request, secret)
    assert not is_signed(request, new_secret())
    renewed = renew_secret(webhook=webhook, actor=make.make_user())
    send_again(delivery=delivery, actor=make.make_user())
    assert tried(webhook).state == "delivered"
    assert is_signed(listener.received[1], renewed)
    assert listener.received[1].headers["webhook-id"] == request.headers["webhook-id"]


@in_one_transaction
def test_an_error_of_the_server_is_tried_again_after_the_wait(project: Project, listener: Listener) -> None:
    listener.statuses = [500, 200]
    webhook, _secret = hooked(project, listener.url)
    failed = tried(webhook)
    assert (failed.state, failed.tries, failed.answer_status) == ("waiting", 1, 500)
    assert failed.tried_at is not None
    assert failed.due_at == failed.tried_at + wait_after(1, failed.message_id)
    assert send_due(webhook.pk) == 0, "nothing is due yet"
    assert call_due() == 0
    taken = tried(webhook)
    assert (taken.pk, taken.state, taken.tries, taken.answer_status) == (failed.pk, "delivered", 2, 200)
    assert len({request.headers["webhook-id"] for request in listener.received}) == 1


@in_one_transaction
def test_a_redirect_is_not_followed(project: Project, listener: Listener) -> None:
    listener.statuses = [307, 301]
    webhook, _secret = hooked(project, f"{listener.url}/hook")
    assert (tried(webhook).answer_status, tried(webhook).state) == (307, "waiting")
    assert [request.path for request in listener.received] == ["/hook", "/hook"]


@in_one_transaction
def test_a_server_that_does_not_answer_in_time_fails(
    project: Project, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "ANSWER_SECONDS", 0.3)
    listener.waits_seconds = 1.0
    webhook, _secret = hooked(project, listener.url)
    delivery = tried(webhook)
    assert (delivery.state, delivery.answer_status) == ("waiting", None)
    assert "in time" in delivery.error


@in_one_transaction
def test_a_private_address_is_refused_also_behind_a_name_and_nothing_is_sent(
    project: Project, listener: Listener, settings: Any
) -> None:
    settings.FETCH_ALLOWED_NETWORKS = []
    webhook, _secret = hooked(project, listener.url.replace("127.0.0.1", "localhost"))
    delivery = tried(webhook)
    assert (delivery.state, delivery.answer_status) == ("waiting", None)
    assert "private network" in delivery.error
    assert listener.received == []


@in_one_transaction
def test_a_secret_that_no_key_opens_is_said_and_nothing_is_sent(project: Project, listener: Listener) -> None:
    webhook, _secret = hooked(project, listener.url)
    Webhook.objects.filter(pk=webhook.pk).update(secret_sealed="sealed with a key that is gone")
    assert "make a new one" in tried(webhook).error
    assert listener.received == []


@in_one_transaction
def test_what_nobody_takes_is_given_up_and_an_address_that_fails_for_long_is_switched_off(
    project: Project, listener: Listener
) -> None:
    listener.statuses = [503]
    webhook, _secret = hooked(project, listener.url)
    for given_up in range(GIVEN_UP_IN_A_ROW):
        for tries in range(1, MOST_TRIES + 1):
            delivery = tried(webhook)
            assert delivery.tries == tries
        assert delivery.state == "failed"
        webhook.refresh_from_db()
        assert webhook.is_on == (given_up < GIVEN_UP_IN_A_ROW - 1)
    assert (webhook.off_reason, webhook.is_off_by_itself) == ("failing", True)
    assert send_due(webhook.pk) == 0
    event = Event.objects.get(act="webhook_switched_off")
    assert (event.actor, event.row_id, event.project_id) == (None, webhook.pk, project.pk)
    switch_on(webhook=webhook, actor=make.make_user())
    listener.statuses = [410]
    assert tried(webhook).state == "failed"
    webhook.refresh_from_db()
    assert webhook.off_reason == "gone", "410 switches off at once, and failures from before do not count"


@in_one_transaction
def test_after_a_try_that_failed_the_rest_waits_for_the_next_turn(
    project: Project, listener: Listener
) -> None:
    listener.statuses = [500, 200]
    webhook, _secret = hooked(project, listener.url)
    for _time in range(3):
        send_test(webhook=webhook, actor=make.make_user())
    assert (send_due(webhook.pk), send_due(webhook.pk), send_due(webhook.pk)) == (1, 2, 0)


@in_one_transaction
def test_one_worker_at_a_time_talks_to_an_address(project: Project, listener: Listener) -> None:
    webhook, _secret = hooked(project, listener.url)
    send_test(webhook=webhook, actor=make.make_user())
    Webhook.objects.filter(pk=webhook.pk).update(claimed_until=timezone.now() + timedelta(seconds=30))
    assert (send_due(webhook.pk), call_due()) == (0, 0)
    Webhook.objects.filter(pk=webhook.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert (call_due(), send_due(webhook.pk)) == (1, 1)


@in_one_transaction
def test_what_ended_long_ago_is_dropped_and_what_waits_is_kept(project: Project, listener: Listener) -> None:
    webhook, _secret = hooked(project, listener.url)
    old = tried(webhook)
    send_test(webhook=webhook, actor=make.make_user())
    WebhookDelivery.objects.filter(pk=old.pk).update(ended_at=timezone.now() - timedelta(days=91))
    call_due()
    assert [row.state for row in webhook.deliveries.all()] == ["waiting"]


@pytest.fixture
def worker(live_worker_named: Callable[..., LiveProgram]) -> Iterator[LiveProgram]:
    """A default worker that may visit this machine."""
    program = programs.worker("hooks", programs.DEFAULT_QUEUES, 1, {"FETCH_ALLOWED_NETWORKS": str(LOOPBACK)})
    made = live_worker_named(program, set(programs.DEFAULT_QUEUES))
    made.start()
    yield made
    made.kill()


@pytest.mark.faults
@committed
def test_a_real_worker_tells_of_a_job_and_one_that_is_killed_in_between_tells_again(
    listener: Listener, worker: LiveProgram
) -> None:
    project = make.make_project()
    webhook, secret = hooked(project, listener.url, "job.done")
    head = make.add_member(project, Role.HEAD)
    job = ended(enqueue(kind="agreement", project=project, parameters={}, asked_by=head))
    wait_until(lambda: webhook.deliveries.filter(state="delivered").exists(), "nothing was delivered")
    (request,) = listener.received
    assert json.loads(request.body)["data"]["id"] == str(job.public_id)
    assert is_signed(request, secret)

    listener.waits_seconds = 5.0
    delivery = send_test(webhook=webhook, actor=head)
    wait_until(lambda: len(listener.received) == 2, "the test was not sent")
    worker.kill()
    forget(worker.program.name)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("waiting", 0), "sent, and not noted"
    listener.waits_seconds = 0.0
    # As if the lease of the killed worker had run out.
    Webhook.objects.filter(pk=webhook.pk).update(claimed_until=timezone.now())
    worker.start()
    wait_until(lambda: webhook.deliveries.filter(state="delivered").count() == 2, "it was not sent again")
    assert len({request.headers["webhook-id"] for request in listener.received[1:]}) == 1
    assert len(listener.received) == 3
