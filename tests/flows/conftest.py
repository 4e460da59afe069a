"""One browser for a module, and seats in it; what a page of a seat complains about fails the test."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from accounts.models import User
from projects.models import Project
from tests.flows.way import Seat, TakeSeat, chromium
from tests.live import LiveProgram

# Playwright's synchronous calls run an event loop of their own in this thread; the database is used between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the module."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def seat(browser: Browser, live_web: LiveProgram) -> Iterator[TakeSeat]:
    """Return how to seat somebody before the project in a browser context of their own."""
    taken: list[Seat] = []

    def take(project: Project, user: User) -> Seat:
        taken.append(Seat(browser, live_web.url, project, user))
        return taken[-1]

    yield take
    for each in taken:
        each.context.close()
    assert [trouble for each in taken for trouble in each.troubles] == []
