"""Measure the pages of heads and admins in a project of 1,000,000 judgments: each has 300 ms.

    python -m benchmarks.dashboards [--judgments 1000000] [--slowest]

20,000 images of 10 captions, each judged by 5 of 50 annotators in one batch; a stored agreement report and a review
round of 5,000 judgments. The pages are asked for by Django's client in this process, three times each after one that
warms up; the median counts. The data lie in a database of their own, which goes at the end. Exits 1 when a page takes
longer than its bound.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import django
from django.db import connection

from polyannot.embedded import join

BOUND_MS = 300.0
CAPTIONS, OVERLAP, ANNOTATORS = 10, 5, 50
ROUND_SHARE = 0.005


# The work of thirty days, one image after the other.
PAST = "now() - interval '30 days' * (1 - i.position::float / %(images)s)"


def required(table: str, given: set[str]) -> tuple[str, str]:
    """Return the columns of a table that need a value and have not been given one, and values that fit their types."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            [table],
        )
        left = [(name, kind) for name, kind in cursor.fetchall() if name not in given]
    return ", ".join(name for name, _kind in left), ", ".join(EMPTY[kind] for _name, kind in left)


EMPTY = {
    "character varying": "''",
    "text": "''",
    "boolean": "false",
    "integer": "0",
    "smallint": "0",
    "bigint": "0",
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now()",
    "ARRAY": "'{}'",
    "double precision": "0",
}


def insert(table: str, columns: dict[str, str], source: str, parameters: dict[str, Any]) -> None:
    """Insert by one statement: `columns` are expressions over `source`; what else the table needs is filled in."""
    names, values = required(table, set(columns))
    listed = ", ".join([*columns, names] if names else columns)
    chosen = ", ".join([*columns.values(), values] if values else columns.values())
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {chosen} FROM {source}", parameters)


