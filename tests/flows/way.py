"""What the stages of the whole way share: people before their pages, and demo photographs as far as a stage needs."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from accounts.models import User
from annotation.models import Batch, CaptionVersion, Image
from demo import content
from projects.models import Project
from tests import factories as make

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHOTOGRAPHS = ("cat", "coffee")
# How long a page may wait for a worker that has other work, in milliseconds.
PATIENCE = 120_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that `make browser` found, and stop it again."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Seat:
    """Somebody signed in before the pages of a project; `troubles` collects what their browser complains about."""

    def __init__(self, browser: Browser, url: str, project: Project, user: User) -> None:
        self.base, self.project, self.user = url.rstrip("/"), project, user
        self.troubles: list[str] = []
        # Without motion, so that no colour is looked at on its way to another.
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, accept_downloads=True, reduced_motion="reduce"
        )
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, line: ConsoleMessage) -> None:
        if "Content Security Policy" in line.text:
            self.troubles.append(line.text)

    def address(self, name: str, *arguments: Any) -> str:
        """Return the full address of a page of the project."""
        return self.base + reverse(name, args=[self.project.slug, *arguments])

    def open(self, name: str, *arguments: Any) -> Page:
        """Open a page of the project."""
        self.page.goto(self.address(name, *arguments))
        return self.page


TakeSeat = Callable[[Project, User], Seat]


def expect_saved(page: Page, timeout: float = 30_000) -> None:
    """Wait until the workspace says that all is saved and nothing waits in the browser."""
    page.wait_for_function(
        "() => document.getElementById('save-state').dataset.state === 'saved'"
        " && !Object.keys(localStorage).some((key) => key.startsWith('polyannot:outbox:'))",
        timeout=timeout,
    )


def photographed(captions: int = 50, photographs: Sequence[str] = PHOTOGRAPHS, **settings: Any) -> Project:
    """Return a project with demo photographs, each with its first captions in the order of the demo's table."""
    project = make.make_project(**settings)
    known = {row["key"]: row for row in content.rows_of("images.csv")}
    for key in photographs:
        image = make.add_image(
            project,
            key,
            content=(content.FOLDER / "images" / f"{key}.jpg").read_bytes(),
            licence=known[key]["licence"],
            attribution=known[key]["attribution"],
            may_redistribute=True,
        )
        for rank, caption in enumerate(_captions_of(image)[:captions]):
            make.add_caption(image, caption.text, key=caption.caption_key, pool_rank=rank)
    return project


def _captions_of(image: Image) -> list[content.DemoCaption]:
    return [caption for caption in content.captions() if caption.image_key == image.key]


def expected() -> dict[str, content.DemoCaption]:
    """Return what a careful annotator says of each demo caption, by its text."""
    return {caption.text: caption for caption in content.captions()}


def judged(project: Project, annotators: int = 2) -> Batch:
    """Have annotators judge every caption as a careful person does, without edits."""
    batch = make.make_batch(project, list(project.images.all()), overlap=annotators)
    known = expected()
    for _annotator in range(annotators):
        annotator = make.add_member(project)
        for _image in range(project.images.count()):
            assignment = make.claim(batch, annotator)
            for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                make.judge(assignment, version, known[version.text].expected)
            make.finish(assignment)
    return batch
