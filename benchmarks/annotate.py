"""Measure annotation over HTTP beside a bare Django loop: how many judgments a second, and how long one takes.

    python -m benchmarks.annotate [--annotators 32] [--images 100000] [--seconds 15] [--rounds 3] [--json FILE]

1. No thinking time: every annotator judges and asks for the next caption as fast as the server answers. One caption an
   image, so that each judgment claims. polyannot and the bare application take turns; the ratio of the medians is told.
2. The same with 12 captions an image.
3. A real pace: one judgment a second from each annotator at random phase, 12 captions an image, while tallies are
   settled every 10 seconds as the worker does it.

Everything lies in databases of their own on the settings' server (durable commits), which go at the end. Exits 1 when
a bound is missed: the ratio, the 95th percentile at the real pace, an image beyond its overlap.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg

from polyannot.embedded import join

LEAST_RATIO = 0.6
LONGEST_P95_MS = 50.0
CAPTIONS = 12
WORDS = "a the red blue dog cat street light boat over under small tall person walks rests near water hill".split()


# What the default worker does beside the web server (the schedule is in polyannot/settings.py).
SETTLER = """
import time, django
django.setup()
from annotation.progress.tallying import settle_everything
while True:
    time.sleep(10)
    settle_everything()
"""


def database(name: str) -> str:
    """Return the address of another database on the settings' server."""
    from django.conf import settings

    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()


def environment(name: str) -> dict[str, str]:
    """Return what makes a server work on that database."""
    from django.conf import settings

    return {
        "DATABASE_URL": database(name),
        "SECRET_KEY": settings.SECRET_KEY,
        "REDIS_URL": settings.REDIS_URL,
    }


# An assignment and the versions that wait in it.
Laid = tuple[str, list[str]]


@dataclass(frozen=True)
class Place:
    """A batch to work in: its addresses, and the session and public id of each annotator."""

    judgments: str
    ahead: str
    workspace: str
    people: tuple[tuple[str, str], ...]


class Annotator:
    """Plays what the browser's workspace sends: a judgment when it is made; an image when it is left, whose answer
    brings the image after the one that is judged now.
    """

    ASSIGNMENT = re.compile(r'data-assignment="([0-9a-f-]{36})"')
    VERSION = re.compile(r'data-version="([0-9a-f-]{36})"')
    # The page ends with a blank desk, which is no image.
    BLANK = "<template"

    def __init__(self, client: Any, place: Place, public_id: str, chance: random.Random) -> None:
        self._client, self._place, self._public_id, self._chance = client, place, public_id, chance
        self._sequence = 0
        self._now = self._found(client.ask("GET", place.workspace))
        self._ready = self._asked_ahead()

    def _found(self, html: str) -> Laid:
        html = html.split(self.BLANK, maxsplit=1)[0]
        found = self.ASSIGNMENT.search(html)
        if found is None:
            raise OSError("No image is left: begin with more.")
        return found[1], self.VERSION.findall(html)

    def _asked_ahead(self) -> Laid:
        told = self._client.ask("POST", self._place.ahead, form={"assignment": self._now[0]})
        return self._found(told["html"])

    def judge(self, timed: Any) -> None:
        """Judge one caption; with the image's last one, go on to the next, which is there, and hand this one in."""
        assignment, waiting = self._now
        judgment = self._judgment(assignment, waiting.pop(0))
        timed("judgment", lambda: self._post([judgment]))
        if waiting:
            return
        self._now = self._ready
        told = timed("next", lambda: self._post([self._hand_in(assignment)], beside=self._now[0]))
        if told["ahead"]:
            self._ready = (
                told["ahead"]["assignment"],
                [caption["version"] for caption in told["ahead"]["captions"]],
            )
        else:
            self._ready = self._asked_ahead()

    def _post(self, items: list[dict[str, Any]], **more: str) -> Any:
        told = {"annotator": self._public_id, "judgments": items, **more}
        answer = self._client.ask("POST", self._place.judgments, told)
        if refused := [result for result in answer["results"] if result["state"] != "saved"]:
            raise OSError(f"Not taken: {refused}")
        return answer

    def _item(self, assignment: str, **more: Any) -> dict[str, Any]:
        self._sequence += 1
        public_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        return {"id": public_id, "assignment": assignment, "sequence": self._sequence, **more}

    def _hand_in(self, assignment: str) -> dict[str, Any]:
        return self._item(assignment, finish=True)

    def _judgment(self, assignment: str, version: str) -> dict[str, Any]:
        return self._item(
            assignment,
            version=version,
            label=self._chance.choice(["good", "bad", "unsure"]),
            made_at=datetime.now(UTC).isoformat(),
            duration_ms=1000,
            mode="key",
        )


