"""Two model workers of one thread against one, over the same images through the real queue.

    python -m benchmarks.two_workers [--encoder shipped:lite2] [--images 192] [--rounds 5] [--json FILE]

Database, broker and workers are real ones of their own. Each worker has one thread for the model and one core, which
its thread for reading files shares. Every round embeds all images twice, once with one worker and once with two, the
order changing from round to round; the ratio is the median over rounds of the seconds of the one over those of the two.
Seconds are the database's, from the written plan to the end of the job. Exits 1 when two are not 1.6 times as fast,
when a part was worked on twice, or when a feature differs in one bit.
"""

import argparse
import io
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import numpy as np
from PIL import Image as Picture

from polyannot.embedded import join, linux

if TYPE_CHECKING:
    from projects.models import Job, Project

LEAST_RATIO = 1.6
NAMES = ("first", "second")
PATIENCE = 900.0


def waited(holds: Callable[[], bool], what: str) -> None:
    """Return when it holds; TimeoutError when it does not in time."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def a_project(n_images: int) -> "Project":
    """Return a project with different pictures of 800 x 600 pixels."""
    from tests import factories as make

    project, draw = make.make_project("measured"), np.random.default_rng(1)
    for _number in range(n_images):
        patches = Picture.fromarray(draw.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        out = io.BytesIO()
        patches.resize((800, 600), Picture.Resampling.BICUBIC).save(out, "JPEG", quality=88)
        make.add_image(project, content=out.getvalue())
    return project


def alone_on_a_core(place: int, parent: int) -> None:
    """Keep a new process on one core, so that a worker alone has no more than one of two; it ends with its parent."""
    linux.die_with_parent(signal.SIGTERM, parent)
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[place % len(os.sched_getaffinity(0))]})


@contextmanager
def workers(environment: dict[str, str]) -> Iterator[None]:
    """Two workers of one process and one thread, until the context ends."""
    from polyannot.kernel import programs
    from projects.models import WorkerHeartbeat

    running: list[subprocess.Popen[bytes]] = []
    try:
        for place, name in enumerate(NAMES):
            program = programs.worker(name, ("gpu",), 1, programs.MODEL_WORKER)
            running.append(
                subprocess.Popen(
                    program.command,
                    env={**os.environ, **environment, **program.environment, "OMP_NUM_THREADS": "1"},
                    stdin=subprocess.DEVNULL,
                    process_group=0,
                    preexec_fn=partial(alone_on_a_core, place, os.getpid()),  # noqa: PLW1509
                )
            )
        waited(
            lambda: all(WorkerHeartbeat.objects.filter(name__startswith=f"{one}@").exists() for one in NAMES),
            "the workers did not start",
        )
        yield
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
        for process in running:
            process.wait(60)


def listen(names: Sequence[str]) -> None:
    """Have these workers alone take work of the queue."""
    from polyannot.celery import app
    from projects.models import WorkerHeartbeat

    hosts = {host.partition("@")[0]: host for host in WorkerHeartbeat.objects.values_list("name", flat=True)}
    for name in NAMES:
        act = app.control.add_consumer if name in names else app.control.cancel_consumer
        act("gpu", destination=[hosts[name]], reply=True, timeout=20)


def embedded(project: "Project", encoder: str) -> tuple[float, "Job", dict[str, list[float]]]:
    """Embed all images anew; return the seconds, the job, and the features by content."""
    from annotation.machine.embeddings import ask_for_embeddings
    from annotation.models import Embedding

    Embedding.objects.all().delete()
    job = ask_for_embeddings(kind="embed_images", project=project, actor=None, encoders=[encoder])

    def has_ended() -> bool:
        job.refresh_from_db()
        return not job.is_active

    waited(has_ended, "the job did not end")
    if job.error or job.started_at is None or job.ended_at is None:
        raise RuntimeError(job.error)
    rows = {content: list(row) for content, row in Embedding.objects.values_list("content_hash", "vector")}
    return (job.ended_at - job.started_at).total_seconds(), job, rows


def measure(project: "Project", encoder: str, rounds: int) -> dict[str, Any]:
    """Take turns with one worker and with two."""
    for name in NAMES:
        listen([name])
        embedded(project, encoder)
    expected: dict[str, list[float]] = {}
    seconds: dict[int, list[float]] = {1: [], 2: []}
    twice, differing, shares = 0, 0, []
    for number in range(rounds):
        for size in (1, 2) if number % 2 == 0 else (2, 1):
            listen(NAMES[:size])
            took, job, rows = embedded(project, encoder)
            seconds[size].append(took)
            expected = expected or rows
            differing += sum(rows.get(content) != row for content, row in expected.items())
            chunks = list(job.chunks.values_list("worker", "attempts"))
            twice += sum(attempts > 1 for _worker, attempts in chunks)
            shares.append(sorted(sum(w.startswith(name) for w, _n in chunks) for name in NAMES))
    return {
        "encoder": encoder,
        "images": len(expected),
        "parts": sum(shares[0]),
        "seconds_one": statistics.median(seconds[1]),
        "seconds_two": statistics.median(seconds[2]),
        "ratios": [round(one / two, 3) for one, two in zip(seconds[1], seconds[2], strict=True)],
        "ratio": statistics.median(one / two for one, two in zip(seconds[1], seconds[2], strict=True)),
        "parts_worked_on_twice": twice,
        "features_that_differ": differing,
        "parts_of_each_worker": shares,
        "load": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
    }


def main() -> int:
    """Measure and print; 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", default="shipped:lite2")
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    os.environ["BROKER_PREFIX"] = f"measured-{secrets.token_hex(4)}:"
    join()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    django.setup()
    from urllib.parse import urlsplit

    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    try:
        url = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        told = {
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS_URL,
            "SECRET_KEY": settings.SECRET_KEY,
            "PERSONAL_DATA_KEYS": ",".join(settings.PERSONAL_DATA_KEYS),
        }
        project = a_project(options.images)
        with workers(told):
            figures = measure(project, options.encoder, options.rounds)
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)
    print(json.dumps(figures, indent=2))
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    is_kept = (
        figures["ratio"] >= LEAST_RATIO
        and not figures["parts_worked_on_twice"]
        and not figures["features_that_differ"]
    )
    print(
        "kept" if is_kept else "MISSED",
        f"two workers against one: {figures['ratio']:.2f} (asked {LEAST_RATIO})",
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
