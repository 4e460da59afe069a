"""32 annotators at once: no image beyond its overlap, none lost, none stuck.

Once on 32 connections to the database, and once over HTTP against the web server as `manage.py up` starts it, with its
worker processes; half of the annotators use two tabs, and every answer is sent twice.
"""

import http.client
import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion, Judgment
from annotation.work.assigning import claim_ahead, claim_assignment, finish_assignment
from annotation.work.judging import record_judgment
from polyannot.kernel.programs import WEB_WORKERS
from tests import factories as make
from tests.concurrency.at_once import at_once
from tests.live import LiveProgram

pytestmark = pytest.mark.django_db(transaction=True)

N_ANNOTATORS, N_IMAGES, N_CAPTIONS, OVERLAP = 32, 32, 2, 2
LABELS = ("good", "bad", "unsure")
MOST_TURNS = 400


@pytest.fixture
def batch() -> Batch:
    """Return a batch of images that each want OVERLAP annotators."""
    project = make.make_project()
    images = [make.add_image(project) for _ in range(N_IMAGES)]
    for image in images:
        for rank in range(N_CAPTIONS):
            make.add_caption(image, pool_rank=rank)
    return make.make_batch(project, images, overlap=OVERLAP)


def assert_complete(batch: Batch) -> None:
    """Nothing beyond the overlap, nothing lost, nothing stuck, nothing counted twice."""
    slots = Assignment.objects.filter(batch=batch)
    assert Counter(slots.values_list("state", flat=True)) == {AssignmentState.DONE: N_IMAGES * OVERLAP}
    per_image = slots.values("image").annotate(n=Count("pk"), people=Count("annotator", distinct=True))
    assert [(row["n"], row["people"]) for row in per_image] == [(OVERLAP, OVERLAP)] * N_IMAGES
    current = Judgment.objects.current()
    assert current.count() == N_IMAGES * OVERLAP * N_CAPTIONS
    assert current.values("version", "annotator").distinct().count() == current.count()


def work_on_a_connection(batch: Batch, person: User) -> None:
    """Claim, claim ahead, judge and hand in until nothing is left."""
    for _turn in range(MOST_TURNS):
        if (held := claim_assignment(batch=batch, annotator=person)) is None:
            return
        claim_ahead(batch=batch, annotator=person, beside=held)
        for version in CaptionVersion.objects.filter(pk__in=held.version_ids):
            given = make.given(version, LABELS[(version.pk + person.pk) % 3])
            record_judgment(assignment=held, annotator=person, given=given)
            record_judgment(assignment=held, annotator=person, given=given)
        finish_assignment(assignment=held, annotator=person)
    pytest.fail("somebody never came to an end")


def test_on_thirty_two_connections(batch: Batch) -> None:
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]
    at_once(*[lambda person=person: work_on_a_connection(batch, person) for person in people])
    assert_complete(batch)
    assert Judgment.objects.count() == N_IMAGES * OVERLAP * N_CAPTIONS


class Tab:
    """One tab of an annotator's browser, as far as the server can tell."""

    def __init__(self, web: LiveProgram, person: User, session: str, batch: Batch) -> None:
        self.person, self.batch = person, batch
        self.connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=60)
        token = "c" * 32
        self.headers = {
            "Accept": "application/json",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={token}",
            "X-CSRFToken": token,
        }

    def ask(self, method: str, name: str, body: str = "", kind: str = "") -> str:
        """Return what the server answers; fails with it where the request is refused for another reason."""
        path = reverse(name, args=[self.batch.project.slug, self.batch.public_id])
        self.connection.request(method, path, body or None, {**self.headers, "Content-Type": kind})
        answer = self.connection.getresponse()
        told = answer.read().decode()
        assert answer.status in (200, 409), f"{path}: {answer.status} {told[:300]}"
        return told if answer.status == 200 else ""

    def judge(self, assignment: str, versions: list[str]) -> None:
        """Send an answer to each caption, and the whole list again."""
        items: list[Mapping[str, object]] = [
            {
                "id": str(uuid.uuid4()),
                "assignment": assignment,
                "version": version,
                "label": LABELS[int(version[:4], 16) % 3],
                "sequence": number,
                "made_at": datetime.now(UTC).isoformat(),
                "duration_ms": 900,
                "mode": "key",
                "note": "",
                "edit": None,
            }
            for number, version in enumerate(versions, start=1)
        ]
        body = json.dumps({"annotator": str(self.person.public_id), "judgments": items})
        for _sending in range(2):
            self.ask("POST", "workspace-judgments", body, "application/json")

    def work(self) -> None:
        """Open the workspace, judge what it shows, hand it in and go on until nothing is left."""
        page = self.ask("GET", "workspace")
        for _turn in range(MOST_TURNS):
            if (desk := re.search(r'data-assignment="([0-9a-f-]{36})"', page)) is None:
                assert "Nothing is left for you here" in page
                return
            self.judge(desk[1], re.findall(r'data-version="([0-9a-f-]{36})"', page))
            form = urlencode({"assignment": desk[1]})
            told = self.ask("POST", "workspace-finish", form, "application/x-www-form-urlencoded")
            # Refused where the other tab of this person handed the image in: look again.
            page = json.loads(told)["html"] if told else self.ask("GET", "workspace")
        pytest.fail("somebody never came to an end")


@pytest.mark.browser
def test_over_http_against_the_worker_processes_of_the_web_server(
    batch: Batch, live_web: LiveProgram
) -> None:
    assert WEB_WORKERS >= 2
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]
    tabs = []
    for number, person in enumerate(people):
        client = Client()
        client.force_login(person)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        tabs += [Tab(live_web, person, session, batch) for _tab in range(1 + number % 2)]
    at_once(*[tab.work for tab in tabs])
    assert_complete(batch)
