"""Pages on quality over time in a real browser: axe finds nothing, nothing runs over, keys answer questions."""

import os
import random
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from annotation.models import CaptionVersion, GenericnessAnswer, QualityReport
from annotation.quality.genericness import answer_question, decide_check, open_checks, suspect
from annotation.quality.reports import DRIFT, FEEDBACK, drift_runner, feedback_runner, request_quality
from annotation.review.reviewing import open_round, return_item
from annotation.working.assigning import claim_assignment
from annotation.working.opening import open_calibration
from projects.models import Job, Project, Role
from tests import factories as make
from tests.annotation.agreement_work import computed
from tests.live import LiveProgram

# Playwright's synchronous calls run an event loop of their own in this thread; the database is used between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
from tests.flows.sound import overrun, told, violations_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = [(1440, 900), (390, 844)]
TEXTS = ("Two dogs run along a wet beach", "A red car is parked in a narrow street", "A beautiful moment")


class Desk:
    """A project with two calibration sets, feedback between them, charts and checks of generic captions."""

    def __init__(self) -> None:
        self.project: Project = make.make_project()
        self.people = [make.add_member(self.project) for _ in range(3)]
        self.head = make.add_member(self.project, Role.HEAD)
        for number in range(36):
            image = make.add_image(self.project)
            for text in TEXTS:
                make.add_caption(image, f"{text} {number}")
        self._judge("Calibration 1", 0.4)
        review = open_round(batch=self.project.batches.get(), head=self.head, draw="random")
        return_item(item=review.items.all()[0], head=self.head, comment="Look at the colours.")
        self._judge("Calibration 2", 0.95)
        self.report = computed(self.project)
        self.effect, self.drift = (self._quality(kind) for kind in (FEEDBACK, DRIFT))
        self._check()

    def _judge(self, name: str, care: float) -> None:
        rng = random.Random(name)
        batch = open_calibration(project=self.project, name=name, n_images=18, actor=self.head, seed=4)
        for place, person in enumerate(self.people):
            while (assignment := claim_assignment(batch=batch, annotator=person)) is not None:
                for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                    truth = "good" if version.pk % 3 else "bad"
                    if place == 2 and care > 0.5:
                        truth = "bad"
                    label = truth if rng.random() < care else rng.choice(["good", "bad", "unsure"])
                    make.judge(assignment, version, label)
                make.finish(assignment)

    def _quality(self, kind: str) -> QualityReport:
        parameters: dict[str, Any] = {"block": 20} if kind == DRIFT else {"replicates": 300}
        job = request_quality(project=self.project, kind=kind, asked_by=None, **parameters)
        row = (drift_runner() if kind == DRIFT else feedback_runner()).store(job)
        Job.objects.filter(project=self.project).update(state="done")
        return row

    def _check(self) -> None:
        generic = CaptionVersion.objects.filter(project=self.project, text__startswith=TEXTS[2])
        open_checks(project=self.project, actor=self.head, n_hubs=0, n_baseline=2, answers_wanted=3)
        checks = [suspect(version=version, actor=self.head) for version in generic[:2]]
        for check in checks:
            for person in self.people[:2]:
                for question in check.questions.all():
                    answer_question(question=question, annotator=person, fits="yes")
        decide_check(check=checks[0], head=self.head, is_removed=True, note="Fits any image.")

    def signal(self) -> dict[str, Any]:
        """Return the address of a block that gave a signal."""
        for annotator, by_measure in self.drift.figures["annotators"].items():
            for measure, chart in by_measure.items():
                for block in chart["blocks"]:
                    if block["signal"]:
                        return {"annotator": annotator, "measure": measure, "block": block["number"]}
        raise AssertionError("no chart gave a signal")


def signed_in(browser: Browser, web: LiveProgram, person: User) -> Page:
    client = Client()
    client.force_login(person)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": web.url}])
    return context.new_page()


def faults(page: Page, name: str, address: str) -> list[str]:
    """Return what axe finds and what runs over, at both sizes, light and dark."""
    wrong = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.goto(address)
            if overrun(page):
                wrong.append(f"{name} at {width} runs over")
            wrong += [f"{name} at {width}, {scheme}: {fault}" for fault in told(violations_in(page, scheme))]
    return wrong


def test_axe_finds_nothing_and_keys_answer_questions(browser: Browser, live_web: LiveProgram) -> None:
    desk = Desk()
    slug = desk.project.slug
    signal = desk.signal()

    def address(name: str, **query: Any) -> str:
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        return live_web.url.rstrip("/") + reverse(name, args=[slug]) + (f"?{asked}" if asked else "")

    head = signed_in(browser, live_web, desk.head)
    wrong = []
    for name, query in (
        ("agreement", {}),
        ("agreement-pairs", {"report": desk.report.public_id}),
        ("quality-feedback", {}),
        ("drift", {"annotator": signal["annotator"]}),
        ("drift-judgments", {"report": desk.drift.public_id, **signal}),
        ("genericness", {}),
        ("genericness", {"show": "decided"}),
    ):
        wrong += faults(head, name, address(name, **query))
    changed = next(person for person in desk.people if str(person.public_id) == signal["annotator"])
    annotator = signed_in(browser, live_web, changed)
    wrong += faults(annotator, "my-charts", address("my-charts"))
    wrong += faults(annotator, "fits-next", address("fits-next"))
    assert wrong == []
    before = GenericnessAnswer.objects.filter(annotator=changed).count()
    for key in ("y", "n", "u"):
        caption = annotator.locator(".survey__caption").inner_text()
        annotator.keyboard.press(key)
        expect(annotator.locator("form.answers, .empty")).to_be_visible()
        annotator.wait_for_load_state()
        assert caption
    answers = (
        GenericnessAnswer.objects.filter(annotator=changed).order_by("pk").values_list("fits", flat=True)
    )
    assert list(answers[before:]) == ["yes", "no", "unsure"]