def bare_loop(client: Any) -> Any:
    """Return the bare application's turn: next, submit."""

    def turn(timed: Any) -> None:
        task = timed("next", lambda: client.ask("GET", "/next"))
        told = {"task": task["task"], "label": "good"}
        timed("judgment", lambda: client.ask("POST", "/submit", told))

    return turn


def fill(slug: str, n_images: int, n_captions: int, n_people: int) -> Place:
    """Make a project with images, captions, annotators and one batch of overlap 1."""
    from django.urls import reverse

    from accounts.models import User
    from annotation.models import Caption, CaptionVersion, Image
    from annotation.rules.starting import start_project
    from annotation.working.opening import open_batch
    from benchmarks.web_load import signed_in
    from projects.founding import set_role
    from projects.models import Role
    from projects.storage import store_bytes

    chance = random.Random(7)
    admin = User.objects.create_user(f"{slug}-admin", None)
    project = start_project(slug=slug, name=slug, admin=admin, actor=None)
    file = store_bytes(b"no picture is looked at here", media_type="image/jpeg")
    images = Image.objects.bulk_create(
        [
            Image(project=project, key=f"{n}", position=n, file=file, width=640, height=480)
            for n in range(n_images)
        ],
        batch_size=5000,
    )
    captions = Caption.objects.bulk_create(
        [
            Caption(
                project=project,
                image=image,
                key=f"{image.key}-{rank}",
                verbatim=" ".join(chance.choices(WORDS, k=12)),
                source="corpus",
                pool_rank=rank,
            )
            for image in images
            for rank in range(n_captions)
        ],
        batch_size=5000,
    )
    CaptionVersion.objects.bulk_create(
        [
            CaptionVersion(
                project=project,
                image_id=caption.image_id,
                caption=caption,
                text=caption.verbatim,
                content_hash=caption.key,
                state="base",
            )
            for caption in captions
        ],
        batch_size=5000,
    )
    people = []
    for number in range(n_people):
        person = User.objects.create_user(f"{slug}-{number}")
        set_role(project=project, user=person, role=Role.ANNOTATOR, actor=None)
        people.append((signed_in(person), str(person.public_id)))
    batch = open_batch(project=project, name="All", images=images, overlap=1, actor=None, seed=7)
    where = [slug, batch.public_id]
    return Place(
        reverse("workspace-judgments", args=where),
        reverse("workspace-ahead", args=where),
        reverse("workspace", args=where),
        tuple(people),
    )


def beyond_overlap() -> int:
    """Count the images that more annotators had than the batch wants, and versions judged twice."""
    from django.db.models import Count, F

    from annotation.models import Assignment, Judgment

    taken = Assignment.objects.exclude(state__in=["open", "skipped"]).order_by()
    images = taken.values("batch", "image", "batch__overlap").annotate(n=Count("annotator", distinct=True))
    judged = Judgment.objects.filter(is_current=True).order_by().values("batch", "version", "batch__overlap")
    judged = judged.annotate(n=Count("annotator", distinct=True))
    return sum(rows.filter(n__gt=F("batch__overlap")).count() for rows in (images, judged))


def annotators(server: Any, place: Place) -> list[Any]:
    """Return the turns of all annotators of a batch, each at their first image."""
    from benchmarks.web_load import Client

    return [
        Annotator(
            Client(server.port, session), place, public_id, random.Random(number * 7919 + time.time_ns())
        ).judge
        for number, (session, public_id) in enumerate(place.people)
    ]


@contextmanager
def settling() -> Iterator[None]:
    """Settle what is due before, and every 10 seconds in a process of its own until the block ends."""
    from django.db import connection

    from annotation.progress.tallying import settle_everything

    settle_everything()
    name = str(connection.settings_dict["NAME"])
    settler = subprocess.Popen([sys.executable, "-c", SETTLER], env={**os.environ, **environment(name)})
    try:
        yield
    finally:
        settler.terminate()
        settler.wait(20)


