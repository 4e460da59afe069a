"""32 annotators at once: no image beyond its overlap, none lost, none stuck.

On 32 connections to the database by the general way and by the short one, and over HTTP against the web server as
`manage.py up` starts it, with its worker processes: there half of the annotators use two tabs, every other tab takes
the short way, and every answer is sent twice.
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
from annotation.working.assigning import claim_ahead, claim_assignment, finish_assignment
from annotation.working.judging import record_judgment
from annotation.working.moving_on import PLENTY, move_on
from polyannot.kernel.programs import WEB_WORKERS
from projects.access import Access
from projects.models import Role
from tests import factories as make
from tests.concurrency.at_once import at_once
from tests.live import LiveProgram

pytestmark = pytest.mark.django_db(transaction=True)

N_ANNOTATORS, N_IMAGES, N_CAPTIONS, OVERLAP = 32, 32, 2, 2
LABELS = ("good", "bad", "unsure")
MOST_TURNS = 400


def batch_of(n_images: int, n_captions: int) -> Batch:
    """Return a batch of images that each want OVERLAP annotators."""
    project = make.make_project()
    images = [make.add_image(project) for _ in range(n_images)]
    for image in images:
        for rank in range(n_captions):
            make.add_caption(image, pool_rank=rank)
    return make.make_batch(project, images, overlap=OVERLAP)


@pytest.fixture
def batch() -> Batch:
    """Return a batch of N_IMAGES images with N_CAPTIONS captions each."""
    return batch_of(N_IMAGES, N_CAPTIONS)


def assert_complete(batch: Batch, *, n_images: int = N_IMAGES, n_captions: int = N_CAPTIONS) -> None:
    """Nothing beyond the overlap, nothing lost, nothing stuck, nothing counted twice."""
    slots = Assignment.objects.filter(batch=batch)
    assert Counter(slots.values_list("state", flat=True)) == {AssignmentState.DONE: n_images * OVERLAP}
    per_image = slots.values("image").annotate(n=Count("pk"), people=Count("annotator", distinct=True))
    assert [(row["n"], row["people"]) for row in per_image] == [(OVERLAP, OVERLAP)] * n_images
    current = Judgment.objects.current()
    assert current.count() == n_images * OVERLAP * n_captions
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


def work_by_the_short_way(batch: Batch, person: User) -> None:
    """Work with the next image laid ready, handing in and claiming in one act wherever it can be done."""
    access = Access(user=person, project=batch.project, role=Role.ANNOTATOR)
    now = claim_assignment(batch=batch, annotator=person)
    ready = claim_ahead(batch=batch, annotator=person, beside=now) if now else None
    for _turn in range(MOST_TURNS):
        if now is None:
            return
        for version in CaptionVersion.objects.filter(pk__in=now.version_ids):
            record_judgment(assignment=now, annotator=person, given=make.given(version, "good"))
        beside = ready.public_id if ready else None
        desk = move_on(access=access, batch=batch.public_id, assignment=now.public_id, beside=beside)
        fresh = Assignment.objects.get(public_id=desk.assignment) if desk else None
        if fresh is None:
            finish_assignment(assignment=now, annotator=person)
        now = ready or fresh or claim_assignment(batch=batch, annotator=person)
        if now is not None:
            is_ahead = fresh is not None and now != fresh
            ready = fresh if is_ahead else claim_ahead(batch=batch, annotator=person, beside=now)
    pytest.fail("somebody never came to an end")


def test_on_thirty_two_connections_by_the_short_way() -> None:
    # Enough open slots that the next image is claimed ahead by the short way for a good part of the work.
    n_images = 3 * PLENTY // (2 * OVERLAP) + N_ANNOTATORS
    batch = batch_of(n_images, 1)
    people = [make.add_member(batch.project) for _ in range(N_ANNOTATORS)]
    at_once(*[lambda person=person: work_by_the_short_way(batch, person) for person in people])
    assert_complete(batch, n_images=n_images, n_captions=1)


class Tab:
    """One tab of an annotator's browser, as far as the server can tell."""

    def __init__(
        self, web: LiveProgram, person: User, session: str, batch: Batch, *, lays_desks: bool
    ) -> None:
        self.person, self.batch, self.lays_desks = person, batch, lays_desks
        self.connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=300)
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
        desk = self.on_page(self.ask("GET", "workspace"))
        for _turn in range(MOST_TURNS):
            if desk is None:
                return
            assignment, versions = desk
            self.judge(assignment, versions)
            form = {"assignment": assignment, **({"lays_desks": "on"} if self.lays_desks else {})}
            told = self.ask("POST", "workspace-finish", urlencode(form), "application/x-www-form-urlencoded")
            desk = self.after(told)
        pytest.fail("somebody never came to an end")

    def after(self, told: str) -> tuple[str, list[str]] | None:
        """Return the next image and its captions as the answer to a hand-in has them."""
        if not told:
            # Refused where the other tab of this person handed the image in: look again.
            return self.on_page(self.ask("GET", "workspace"))
        answer = json.loads(told)
        if "desk" not in answer:
            return self.on_page(answer["html"])
        desk = answer["desk"]
        return desk["assignment"], [caption["version"] for caption in desk["captions"]]

    def on_page(self, page: str) -> tuple[str, list[str]] | None:
        """Return the image on a page and its captions; None where it says that nothing is left."""
        page = re.sub("<template.*?</template>", "", page, flags=re.DOTALL)
        if (desk := re.search(r'data-assignment="([0-9a-f-]{36})"', page)) is None:
            assert "Nothing is left for you here" in page
            return None
        return desk[1], re.findall(r'data-version="([0-9a-f-]{36})"', page)


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
        tabs += [
            Tab(live_web, person, session, batch, lays_desks=(number // 2 + tab) % 2 == 0)
            for tab in range(1 + number % 2)
        ]
    at_once(*[tab.work for tab in tabs])
    assert_complete(batch)
