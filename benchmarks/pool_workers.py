"""A search of a corpus by two workers against one, each with one thread, through the real job, queue and broker.

    python -m benchmarks.pool_workers [--pieces 4] [--rows 1000000] [--images 1000] [--radius 3000]

The corpus is a clip-retrieval folder with a file of given features for each piece (random rows; an exact search takes
as long for any), more than half a million rows each, so that every file is a piece of its own. Workers are those that
polyannot runs, with OMP_NUM_THREADS=1. The images share eight pictures, so that embedding them costs little. Prints
the seconds from the beginning of the first piece to the end of the last, their ratio, whether both searches found the
same, whether a piece was worked on twice, and what 10 million rows and 5,000 images would take: a piece's seconds
times rows and images, which multiplies the reading of rows too and is therefore at most so much. Promise: 1.6 times as
fast. Runs in a database of its own (the test database of the settings' server), which goes at the end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from pyarrow import parquet

from polyannot.embedded import join

PROMISED = 1.6
MODEL, DIMENSION = "shipped:lite0", 384
PICTURES = 8
# As in ml_workers.runners.neighbours: the phase in which pieces are searched.
SEARCH_PHASE = 2
HALF_A_PIECE = 500_000
WRITTEN_AT_ONCE = 100_000
START_SECONDS, SEARCH_SECONDS = 600, 7_200
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# CC3M and seven million rows of CC12M, for the images of IMP.
ALL_ROWS, ALL_IMAGES, ALL_DEPTH, BYTES_KEPT = 10_000_000, 5_000, 3_000, 12


def write_corpus(folder: Path, n_pieces: int, n_rows: int) -> None:
    """Write the files of a clip-retrieval folder, features drawn with a seed."""
    folder.mkdir()
    chance = np.random.default_rng(7)
    for piece in range(n_pieces):
        table = np.lib.format.open_memmap(
            folder / f"img_emb_{piece}.npy", mode="w+", dtype=np.float16, shape=(n_rows, DIMENSION)
        )
        for start in range(0, n_rows, WRITTEN_AT_ONCE):
            size = min(WRITTEN_AT_ONCE, n_rows - start)
            table[start : start + size] = chance.standard_normal((size, DIMENSION), dtype=np.float32)
        table.flush()
        captions = pa.array([f"row {row} of piece {piece}" for row in range(n_rows)])
        parquet.write_table(pa.table({"caption": captions}), folder / f"metadata_{piece}.parquet")


def a_project(n_images: int) -> Any:
    """Return a project with so many images of eight different pictures."""
    from accounts.models import User
    from annotation.models import Image
    from annotation.rules.starting import start_project
    from projects.storage import store_bytes

    admin = User.objects.create_user("benchmark-admin", None)
    project = start_project(slug="benchmark", name="Benchmark", admin=admin, actor=None)
    files = [store_bytes(picture(number), media_type="image/jpeg") for number in range(PICTURES)]
    Image.objects.bulk_create(
        [
            Image(project=project, key=f"image-{n}", file=files[n % PICTURES], width=64, height=64)
            for n in range(n_images)
        ]
    )
    return project


def picture(number: int) -> bytes:
    """Return a picture of coloured noise."""
    import io

    from PIL import Image

    noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "JPEG")
    return content.getvalue()


def started_workers(n: int, folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start so many model workers with one thread each, and wait until all are seen."""
    from polyannot.kernel import programs
    from projects.models import WorkerHeartbeat

    WorkerHeartbeat.objects.all().delete()
    database = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    own = {"DATABASE_URL": database, "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY}
    workers = []
    for number in range(n):
        program = programs.worker(f"benchmark-{number}", programs.MODEL_QUEUES, 1, programs.MODEL_WORKER)
        with (folder / f"worker-{number}.log").open("ab") as log:
            workers.append(
                subprocess.Popen(
                    program.command,
                    env={**os.environ, **own, **program.environment, **ONE_THREAD},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    deadline = time.monotonic() + START_SECONDS
    while WorkerHeartbeat.objects.count() < n:
        if time.monotonic() > deadline or any(worker.poll() is not None for worker in workers):
            stop(workers)
            sys.exit(f"A worker did not start; the end of its log:\n{tail(folder)}")
        time.sleep(0.2)
    return workers


def tail(folder: Path) -> str:
    """Return the last lines that the workers wrote."""
    lines = [line for log in sorted(folder.glob("*.log")) for line in log.read_text().splitlines()[-20:]]
    return "\n".join(lines)


def stop(workers: list[subprocess.Popen[bytes]]) -> None:
    """End the workers as an operator would."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(60)


def searched(project: Any, n_workers: int, radius: int, folder: Path) -> dict[str, Any]:
    """Run the job with so many workers; return its figures."""
    from annotation.machine.corpora.neighbours import kept_hashes
    from annotation.machine.corpora.pool_requests import ask_for_neighbours
    from annotation.models import NeighbourFileKind
    from projects.models.jobs import JobState

    parameters = {"corpus": "rows", "encoder": MODEL, "radius": radius, "index": "exact"}
    workers = started_workers(n_workers, folder)
    try:
        job = ask_for_neighbours(project=project, actor=None, parameters=parameters)
        deadline = time.monotonic() + SEARCH_SECONDS
        while job.is_active and time.monotonic() < deadline:
            time.sleep(0.2)
            job.refresh_from_db()
    finally:
        stop(workers)
    if job.state != JobState.DONE:
        sys.exit(f"The search is {job.state}: {job.error}\n{tail(folder)}")
    pieces = list(job.chunks.filter(phase=SEARCH_PHASE))
    spans = [(one.started_at, one.ended_at) for one in pieces if one.started_at and one.ended_at]
    of_pieces = sorted((end - start).total_seconds() for start, end in spans)
    begun, ended = min(start for start, _end in spans), max(end for _start, end in spans)
    all_of_it = (job.ended_at - job.started_at).total_seconds() if job.ended_at and job.started_at else 0.0
    return {
        "workers": len({one.worker for one in pieces}),
        "seconds": round((ended - begun).total_seconds(), 2),
        "seconds_of_a_piece": round(of_pieces[len(of_pieces) // 2], 2),
        "job_seconds": round(all_of_it, 2),
        "worked_on_twice": sum(one.attempts > 1 for one in job.chunks.all()),
        "found": kept_hashes(job, NeighbourFileKind.MERGED)[0],
    }


def run(given: argparse.Namespace, folder: Path) -> bool:
    """Search with one worker and with two; print what came of it and return whether the promise is kept."""
    write_corpus(folder / "corpora" / "rows", given.pieces, given.rows)
    project = a_project(given.images)
    one, two = (searched(project, n, given.radius, folder) for n in (1, 2))
    ratio = one["seconds"] / two["seconds"]
    is_same = one.pop("found") == two.pop("found")
    is_once = not one["worked_on_twice"] + two["worked_on_twice"]
    times = ALL_ROWS / given.rows * ALL_IMAGES / given.images
    told = {
        "pieces": given.pieces,
        "rows_of_a_piece": given.rows,
        "columns": DIMENSION,
        "images": given.images,
        "radius": given.radius,
        "one_worker": one,
        "two_workers": two,
        "ratio": round(ratio, 2),
        "same_neighbours": is_same,
        "extrapolated": {
            "rows": ALL_ROWS,
            "images": ALL_IMAGES,
            "one_worker_seconds_at_most": round(one["seconds_of_a_piece"] * times),
            "two_workers_seconds_at_most": round(one["seconds_of_a_piece"] * times / ratio),
            "file_store_mb_until_merged": round(ALL_ROWS / 1e6 * ALL_IMAGES * ALL_DEPTH * BYTES_KEPT / 1e6),
        },
        "load": [round(one, 2) for one in os.getloadavg()],
    }
    print(json.dumps(told, indent=2))
    return ratio >= PROMISED and is_same and is_once


def main() -> int:
    """Measure; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pieces", type=int, default=4)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--radius", type=int, default=3_000)
    given = parser.parse_args()
    if not HALF_A_PIECE < given.rows <= 2 * HALF_A_PIECE or given.pieces < 2:
        parser.error("--rows is more than 500,000 and at most 1,000,000, --pieces 2 at least")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpora").mkdir()
        os.environ.update(
            CORPORA_DIR=str(folder / "corpora"),
            FILE_STORE=str(folder / "files"),
            BROKER_PREFIX=f"benchmark-{os.getpid()}-",
        )
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
        join()
        django.setup()
        databases = setup_databases(verbosity=0, interactive=False)
        try:
            is_kept = run(given, folder)
        finally:
            connection.close()
            teardown_databases(databases, verbosity=0)
    print(f"{'kept' if is_kept else 'NOT KEPT'}: two workers at least {PROMISED} times as fast as one")
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
