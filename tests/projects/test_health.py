"""What /healthz says when a part is gone, and that a busy worker is not gone."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from polyannot.kernel.broker import client_url
from projects.heartbeats import GONE_AFTER, record_heartbeat
from projects.models import WorkerHeartbeat
from tests.live import LiveProgram

transactional = pytest.mark.django_db(transaction=True)


def parts_of(client: Client) -> tuple[int, dict[str, str]]:
    """Ask /healthz."""
    answer = client.get("/healthz")
    return answer.status_code, answer.json()


def beat_for(*queues: str) -> None:
    """Write a sign of life of a worker that serves these queues."""
    record_heartbeat(name="somebody@here", queues=queues, started_at=timezone.now())


@transactional
def test_all_is_well_when_every_expected_queue_is_served(client: Client, settings: Settings) -> None:
    settings.HEALTH_EXPECTS = ["cpu", "gpu"]
    beat_for("cpu", "gpu", "interactive")
    status, parts = parts_of(client)
    assert status == 200
    assert parts == {
        "status": "ok",
        "database": "ok",
        "broker": "ok",
        "worker:cpu": "ok",
        "worker:gpu": "ok",
    }


@transactional
def test_a_worker_whose_last_sign_is_old_is_gone(client: Client, settings: Settings) -> None:
    settings.HEALTH_EXPECTS = ["cpu"]
    beat_for("cpu")
    WorkerHeartbeat.objects.update(seen_at=timezone.now() - GONE_AFTER - timedelta(seconds=1))
    status, parts = parts_of(client)
    assert status == 503
    assert parts["worker:cpu"] == "gone"


@transactional
def test_a_broker_that_does_not_answer_is_gone(client: Client, settings: Settings) -> None:
    settings.HEALTH_EXPECTS = []
    settings.REDIS_URL = "redis+socket:///nowhere/valkey.sock?virtual_host=0"
    assert parts_of(client) == (503, {"status": "gone", "database": "ok", "broker": "gone"})


@transactional
def test_a_database_that_is_gone_is_said_at_once(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEALTH_EXPECTS = ["default"]
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    begun = time.monotonic()
    status, parts = parts_of(client)
    assert status == 503
    assert parts["database"] == "gone"
    assert parts["worker:default"] == "gone"
    assert time.monotonic() - begun < 5


def test_the_address_of_the_broker_is_understood_in_both_forms() -> None:
    assert client_url("redis+socket:///run/valkey.sock?virtual_host=3") == "unix:///run/valkey.sock?db=3"
    assert client_url("redis://broker:6379/0") == "redis://broker:6379/0"


@transactional
def test_the_health_check_of_a_worker_asks_for_its_own_host() -> None:
    with pytest.raises(CommandError, match="No worker on this host"):
        call_command("healthcheck", "--worker")
    beat_for("cpu")
    call_command("healthcheck", "--worker")


@transactional
@pytest.mark.faults
def test_a_busy_worker_is_not_gone_but_a_killed_one_is(
    client: Client, settings: Settings, live_default_worker: LiveProgram
) -> None:
    settings.HEALTH_EXPECTS = ["default"]
    busy = children_of(live_default_worker.pid)
    assert busy
    for pid in busy:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(GONE_AFTER.total_seconds() + 2)
        assert parts_of(client)[1]["worker:default"] == "ok", "its processes answer nothing, and yet it lives"
    finally:
        live_default_worker.kill()
    deadline = time.monotonic() + GONE_AFTER.total_seconds() + 5
    while parts_of(client)[0] == 200 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert parts_of(client)[1]["worker:default"] == "gone"
    live_default_worker.start()
    assert parts_of(client)[1]["worker:default"] == "ok"


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has forked."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
