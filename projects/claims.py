"""Claims: a chunk is in the hands of one worker at a time, under a lease that is renewed while it works.

All times are the database's, so the clocks of the machines do not matter. A claim names the thread that holds it;
a worker that starts therefore knows which claims its killed predecessor left behind, and need not wait for them.
"""

import hashlib
import logging
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Conflict
from projects.models import Job, JobChunk
from projects.models.jobs import ACTIVE_STATES, JobState

log = logging.getLogger(__name__)

# A claim lasts this long without a sign of life, and is renewed this often while the work goes on.
LEASE = timedelta(seconds=20)
RENEW_SECONDS = 5.0
# A part whose worker died this often is given up, so that a poisonous item cannot kill workers for ever.
MOST_ATTEMPTS = 30

PROCESSES = Path("/proc")


def _place() -> str:
    """Return eight digits for the machine (or container) whose process numbers this process sees."""
    namespace = PROCESSES / "self/ns/pid"
    seen = str(namespace.readlink()) if namespace.is_symlink() else ""
    return hashlib.sha256(f"{socket.gethostname()} {seen}".encode()).hexdigest()[:8]


def claimant(node: str) -> str:
    """Return the name under which this thread claims chunks: its worker, its machine and its number."""
    return f"{node[:80] or 'worker'} {_place()}:{threading.get_native_id()}"


def _lives(thread: str) -> bool:
    """Say whether a thread of this machine still runs; where that cannot be seen, the lease has to run out."""
    if not (PROCESSES / "self").exists():
        return True
    try:
        state = (PROCESSES / thread / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def release_dead_claims() -> int:
    """End the leases that threads of this machine left behind when they were killed; return how many.

    Call it where the calling thread works on nothing: a claim of its own is one that it lost.
    """
    place, own, released = f" {_place()}:", str(threading.get_native_id()), 0
    claims = JobChunk.objects.filter(
        state=JobState.RUNNING, job__state__in=ACTIVE_STATES, lease_until__gt=Now(), worker__contains=place
    )
    for pk, token, worker in claims.values_list("pk", "lease_token", "worker"):
        thread = worker.rpartition(":")[2]
        if thread == own or not _lives(thread):
            released += JobChunk.objects.filter(pk=pk, lease_token=token).update(lease_until=Now())
    return released


def claim_chunk(job: Job, holder: str) -> JobChunk | None:
    """Take the next chunk of the earliest unfinished phase, or None. Raises Conflict for one that was given up."""
    unfinished = JobChunk.objects.filter(job=job).exclude(state=JobState.DONE)
    phase = unfinished.aggregate(first=Min("phase"))["first"]
    free = Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lte=Now())
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, state=JobState.RUNNING).exists():
            return None
        chunk = (
            JobChunk.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(free, job=job, phase=phase)
            .order_by("position")
            .first()
        )
        if chunk is None:
            return None
        if chunk.attempts >= MOST_ATTEMPTS:
            raise Conflict(
                "chunk_given_up",
                _("Part %(part)d was given up: the worker was lost %(times)d times while it worked on it.")
                % {"part": chunk.position + 1, "times": chunk.attempts},
            )
        chunk.lease_token = uuid.uuid4()
        JobChunk.objects.filter(pk=chunk.pk).update(
            state=JobState.RUNNING,
            lease_token=chunk.lease_token,
            lease_until=Now() + LEASE,
            worker=holder,
            attempts=F("attempts") + 1,
            started_at=Now(),
        )
    return chunk


@contextmanager
def renewed(chunk: JobChunk) -> Iterator[None]:
    """Keep the claim alive from a thread of its own; a database that is away for a while does not end it."""
    stop = threading.Event()
    claim = JobChunk.objects.filter(pk=chunk.pk, lease_token=chunk.lease_token)

    def renew() -> None:
        try:
            while not stop.wait(RENEW_SECONDS):
                try:
                    claim.update(lease_until=Now() + LEASE)
                except (OperationalError, InterfaceError) as error:
                    log.warning("a lease could not be renewed: %s", error)
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
