"""The programs that other tests rely on: a real worker and a real web server on the test database."""

import json
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from projects.health import served_queues
from projects.models import Job
from projects.models.jobs import JobQueue, JobState
from projects.queue import wake
from tests.live import LiveProgram

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_gives_signs_of_life_again_after_its_row_was_lost(live_default_worker: LiveProgram) -> None:
    deadline = time.monotonic() + 15
    while "default" not in (served_queues() or set()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "default" in (served_queues() or set())


def test_the_default_worker_takes_up_what_it_is_asked_by_name(live_default_worker: LiveProgram) -> None:
    job = Job.objects.create(
        kind="nobody-knows-this", queue=JobQueue.DEFAULT, parameters={}, fingerprint="0" * 64
    )
    wake(job)
    deadline = time.monotonic() + 30
    while job.state != JobState.FAILED and time.monotonic() < deadline:
        time.sleep(0.1)
        job.refresh_from_db()
    assert job.state == JobState.FAILED, live_default_worker.tail()
    assert "nobody-knows-this" in job.error


def test_healthz_names_the_part_that_is_gone(live_web: LiveProgram, live_default_worker: LiveProgram) -> None:
    with pytest.raises(HTTPError) as gone:
        urlopen(f"{live_web.url}healthz", timeout=10)
    assert gone.value.code == 503
    parts = json.loads(gone.value.read())
    assert parts["database"] == "ok"
    assert parts["broker"] == "ok"
    assert parts["worker:beat"] == "gone", "the tests run no scheduler"
