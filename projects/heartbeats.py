"""Signs of life of workers and beat: a row for each process, written from a thread beside its work.

A worker that computes still writes its row, so it is busy and not gone; one that was killed stops writing. One
that ends as it should removes its row.
"""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery.signals import beat_init, worker_ready, worker_shutdown
from django.db import Error, close_old_connections, connection
from django.db.models.functions import Now
from django.utils import timezone

from projects.models import WorkerHeartbeat

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
# Three missed signs: long enough for a slow disk, short enough for a page that says what is wrong.
GONE_AFTER = timedelta(seconds=15)
# What the row of the scheduler lists in place of queues.
SCHEDULER = "beat"


def record_heartbeat(*, name: str, queues: Sequence[str], started_at: datetime) -> None:
    """Write that this process lives now, by the database's clock."""
    row = WorkerHeartbeat(
        name=name,
        queues=list(queues),
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=started_at,
        seen_at=Now(),
    )
    WorkerHeartbeat.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["queues", "host", "pid", "started_at", "seen_at"],
    )


def remove_heartbeat(*, name: str) -> None:
    """Forget a process that ends as it should, unless another has taken its name."""
    WorkerHeartbeat.objects.filter(name=name, host=socket.gethostname(), pid=os.getpid()).delete()


def host_is_alive(host: str) -> bool:
    """Say whether some worker or scheduler on this host gave a sign of life lately."""
    return WorkerHeartbeat.objects.filter(host=host, seen_at__gt=Now() - GONE_AFTER).exists()


class Pulse:
    """The thread that writes the row of this process every few seconds until it is stopped."""

    def __init__(self, name: str, queues: Sequence[str]) -> None:
        """Take the unique name of the worker and the queues it serves."""
        self.name = name
        self.queues = queues
        self.started_at = timezone.now()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="heartbeat", daemon=True)

    def run(self) -> None:
        """Write until stopped; a database that is away for a while only delays the next sign."""
        while not self.stopped.is_set():
            try:
                record_heartbeat(name=self.name, queues=self.queues, started_at=self.started_at)
            except Error as error:
                log.warning("no heartbeat could be written: %s", error)
                close_old_connections()
            self.stopped.wait(BEAT_SECONDS)
        connection.close()

    def stop(self) -> None:
        """End the thread and forget the row."""
        self.stopped.set()
        self.thread.join(timeout=BEAT_SECONDS)
        try:
            remove_heartbeat(name=self.name)
        except Error as error:
            log.warning("the heartbeat could not be removed: %s", error)


pulses: dict[str, Pulse] = {}


def start_pulse(name: str, queues: Sequence[str]) -> None:
    """Start the thread of this process once; a reconnect to the broker changes nothing."""
    if name not in pulses:
        pulses[name] = Pulse(name, queues)
        pulses[name].thread.start()


@worker_ready.connect
def begin_worker(sender: Any, **_kwargs: object) -> None:
    """A worker that takes tasks begins to give signs of life."""
    start_pulse(str(sender.hostname), sorted(sender.app.amqp.queues.consume_from))


@beat_init.connect
def begin_scheduler(**_kwargs: object) -> None:
    """So does the scheduler."""
    start_pulse(f"{SCHEDULER}@{socket.gethostname()}", [SCHEDULER])


@worker_shutdown.connect
def end_worker(**_kwargs: object) -> None:
    """A worker that ends as it should is not missed."""
    for pulse in pulses.values():
        pulse.stop()
    pulses.clear()
