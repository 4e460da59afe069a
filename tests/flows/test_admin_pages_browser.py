"""The pages of admins and heads in a real browser: axe finds nothing, nothing runs over, an upload goes through."""

import os
import random
from pathlib import Path
from typing import Literal

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, expect

from accounts.models import User
from annotation.importing.requesting import IMPORT, GivenFile, files_of_folder, request_import
from annotation.importing.running import ImportRunner
from annotation.models import Assignment, CaptionVersion
from annotation.working.assigning import finish_assignment
from projects.models import Job, Project, Role
from projects.running import register_runner, run_job
from tests import factories as make
from tests.live import LiveProgram

# Playwright's synchronous calls run an event loop of their own in this thread; the database is used between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
from tests.flows.sound import overrun, told, violations_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEMO = Path(__file__).parents[2] / "demo"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "import"
SIZES: list[tuple[int, int]] = [(1440, 900), (390, 844)]
ColorScheme = Literal["light", "dark"]
SCHEMES: list[ColorScheme] = ["light", "dark"]
JUDGED_IMAGES = 6


class Site:
    """A project with the demonstration's photographs, half judged, and the one person who may see every page."""

    def __init__(self) -> None:
        register_runner(IMPORT, ImportRunner())
        self.project: Project = make.make_project("here", good_target=3, judged_target=8)
        self.project.name = "Captions of photographs"
        self.project.save(update_fields=["name"])
        self.job: Job = request_import(
            project=self.project,
            actor=None,
            images=files_of_folder(DEMO / "images"),
            metadata=GivenFile("images.csv", DEMO / "images.csv"),
            captions=GivenFile("captions.csv", DEMO / "captions.csv"),
        )
        run_job(self.job.pk)
        self.bad: Job = request_import(
            project=self.project,
            actor=None,
            captions=GivenFile("c.csv", FIXTURES / "captions_with_errors.csv"),
        )
        run_job(self.bad.pk)
        images = list(self.project.images.all())
        batch = make.make_batch(self.project, images[: JUDGED_IMAGES + 2], name="First round")
        chance = random.Random(3)
        for annotator in (make.add_member(self.project), make.add_member(self.project)):
            for _image in range(JUDGED_IMAGES):
                self._judge(make.claim(batch, annotator), chance)
        self.admin: User = make.make_user("steering", is_site_admin=True)
        make.add_member(self.project, Role.ADMIN, user=self.admin)

    @staticmethod
    def _judge(assignment: Assignment, chance: random.Random) -> None:
        for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
            make.judge(assignment, version, "good" if version.pk % 5 else chance.choice(["bad", "unsure"]))
        assert assignment.annotator is not None
        finish_assignment(assignment=assignment, annotator=assignment.annotator)

    def addresses(self) -> dict[str, str]:
        slug, image = self.project.slug, self.project.images.order_by("position").first()
        assert image is not None
        names = (
            "project-home",
            "images",
            "import",
            "batches",
            "batch-new",
            "jobs",
            "people",
            "settings",
            "history",
        )
        site = ("site", "site-project-new", "site-accounts", "site-jobs", "site-health")
        return {
            **{name: reverse(name, args=[slug]) for name in names},
            **{name: reverse(name) for name in site},
            "image-detail": reverse("image-detail", args=[slug, image.public_id]),
            "job-detail": reverse("job-detail", args=[slug, self.bad.public_id]),
        }


def signed_in(
    browser: Browser, web: LiveProgram, user: User, size: tuple[int, int], scheme: ColorScheme
) -> BrowserContext:
    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": web.url}])
    return context


def test_axe_finds_nothing_and_nothing_runs_over_the_edge(browser: Browser, live_web: LiveProgram) -> None:
    site = Site()
    wrong: list[str] = []
    for size in SIZES:
        for scheme in SCHEMES:
            context = signed_in(browser, live_web, site.admin, size, scheme)
            page = context.new_page()
            for name, address in site.addresses().items():
                answer = page.goto(live_web.url.rstrip("/") + address)
                assert answer is not None
                where = f"{name} at {size[0]}, {scheme}"
                if answer.status != 200 or overrun(page):
                    wrong.append(f"{where}: status {answer.status}, over by {overrun(page)}")
                wrong += [f"{where}: {fault}" for fault in told(violations_in(page, scheme))]
            context.close()
    assert not wrong, "\n".join(wrong)


def test_an_upload_ends_with_its_report(
    browser: Browser, live_web: LiveProgram, live_default_worker: LiveProgram
) -> None:
    project = make.make_project("there")
    head = make.add_member(project, Role.HEAD)
    page = signed_in(browser, live_web, head, SIZES[0], "light").new_page()
    page.goto(f"{live_web.url}p/there/import/")
    page.locator("#id_images").set_input_files(
        [FIXTURES / "images" / name for name in ("cat.jpg", "cup.png", "note.jpg")]
    )
    page.locator("#id_captions").set_input_files(FIXTURES / "captions_with_errors.csv")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("9 items left out")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("captions_with_errors.csv line 14")).to_be_visible()
    page.get_by_role("link", name="Images", exact=True).first.click()
    expect(page.locator(".tile")).to_have_count(2)