def fill(n_judgments: int) -> tuple[Any, Any, Any]:
    """Make the project; return it, its admin and its batch."""
    from accounts.models import User
    from annotation.models import Batch
    from annotation.progress.tallying import settle_tallies
    from annotation.rules.starting import start_project
    from projects.founding import set_role
    from projects.models import Role
    from projects.storage import store_bytes

    admin = User.objects.create_user("admin", None)
    project = start_project(slug="large", name="Large", admin=admin, actor=None)
    file = store_bytes(b"no picture is looked at here", media_type="image/jpeg")
    people = [User.objects.create_user(f"annotator-{number}") for number in range(ANNOTATORS)]
    for person in people:
        set_role(project=project, user=person, role=Role.ANNOTATOR, actor=None)
    schema, guideline = project.label_schemas.get(), project.guidelines.get()
    batch = Batch.objects.create(
        project=project, name="All", overlap=OVERLAP, schema=schema, guideline=guideline, seed=7
    )
    told: dict[str, Any] = {
        "project": project.pk,
        "file": file.pk,
        "batch": batch.pk,
        "schema": schema.pk,
        "guideline": guideline.pk,
        "images": n_judgments // (CAPTIONS * OVERLAP),
        "people": [person.pk for person in people],
    }
    insert(
        "annotation_image",
        {
            "project_id": "%(project)s",
            "key": "'image-' || n",
            "position": "n",
            "file_id": "%(file)s",
            "width": "640",
            "height": "480",
            "state": "'active'",
        },
        "generate_series(1, %(images)s) n",
        told,
    )
    insert(
        "annotation_caption",
        {
            "project_id": "%(project)s",
            "image_id": "i.id",
            "key": "i.key || '-' || rank",
            "verbatim": "'a red cat walks over the street ' || i.id || ' ' || rank",
            "source": "'corpus'",
            "pool_rank": "rank",
        },
        f"annotation_image i, generate_series(1, {CAPTIONS}) rank",
        told,
    )
    insert(
        "annotation_captionversion",
        {
            "project_id": "%(project)s",
            "image_id": "c.image_id",
            "caption_id": "c.id",
            "text": "c.verbatim",
            "content_hash": "md5(c.verbatim)",
            "state": "'base'",
        },
        "annotation_caption c",
        told,
    )
    work(told)
    started = time.perf_counter()
    settle_tallies(project, at_most=None)
    print(f"all {told['images']:,} images settled in {time.perf_counter() - started:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return project, admin, batch


def found() -> tuple[Any, Any, Any] | None:
    """Return what an earlier run filled and kept."""
    from accounts.models import User
    from annotation.models import Batch
    from projects.models import Project

    project = Project.objects.filter(slug="large").first()
    if project is None:
        return None
    return project, User.objects.get(username="admin"), Batch.objects.get(project=project)


def work(told: dict[str, Any]) -> None:
    """Let everybody judge their images over the last thirty days."""
    insert(
        "annotation_assignment",
        {
            "project_id": "%(project)s",
            "batch_id": "%(batch)s",
            "image_id": "i.id",
            "slot": "slot",
            "position": "i.position",
            "state": "'done'",
            "annotator_id": f"(%(people)s::bigint[])[1 + (i.id + 7 * slot) %% {ANNOTATORS}]",
            "version_ids": "array(SELECT v.id FROM annotation_captionversion v WHERE v.image_id = i.id)",
            "started_at": PAST,
            "finished_at": PAST,
        },
        f"annotation_image i, generate_series(0, {OVERLAP - 1}) slot ORDER BY i.position",
        told,
    )
    chance = "('x' || substr(md5(v.id || '-' || a.annotator_id), 1, 4))::bit(16)::int %% 100"
    hard = "('x' || substr(md5(v.id::text), 1, 4))::bit(16)::int %% 10 = 0"
    good = f"CASE WHEN {hard} THEN 50 ELSE 93 END"
    label = f"CASE WHEN {chance} < {good} THEN 'good' WHEN {chance} < 97 THEN 'bad' ELSE 'unsure' END"
    insert(
        "annotation_judgment",
        {
            "project_id": "%(project)s",
            "batch_id": "%(batch)s",
            "assignment_id": "a.id",
            "image_id": "a.image_id",
            "caption_id": "v.caption_id",
            "version_id": "v.id",
            "annotator_id": "a.annotator_id",
            "schema_id": "%(schema)s",
            "guideline_id": "%(guideline)s",
            "label": label,
            "meaning": label,
            "mode": "'key'",
            "duration_ms": "2000 + v.id %% 5000",
            "client_sequence": "v.id",
            "made_at": "a.finished_at",
            "received_at": "a.finished_at",
            "is_current": "true",
        },
        "annotation_assignment a JOIN annotation_captionversion v ON v.image_id = a.image_id",
        told,
    )


def computed(project: Any, batch: Any, admin: Any) -> dict[str, Any]:
    """Store an agreement report and open a review round; return the values that addresses need."""
    from annotation.agreement.reports import KIND, AgreementRunner, request_report
    from annotation.models import AgreementReport
    from annotation.review.reviewing import open_round
    from projects.running import register_runner, run_job

    register_runner(KIND, AgreementRunner())
    job = request_report(project=project, batches=[batch], asked_by=admin)
    started = time.perf_counter()
    run_job(job.pk)
    job.refresh_from_db()
    print(f"agreement report: {time.perf_counter() - started:.1f} s, {job.state} {job.error}")
    drawn = open_round(batch=batch, head=admin, draw="random", share=ROUND_SHARE, seed=7)
    report = AgreementReport.objects.get(job=job)
    image = project.images.first()
    return {
        "round_id": drawn.public_id,
        "report_id": report.public_id,
        "image_id": image.public_id,
        "batch_id": batch.public_id,
        "version_id": image.caption_versions.first().public_id,
        "caption_id": image.captions.first().public_id,
        "job_id": job.public_id,
        "number": 1,
    }


def addresses(slug: str, known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return name and path of every page of a project whose arguments are known; downloads and drawings left out."""
    from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

    def leaves(patterns: Any) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield pattern
            else:
                yield from leaves(pattern.url_patterns)

    for leaf in leaves(get_resolver().url_patterns):
        names = set(leaf.pattern.converters)
        if leaf.name is None or names - set(known) - {"project_slug"}:
            continue
        values = {name: known[name] for name in names & set(known)}
        for scope in ({"project_slug": slug}, {}):
            try:
                yield leaf.name, reverse(leaf.name, kwargs={**scope, **values})
                break
            except NoReverseMatch:
                continue


def measured(admin: Any, pages: list[tuple[str, str]]) -> list[tuple[float, str, int]]:
    """Return the median milliseconds of each page that answers 200 with HTML, its name and its queries."""
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(raise_request_exception=False)
    client.force_login(admin)
    told = []
    for name, path in pages:
        answer = client.get(path)
        if (
            answer.status_code != 200
            or "html" not in answer.headers.get("Content-Type", "")
            or answer.streaming
        ):
            continue
        times = []
        for _ in range(3):
            started = time.perf_counter()
            client.get(path)
            times.append(1000 * (time.perf_counter() - started))
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        told.append((sorted(times)[1], name, len(queries)))
    return sorted(told, reverse=True)


def main() -> int:
    """Join the embedded server, make a database, measure, and remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, default=1_000_000)
    parser.add_argument(
        "--keep", action="store_true", help="keep the database, and use it again if it is there"
    )
    parser.add_argument("--slowest", action="store_true", help="print the statements of the slowest pages")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "polyannot.settings"
    join()
    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    settings.ALLOWED_HOSTS = ["*"]
    settings.DATABASES["default"]["TEST"]["NAME"] = "test_dashboards"
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=(), keepdb=options.keep)
    try:
        started = time.perf_counter()
        project, admin, batch = found() or fill(options.judgments)
        print(f"filled in {time.perf_counter() - started:.0f} s")
        known = computed(project, batch, admin)
        pages = list(addresses(project.slug, known))
        told = measured(admin, pages)
        if options.slowest:
            tell_statements(admin, dict(pages), [name for ms, name, _n in told if ms > BOUND_MS])
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0, keepdb=options.keep)
    for ms, name, queries in told:
        print(f"{ms:8.0f} ms  {queries:3d} queries  {name}{'  ABOVE' if ms > BOUND_MS else ''}")
    return 1 if any(ms > BOUND_MS for ms, _name, _queries in told) else 0


def tell_statements(admin: Any, pages: dict[str, str], names: list[str]) -> None:
    """Print the slow statements of some pages."""
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(admin)
    for name in names:
        with CaptureQueriesContext(connection) as queries:
            client.get(pages[name])
        print(f"--- {name}")
        for query in sorted(queries.captured_queries, key=lambda query: -float(query["time"]))[:4]:
            print(query["time"], query["sql"][:900])


if __name__ == "__main__":
    sys.exit(main())
