"""Measure the import of captions: how long 100,000 rows take, and whether a second import changes anything.

    python -m benchmarks.import_captions [--captions 100000] [--images 5000]

Runs in a database of its own (the test database of the settings' server), which goes at the end.
"""

import argparse
import csv
import io
import os
import random
import time

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from polyannot.embedded import join

LIMIT_SECONDS = 20.0
WORDS = "a the red blue dog cat street light boat over under small tall person walks rests near water hill".split()


def table(n_captions: int, n_images: int) -> bytes:
    """Return a table of captions as a corpus gives them, a dozen words each, with a source address."""
    chance = random.Random(7)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["image_key", "caption_key", "text", "source", "source_url", "licence"])
    for number in range(n_captions):
        text = " ".join(chance.choices(WORDS, k=12)).capitalize() + "."
        url = f"https://example.org/corpus/{number}"
        writer.writerow([f"image-{number % n_images}", f"caption-{number}", text, "corpus", url, "CC BY 4.0"])
    return out.getvalue().encode()


def run(n_captions: int, n_images: int) -> float:
    """Import once and again; print the times and return the first one in seconds."""
    from accounts.models import User
    from annotation.importing.requesting import IMPORT, GivenFile, request_import
    from annotation.importing.running import ImportRunner
    from annotation.models import CaptionVersion, Image
    from annotation.rules.starting import start_project
    from projects.running import register_runner, run_job
    from projects.storage import store_bytes

    register_runner(IMPORT, ImportRunner())
    admin = User.objects.create_user("benchmark-admin", None)
    project = start_project(slug="benchmark", name="Benchmark", admin=admin, actor=None)
    file = store_bytes(b"no picture is looked at here", media_type="image/jpeg")
    Image.objects.bulk_create(
        [Image(project=project, key=f"image-{n}", file=file, width=8, height=8) for n in range(n_images)]
    )
    given = table(n_captions, n_images)
    times = []
    for name in ("first.csv", "again.csv"):
        started = time.perf_counter()
        job = request_import(project=project, actor=None, captions=GivenFile(name, given))
        run_job(job.pk)
        times.append(time.perf_counter() - started)
        job.refresh_from_db()
        print(f"{name}: {n_captions:,} captions in {times[-1]:.1f} s, {job.state}, {job.result} {job.error}")
    assert CaptionVersion.objects.filter(project=project).count() == n_captions
    return times[0]


def main() -> None:
    """Join the embedded server, make a database, measure, and remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=5_000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    join()
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        seconds = run(options.captions, options.images)
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)
    print(f"{'within' if seconds <= LIMIT_SECONDS else 'ABOVE'} the limit of {LIMIT_SECONDS:.0f} s")


if __name__ == "__main__":
    main()
