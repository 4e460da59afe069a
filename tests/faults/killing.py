"""Killing workers by pid, and waiting for what becomes of their work."""

import os
import random
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from polyannot.kernel import programs
from projects.models import Job, WorkerHeartbeat
from projects.models.jobs import JobState
from tests.faults import squares_app
from tests.live import LiveProgram

# How long anything is waited for that must come: a machine may be busy with other things.
PATIENCE = 300.0


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return when it holds; AssertionError with `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def ended(job: Job, seconds: float = PATIENCE) -> Job:
    """Return the job when workers have ended it."""

    def has_ended() -> bool:
        job.refresh_from_db()
        return not job.is_active

    wait_until(has_ended, f"job {job.kind} had not ended after {seconds:.0f} s", seconds)
    return job


def serves(name: str) -> bool:
    """Say whether the worker of this name has said that it takes tasks."""
    return WorkerHeartbeat.objects.filter(name__startswith=f"{name}@").exists()


def forget(name: str) -> None:
    """Forget a killed worker's sign of life, so that its successor's can be told from it."""
    WorkerHeartbeat.objects.filter(name__startswith=f"{name}@").delete()


def kill_whole(worker: LiveProgram) -> None:
    """Kill a worker with everything that belongs to it, as a machine that loses power would; start it again."""
    worker.kill()
    forget(worker.program.name)
    worker.start()
    wait_until(lambda: serves(worker.program.name), f"{worker.program.name} is not back:\n{worker.tail()}")


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill_pool(worker: LiveProgram) -> None:
    """Kill the processes of a worker that do the work; the worker itself goes on and starts others."""
    for child in children(worker.pid):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def squares_worker(name: str, environment: Mapping[str, str], prefix: str) -> LiveProgram:
    """Return a worker of one process that knows the squares, apart from all other workers of the tests."""
    program = programs.worker(name, ("default",), 1, {"BROKER_PREFIX": prefix})
    application = [part if part != "polyannot" else squares_app.__name__ for part in program.command]
    root = str(Path(__file__).resolve().parents[2])
    return LiveProgram(
        replace(program, command=tuple(application)),
        {**environment, "PYTHONPATH": root},
        settings.POLYANNOT_HOME / f"live-{name}.log",
        lambda: serves(name),
    )


class Assassin:
    """Kills the worker of the model queues at random points of a job; the seed is printed."""

    def __init__(self, worker: LiveProgram, *, most: int, whole: bool) -> None:
        seed = secrets.randbits(32)
        print(f"killed jobs: seed {seed}")
        self.worker, self.dice, self.most, self.whole = worker, random.Random(seed), most, whole

    def disturb(self, job: Job, longest: float) -> Job:
        """Kill while the job is active, at most so often; return it when it has ended."""
        kills = 0
        while kills < self.most:
            pause = self.dice.uniform(0.0, longest)
            try:
                ended(job, seconds=pause)
                break
            except AssertionError:
                kills += 1
                if self.whole and self.dice.random() < 0.3:
                    kill_whole(self.worker)
                else:
                    kill_pool(self.worker)
        ended(job)
        assert (job.state, job.error) == (JobState.DONE, "")
        attempts = list(job.chunks.values_list("attempts", flat=True))
        assert sum(attempts) <= len(attempts) + kills, "only what was at hand is computed again"
        return job
