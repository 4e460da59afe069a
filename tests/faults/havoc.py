"""Killing whatever a job stands on, workers, database and broker, and telling what jobs have left."""

import os
import random
import secrets
import signal
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Model

from annotation.models import Embedding
from polyannot.embedded.keeper import CALM_SECONDS, RESTARTS
from projects import queue
from projects.models import Job, JobChunk
from projects.models.jobs import JobState
from tests.embedded_homes import Home
from tests.faults.killing import PATIENCE, kill_pool, kill_whole
from tests.live import LiveProgram

MOST_KILLS = 4
# What is another one each time, whatever was computed.
OWN = {"id", "public_id", "job", "made_at", "found_at", "is_current"}


# When servers of this session were killed, by whichever test: a keeper gives up one that dies too often in a while.
deaths: list[tuple[str, float]] = []
# Workers that are started again when they have ended.
supervised: list[LiveProgram] = []


def supervise() -> None:
    """Start every worker again that has ended, as its supervisor does: the loss of the broker may end one."""
    for worker in supervised:
        if worker.process is not None and worker.process.poll() is not None:
            print(f"{worker.program.name} has ended and is started again")
            kill_whole(worker)


def ended(job: Job, seconds: float = PATIENCE) -> bool:
    """Wait for the end of a job through whatever happens to the database; False where it did not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            supervise()
            queue.wake_waiting_jobs()  # as the scheduler does
            job.refresh_from_db()
            if not job.is_active:
                return True
        except (OperationalError, InterfaceError):
            connection.close()
        time.sleep(0.1)
    return False


class Havoc:
    """Kills what a job stands on at random points of it; the seed is printed."""

    def __init__(self, victim: LiveProgram) -> None:
        seed = secrets.randbits(32)
        print(f"havoc: seed {seed}")
        self.victim, self.dice, self.home = victim, random.Random(seed), Home(settings.POLYANNOT_HOME)
        self.killed: list[str] = []

    def _kill(self) -> None:
        what = self.dice.choice(["process", "process", "worker", "database", "broker"])
        if what in {"database", "broker"}:
            lately = [name for name, at in deaths if name == what and time.monotonic() - at < CALM_SECONDS]
            what = what if len(lately) < RESTARTS else "worker"
        self.killed.append(what)
        if what == "process":
            kill_pool(self.victim)
        elif what == "worker":
            kill_whole(self.victim)
        else:
            deaths.append((what, time.monotonic()))
            self._kill_server("postgres" if what == "database" else "valkey")

    def _kill_server(self, name: str) -> None:
        """Kill a server of the session; its keeper starts it again."""
        pid = self.home.server_pids().get(name)
        assert pid is not None, "the session has servers of its own"
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.home.server_pids().get(name) not in {pid, None}:
                with suppress(OperationalError, InterfaceError):
                    connection.close()
                    connection.ensure_connection()
                    return
            time.sleep(0.05)
        raise AssertionError(f"{name} did not come back")

    def disturb(self, job: Job, longest: float) -> Job:
        """Kill while the job is active, at most so often; return it when it has ended."""
        self.killed = []
        while len(self.killed) < MOST_KILLS and not ended(job, self.dice.uniform(0.0, longest)):
            self._kill()
        assert ended(job), f"{job.kind} did not end after {self.killed}"
        print(f"{job.kind}: killed {self.killed or 'nothing'}")
        assert (job.state, job.error) == (JobState.DONE, ""), self.killed
        attempts = list(job.chunks.values_list("attempts", flat=True))
        assert sum(attempts) <= len(attempts) + len(self.killed), "only what was at hand is computed again"
        return job


def columns(row: Model, without: set[str]) -> dict[str, Any]:
    """Return what a row says, without what is another one each time."""
    fields = row._meta.concrete_fields
    return {field.name: getattr(row, field.attname) for field in fields if field.name not in OWN | without}


def rows_of(model: type[Model], **of: Model) -> list[Any]:
    """Return the rows that belong to one, each with those that belong to it, in no order of their own."""
    found = []
    for row in model._default_manager.filter(**of):
        below = {
            relation.related_model.__name__: rows_of(relation.related_model, **{relation.field.name: row})
            for relation in model._meta.related_objects
            if not any(field.name == "job" for field in relation.related_model._meta.concrete_fields)
        }
        found.append((columns(row, set(of)), below))
    return sorted(found, key=repr)


def written_by(job: Job) -> dict[str, Any]:
    """Return everything that a job has left under its name, and what is embedded."""
    there = {
        relation.related_model.__name__: rows_of(relation.related_model, **{relation.field.name: job})
        for relation in Job._meta.related_objects
        if relation.field.name == "job" and relation.related_model is not JobChunk
    }
    vectors = {
        (encoder, modality, content): vector
        for encoder, modality, content, vector in Embedding.objects.values_list(
            "encoder__name", "modality", "content_hash", "vector"
        )
    }
    counts = (job.items_total, job.items_done, job.items_failed, job.result)
    return {"told": counts, "embedded": vectors, **{name: rows for name, rows in there.items() if rows}}
