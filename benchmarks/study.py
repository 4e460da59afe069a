"""Measure how long an answer takes while a survey is full: 200 people, each answering every 6 s at random phase.

    python -m benchmarks.study [--people 200] [--every 6] [--seconds 60] [--json FILE]

An answer is what a browser waits for: the form sent, the redirect, the page with the next pair; its picture is fetched
beside it. The study is the paper's: 100 hard pairs, 25 each with 10 distractors and 5 positive controls. In the same
run the bare application takes answers from as many people at the same pace, before and after.

Everything lies in databases of their own on the settings' server (durable commits), which go at the end. Exits 1 when
the bound is missed, when a request failed, or when an answer was lost or counted twice.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django
import psycopg

from polyannot.embedded import join

LONGEST_P95_MS = 200.0
IMAGES = 60
CARDS: dict[str, Any] = {"hard_pairs": 100, "pairs_per_participant": 25}
BESIDE: dict[str, Any] = {
    "distractors_in_study": 20,
    "distractors_per_participant": 10,
    "controls_in_study": 10,
    "controls_per_participant": 5,
}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"')
PICTURE = re.compile(r'<figure class="stage"><img src="([^"]*)"')


class Respondent:
    """One participant's browser: a kept connection, cookies, and redirects followed."""

    def __init__(self, port: int, door: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: dict[str, str] = {}
        self._door = door
        self.answered = 0
        self._page = self._ask("GET", door)
        for step, more in (("consent", {"agrees": "yes"}), ("begin", {})):
            self._page = self._ask("POST", f"{door}{step}/", self._hidden() | more)

    def _hidden(self) -> dict[str, str]:
        return dict(HIDDEN.findall(self._page))

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer, told = self._sent(method, path, urlencode(form) if form is not None else None, headers)
        for given in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(given).items()}
        if answer.status in {302, 303}:
            return self._ask("GET", answer.headers["Location"])
        if answer.status != 200:
            raise OSError(f"{method} {path} was answered {answer.status}")
        return told.decode("utf-8", "replace")

    def _sent(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send on the kept connection, once more where the server has closed it meanwhile: an answer counts once."""
        for is_last in (False, True):
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return answer, answer.read()
            except (ConnectionError, http.client.BadStatusLine):
                self._connection.close()
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def turn(self, timed: Any) -> None:
        """Answer the pair on the page and look at the next one."""
        form = self._hidden() | {"answer": "good", "focused_ms": "2000"}
        if "card" not in form:
            raise OSError("No pair is left: measure for fewer seconds.")
        self._page = timed("answer", lambda: self._ask("POST", f"{self._door}answer/", form))
        self.answered += 1
        found = PICTURE.search(self._page)
        if found:
            timed("picture", lambda: self._ask("GET", found[1]))


def open_study(people: int) -> str:
    """Make a judged project and a launched study for so many people; return the path of its door."""
    from tests.study_rows import make_judged_project, make_open_study

    project = make_judged_project(images=IMAGES)
    study = make_open_study(project, **CARDS, **BESIDE, target_participants=people, max_distractors_good=None)
    return f"/s/{study.slug}/"


def measure(options: argparse.Namespace, door: str, sessions: list[str], name: str) -> dict[str, Any]:
    """Play both at the same pace, the bare application before and after; return the figures."""
    from benchmarks.annotate import bare_loop, environment
    from benchmarks.web_load import Client, play, serving
    from studies.models import Answer

    with (
        serving("polyannot.wsgi:application", environment(name)) as server,
        serving("benchmarks.bare.wsgi:application", environment(f"{name}_bare")) as bare_server,
    ):
        bare_loops = [bare_loop(Client(bare_server.port, session)) for session in sessions]
        before = play(bare_loops, options.seconds, bare_server, every=options.every)
        print("bare, before  ", before.told(), *before.errors[:1], flush=True)
        crowd = [Respondent(server.port, door) for _ in range(options.people)]
        study = play([person.turn for person in crowd], options.seconds, server, every=options.every)
        print("study         ", study.told(), *study.errors[:1], flush=True)
        bare_loops = [bare_loop(Client(bare_server.port, session)) for session in sessions]
        after = play(bare_loops, options.seconds, bare_server, every=options.every)
        print("bare, after   ", after.told(), *after.errors[:1], flush=True)
    bare = [load.percentile("judgment", 95) + load.percentile("next", 95) for load in (before, after)]
    return {
        "people": options.people,
        "answers": study.loops,
        "p50_ms": study.percentile("answer", 50),
        "p95_ms": study.percentile("answer", 95),
        "picture_p95_ms": study.percentile("picture", 95),
        "bare_p95_ms": bare,
        "ratio": study.percentile("answer", 95) / (sum(bare) / 2),
        "errors": len(study.errors),
        "given": sum(person.answered for person in crowd),
        "stored": Answer.objects.count(),
    }


def tell(figures: dict[str, Any]) -> bool:
    """Print the figures against their bounds; say whether all are kept."""
    bare = ", ".join(f"{p95:.0f}" for p95 in figures["bare_p95_ms"])
    told = f"p95 of an answer {figures['p95_ms']:.0f} ms (at most {LONGEST_P95_MS:.0f}), n = {figures['answers']}"
    told += f"; bare answer and next {bare} ms, ratio {figures['ratio']:.1f}"
    kept = [
        (
            figures["p95_ms"] <= LONGEST_P95_MS,
            told,
        ),
        (figures["errors"] == 0, f"{figures['errors']} failed requests"),
        (
            figures["given"] == figures["stored"],
            f"{figures['given']} answers given, {figures['stored']} stored",
        ),
    ]
    for is_kept, text in kept:
        print("kept  " if is_kept else "MISSED", text)
    return all(is_kept for is_kept, _text in kept)


def main() -> int:
    """Join the embedded server, make the databases, measure, and remove them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--every", type=float, default=6.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", help="write the figures there too")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "polyannot.settings"
    join()
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from benchmarks.annotate import environment

    call_command("collectstatic", interactive=False, verbosity=0)
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as cluster:
        cluster.execute(f'DROP DATABASE IF EXISTS "{name}_bare" WITH (FORCE)')
        cluster.execute(f'CREATE DATABASE "{name}_bare"')
    try:
        tasks = int(3 * options.people * (options.seconds / options.every + 2))
        filled = subprocess.run(
            [sys.executable, "-m", "benchmarks.bare.fill", str(tasks), str(options.people)],
            env={**os.environ, **environment(f"{name}_bare")},
            stdout=subprocess.PIPE,
            check=True,
        )
        door = open_study(options.people)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        figures = measure(options, door, json.loads(filled.stdout), name)
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