def look_at_statistics(name: str) -> None:
    """Do at once what the database does by itself within a minute: plans made on empty tables are made again."""
    with psycopg.connect(database(name), autocommit=True) as served:
        served.execute("VACUUM ANALYZE")


def measure(
    options: argparse.Namespace, one: Place, many: Place, bare_sessions: list[str], name: str
) -> dict[str, Any]:
    """Run the three parts against live servers and return the figures."""
    from benchmarks.web_load import Client, median, play, serving

    ours, bare = list[float](), list[float]()
    with (
        serving("polyannot.wsgi:application", environment(name)) as server,
        serving("benchmarks.bare.wsgi:application", environment(f"{name}_bare")) as bare_server,
    ):
        bare_loops = [bare_loop(Client(bare_server.port, session)) for session in bare_sessions]
        our_loops = annotators(server, one)
        play(bare_loops, 2, bare_server)
        play(our_loops, 2, server)
        for filled in (name, f"{name}_bare"):
            look_at_statistics(filled)
        for _ in range(options.rounds):
            load = play(bare_loops, options.seconds, bare_server)
            print("bare               ", load.told(), flush=True)
            bare.append(load.per_second)
            load = play(our_loops, options.seconds, server)
            print("1 caption an image ", load.told(), *load.errors[:1], flush=True)
            ours.append(load.per_second)
        load = play(annotators(server, many), options.seconds, server)
        print("12 captions        ", load.told(), *load.errors[:1], flush=True)
        many_per_second = load.per_second
        with settling():
            # Afterwards, since what is due takes longer than the server keeps a silent connection.
            paced = play(annotators(server, many), 2 * options.seconds, server, every=1.0)
        print("one a second each  ", paced.told(), *paced.errors[:1], flush=True)
    return {
        "bare_per_second": bare,
        "per_second": ours,
        "ratio": median(ours) / median(bare),
        "per_second_12": many_per_second,
        "paced_p95_ms": paced.percentile("judgment", 95),
        "paced_next_p95_ms": paced.percentile("next", 95),
        "paced_errors": len(paced.errors),
        "beyond_overlap": beyond_overlap(),
    }


def tell(figures: Mapping[str, Any]) -> bool:
    """Print the figures against their bounds; say whether all are kept."""
    kept = [
        (
            figures["ratio"] >= LEAST_RATIO,
            f"{figures['ratio']:.2f} of the bare loop (at least {LEAST_RATIO})",
        ),
        (
            figures["paced_p95_ms"] <= LONGEST_P95_MS,
            f"p95 {figures['paced_p95_ms']:.0f} ms at a real pace (at most {LONGEST_P95_MS:.0f})",
        ),
        (figures["beyond_overlap"] == 0, f"{figures['beyond_overlap']} images beyond their overlap"),
    ]
    for is_kept, text in kept:
        print("kept  " if is_kept else "MISSED", text)
    return all(is_kept for is_kept, _text in kept)


def main() -> int:
    """Join the embedded server, make the databases, measure, and remove them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotators", type=int, default=32)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="write the figures there too")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "polyannot.settings"
    join()
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    call_command("collectstatic", interactive=False, verbosity=0)
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as cluster:
        cluster.execute(f'DROP DATABASE IF EXISTS "{name}_bare" WITH (FORCE)')
        cluster.execute(f'CREATE DATABASE "{name}_bare"')
    try:
        filled = subprocess.run(
            [sys.executable, "-m", "benchmarks.bare.fill", str(3 * options.images), str(options.annotators)],
            env={**os.environ, **environment(f"{name}_bare")},
            stdout=subprocess.PIPE,
            check=True,
        )
        one = fill("one", options.images, 1, options.annotators)
        many = fill("many", max(options.images // 10, 1000), CAPTIONS, options.annotators)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        figures = measure(options, one, many, json.loads(filled.stdout), name)
    finally:
        connection.close()
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as cluster:
            cluster.execute(f'DROP DATABASE IF EXISTS "{name}_bare" WITH (FORCE)')
        teardown_databases(databases, verbosity=0)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0 if tell(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
