"""Measure judgments coming in and going out: seconds and memory for 100,000 of them, in every format.

    python -m benchmarks.judgment_exchange [--judgments 100000] [--raters 5]

The import of a long table fills the project; each export is read to its end as the web server would send it. Memory is
the most that Python's objects need at a time while a file is made. Runs in a database of its own (the test database of
the settings' server), which goes at the end.
"""

import argparse
import os
import resource
import time
import tracemalloc
from collections.abc import Iterator
from importlib import import_module

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from polyannot.embedded import join

EXPORT_LIMIT_SECONDS = 20.0
CAPTIONS_PER_IMAGE = 10


def table(n_items: int, n_raters: int) -> bytes:
    """Return a long table in which every rater grades every caption from 1 to 4."""
    lines = ["caption_key,rater_id,label,duration_ms,created_at"]
    for item in range(n_items):
        for rater in range(n_raters):
            grade = (item * 7 + rater * item % 3) % 4 + 1
            lines.append(f"caption-{item},rater {rater},{grade},1500,2025-01-01T10:00:00+00:00")
    return "\n".join(lines).encode()


def filled(n_items: int, n_raters: int) -> tuple[object, float]:
    """Return a project with so many judgments, imported, and the seconds that the import took."""
    from accounts.models import User
    from annotation.exchange.importing_judgments import JudgmentImportSettings, request_judgment_import
    from annotation.importing.captions import add_captions
    from annotation.importing.reading_rows import Row
    from annotation.importing.requesting import GivenFile
    from annotation.models import Image
    from annotation.rules.starting import start_project
    from projects.models import Job
    from projects.running import run_job
    from projects.storage import store_bytes

    admin = User.objects.create_user("benchmark-admin", None)
    project = start_project(slug="benchmark", name="Benchmark", admin=admin, actor=None)
    file = store_bytes(b"no picture is looked at here", media_type="image/jpeg")
    n_images = -(-n_items // CAPTIONS_PER_IMAGE)
    Image.objects.bulk_create(
        [Image(project=project, key=f"image-{n}", file=file, width=8, height=8) for n in range(n_images)]
    )
    job = Job.objects.create(
        kind="import", project=project, queue="default", fingerprint="b" * 64, state="done"
    )
    rows = [
        Row(
            n,
            {
                "image_key": f"image-{n // CAPTIONS_PER_IMAGE}",
                "caption_key": f"caption-{n}",
                "text": f"Text {n} here",
            },
        )
        for n in range(n_items)
    ]
    assert not add_captions(job=job, project=project, rows=rows, default_source="benchmark")
    seconds = 0.0
    for name in ("first", "again"):
        started = time.perf_counter()
        asked = request_judgment_import(
            project=project,
            actor=None,
            file=GivenFile(f"{name}.csv", table(n_items, n_raters)),
            settings=JudgmentImportSettings(
                format="long_csv", batch_name="Elsewhere", schema_name="Grades", level="ordinal"
            ),
            is_trial=False,
        )
        run_job(asked.pk)
        asked.refresh_from_db()
        took = time.perf_counter() - started
        print(f"import, {name}: {took:.1f} s, {asked.state}, {asked.result} {asked.error}")
        seconds = seconds or took
    return project, seconds


def parts(client: object, address: str, kind: str, batch: str) -> Iterator[bytes]:
    """Yield what the web server would send."""
    asked = {"format": kind, "which": "ratings", "outcome": "labels", "names": "pseudonyms", "batch": batch}
    asked |= {"with_keys": "on", "with_mode": "on", "with_edits": "on"}
    answer = client.post(address, asked)  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.content
    yield from answer.streaming_content


def measured(project: object, kind: str, batch: str) -> tuple[float, float, int, int]:
    """Return seconds, seconds of the processor, bytes sent, and the most memory while a file is read to its end."""
    from django.test import Client
    from django.urls import reverse

    client = Client()
    client.force_login(project.memberships.get().user)  # type: ignore[attr-defined]
    address = reverse("judgments-export-file", args=[project.slug])  # type: ignore[attr-defined]
    started, busy = time.perf_counter(), time.process_time()
    size = sum(len(part) for part in parts(client, address, kind, batch))
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    tracemalloc.start()
    for _part in parts(client, address, kind, batch):
        pass
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return seconds, busy, size, peak


def run(n_judgments: int, n_raters: int) -> bool:
    """Measure all and print it; say whether every export was within the limit."""
    from annotation.models import Batch

    project, _seconds = filled(n_judgments // n_raters, n_raters)
    batch = str(Batch.objects.get(name="Elsewhere").public_id)
    slowest = 0.0
    for kind in ("long_csv", "wide_csv", "json_lines", "label_studio"):
        seconds, busy, size, peak = measured(project, kind, batch)
        slowest = max(slowest, seconds)
        print(
            f"export {kind}: {seconds:.1f} s ({busy:.1f} s of this process), "
            f"{size / 1e6:.1f} MB sent, at most {peak / 1e6:.1f} MB of objects"
        )
    print(f"the process at its largest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return slowest <= EXPORT_LIMIT_SECONDS


def main() -> None:
    """Join the embedded server, make a database, measure, and remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, default=100_000)
    parser.add_argument("--raters", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    join()
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        import_module("annotation.tasks")
        is_within = run(options.judgments, options.raters)
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)
    print(f"{'within' if is_within else 'ABOVE'} the limit of {EXPORT_LIMIT_SECONDS:.0f} s")


if __name__ == "__main__":
    main()
