"""Captions of a corpus into the pools: how many rows a second go in, and whether a second time changes anything.

    python -m benchmarks.pool_captions [--captions 200000] [--images 1000]

Each caption is two rows, itself and its base version; parts of 100,000 captions as in the job. Prints for each part the
seconds, the processor seconds of this process, and the rows a second. Promise: 30,000 rows a second. Runs in a database
of its own (the test database of the settings' server), which goes at the end.
"""

import argparse
import os
import random
import time
import uuid

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from polyannot.embedded import join

PROMISED = 30_000
PART = 100_000
WORDS = "a the red blue dog cat street light boat over under small tall person walks rests near water hill".split()


def run(n_captions: int, n_images: int) -> float:
    """Fill once and again; return the rows a second of the first time."""
    from accounts.models import User
    from annotation.importing.captions import refresh_statistics
    from annotation.importing.pooling import PoolCaption, PoolSource, add_pool_captions
    from annotation.models import Caption, CaptionVersion, Image
    from annotation.rules.starting import start_project
    from projects.models import Job
    from projects.storage import store_bytes

    admin = User.objects.create_user("benchmark-admin", None)
    project = start_project(slug="benchmark", name="Benchmark", admin=admin, actor=None)
    file = store_bytes(b"no picture is looked at here", media_type="image/jpeg")
    images = Image.objects.bulk_create(
        [Image(project=project, key=f"image-{n}", file=file, width=8, height=8) for n in range(n_images)]
    )
    refresh_statistics()
    chance = random.Random(7)
    captions = [
        PoolCaption(
            images[number % n_images].pk,
            " ".join(chance.choices(WORDS, k=12)).capitalize() + ".",
            f"https://example.org/corpus/{number}",
            f"corpus.parquet#{number}",
            round(1 - number / (2 * n_captions), 4),
            number // n_images + 1,
        )
        for number in range(n_captions)
    ]
    job = Job.objects.create(project=project, kind="pools", queue="cpu", fingerprint=uuid.uuid4().hex)
    rates = []
    for name in ("first", "again"):
        started, used = time.perf_counter(), time.process_time()
        for start in range(0, n_captions, PART):
            add_pool_captions(
                job=job,
                project=project,
                source=PoolSource("corpus", "CC BY 4.0", "encoder"),
                captions=captions[start : start + PART],
            )
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        rates.append(2 * n_captions / seconds)
        print(
            f"{name}: {n_captions:,} captions in {seconds:.1f} s ({processor:.1f} s of this processor), "
            f"{rates[-1]:,.0f} rows a second; load {os.getloadavg()[0]:.1f}"
        )
    assert Caption.objects.filter(project=project).count() == n_captions
    assert CaptionVersion.objects.filter(project=project).count() == n_captions
    return rates[0]


def main() -> int:
    """Measure; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=200_000)
    parser.add_argument("--images", type=int, default=1_000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    join()
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        rate = run(options.captions, options.images)
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)
    print(f"{'kept' if rate >= PROMISED else 'NOT KEPT'}: {PROMISED:,} rows a second")
    return 0 if rate >= PROMISED else 1


if __name__ == "__main__":
    raise SystemExit(main())
