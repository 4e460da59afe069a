"""Every kind of job that the web may ask for is run by the worker that serves its queue, under the name asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TELL = """
import inspect, json
from polyannot.celery import app
app.loader.import_default_modules()
app.finalize(auto=True)
from projects.queue import KINDS, task_name
from projects.running import RUNNERS
tasks = {
    name: [parameter.name for parameter in inspect.signature(task.run).parameters.values()]
    for name, task in app.tasks.items()
    if not name.startswith("celery.")
}
print(json.dumps({
    "kinds": {kind.name: {"queue": kind.queue, "task": task_name(kind.queue)} for kind in KINDS.values()},
    "runners": {
        name: sorted(attribute for attribute in dir(runner) if attribute in {"plan", "run", "finish"})
        for name, runner in RUNNERS.items()
    },
    "tasks": tasks,
    "beat": [entry["task"] for entry in app.conf.beat_schedule.values()],
}))
"""


def told(**environment: str) -> dict[str, Any]:
    """Return what a worker process knows when it has started."""
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


@pytest.fixture(scope="module")
def default_worker() -> dict[str, Any]:
    return told(POLYANNOT_WORKER="")


@pytest.fixture(scope="module")
def model_worker() -> dict[str, Any]:
    return told(POLYANNOT_WORKER="ml")


@pytest.mark.models
def test_every_kind_has_a_runner_in_the_worker_of_its_queue_and_a_task_that_takes_a_job(
    default_worker: dict[str, Any], model_worker: dict[str, Any]
) -> None:
    assert default_worker["kinds"] == model_worker["kinds"]
    assert {"similarities", "difficulty", "diversity"} <= set(default_worker["kinds"])
    for name, kind in default_worker["kinds"].items():
        worker = default_worker if kind["queue"] == "default" else model_worker
        assert worker["runners"].get(name) == ["finish", "plan", "run"], f"nobody runs {name}"
        assert worker["tasks"].get(kind["task"]) == ["job_id"], f"{kind['task']} is not asked for rightly"


def test_every_task_that_the_scheduler_sends_is_known_to_the_default_worker(
    default_worker: dict[str, Any],
) -> None:
    assert default_worker["beat"]
    assert set(default_worker["beat"]) <= set(default_worker["tasks"])


def test_a_default_worker_runs_no_kind_of_the_model_queues(default_worker: dict[str, Any]) -> None:
    for name in default_worker["runners"]:
        assert default_worker["kinds"][name]["queue"] == "default", name
