"""The broker or the database goes away while jobs are asked for or at work."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.db import connection

from annotation.machine.ml_requests import ask_for_similarities
from annotation.models import Similarity
from projects import queue
from projects.models import Job
from projects.models.jobs import JobState
from tests.factories import make_project
from tests.faults.killing import wait_until
from tests.live import LiveProgram, free_port
from tests.ml_workers.working import a_pool
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
CUTS = 4


def test_a_job_is_asked_for_and_kept_while_the_broker_is_away(live_environment: Mapping[str, str]) -> None:
    project = make_project()
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    done = subprocess.run(
        [sys.executable, "manage.py", "run", "similarities", project.slug, "--param", "encoders=x"],
        cwd=ROOT,
        env={**os.environ, **live_environment, "REDIS_URL": nowhere},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    job = Job.objects.get(project=project)
    assert (job.state, job.parameters) == (JobState.WAITING, {"encoders": ["x"]})
    assert str(job.public_id) in done.stdout


@pytest.mark.models
def test_a_job_goes_on_after_every_connection_to_the_database_was_cut(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    seed = secrets.randbits(32)
    print(f"cuts: seed {seed}")
    names = [tiny_clip(tmp_path / str(number), seed + number) for number in range(3)]
    project = a_pool(30, 12)
    job = ask_for_similarities(project=project, actor=None, encoders=names)
    for _cut in range(CUTS):
        time.sleep(0.8)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def has_ended() -> bool:
        queue.wake_waiting_jobs()  # as the scheduler does
        job.refresh_from_db()
        return not job.is_active

    wait_until(has_ended, "the job never ended")
    assert (job.state, job.error) == (JobState.DONE, "")
    assert Similarity.objects.filter(project=project).count() == 3 * 30 * 12
