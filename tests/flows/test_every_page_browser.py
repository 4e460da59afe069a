"""Every page about annotation in a real browser, light and dark: axe finds nothing, nothing runs over the edge.

The addresses come from the resolver, so a new page is looked at the day it is written. Single pages with more on
them are looked at beside the tests of what they do; here none is left out.
"""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page, expect

from accounts.models import User
from demo import content
from projects.models import Role
from tests import factories as make
from tests.annotation.agreement_work import computed
from tests.flows.sound import overrun, told, violations_in
from tests.flows.way import TakeSeat
from tests.populated import Populated, populate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NARROW, WIDE = (360, 740), (1440, 900)
# A rule of WCAG 2.2 that axe looks at only when it is told to.
ASKED = {"rules": {"target-size": {"enabled": True}}}
# Colours fade when the theme changes, for a frame even where nothing may move: only what came to rest is looked at.
AT_REST = """() => new Promise((rested) => requestAnimationFrame(() => requestAnimationFrame(() =>
  rested(Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))).then(() => true)))))"""


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route)
        else:
            yield route, pattern


def filled(route: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        for converter in ("uuid:", "slug:", "int:", "str:", ""):
            route = route.replace(f"<{converter}{name}>", value)
    return f"/{route}"


def pages_of_annotation(here: Populated, person: User) -> dict[str, str]:
    """Return the addresses under which the person is shown a page, by name; files and parts of pages are none."""
    client = Client()
    client.force_login(person)
    found = {}
    for route, pattern in patterns(get_resolver()):
        if not pattern.callback.__module__.startswith("annotation.views."):
            continue
        path = filled(route, here.values)
        answer = client.get(path)
        if (
            not answer.streaming
            and answer.content.startswith(b"<!doctype html>")
            and answer.status_code == 200
        ):
            found[str(pattern.name)] = path
    return found


def worked() -> Populated:
    """Return a project with a row of everything, long guidelines, and a report on agreement."""
    here = populate("here", has_vote=False)
    text = (content.FOLDER / "guidelines.md").read_text(encoding="utf-8")
    here.project.guidelines.create(number=2, text=text)
    computed(here.project)
    return here


def faults(page: Page, name: str) -> list[str]:
    """Return what axe finds on the page in both themes, and whether it runs over the edge of a small phone."""
    wrong = []
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    for details in page.locator("main details").all()[:4]:
        details.evaluate("element => { element.open = true; }")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(AT_REST)
        wrong += [f"{name}, {scheme}: {fault}" for fault in told(violations_in(page, scheme, ASKED))]
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    if overrun(page):
        wrong.append(f"{name} runs over at {NARROW[0]}")
    return wrong


@pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.ADMIN])
def test_axe_finds_nothing_on_any_page_about_annotation(seat: TakeSeat, role: str) -> None:
    here = worked()
    person = make.add_member(here.project, role)
    pages = pages_of_annotation(here, person)
    assert {"annotate-home", "workspace", "my-work", "feedback", "guidelines"} <= set(pages)
    seated = seat(here.project, person)
    wrong = []
    for name, path in pages.items():
        seated.page.goto(seated.base + path)
        wrong += faults(seated.page, name)
    assert not wrong, "\n".join(wrong)


def test_axe_finds_nothing_on_votes_and_choices_that_have_rows(seat: TakeSeat) -> None:
    here = populate("here")
    person = make.add_member(here.project, Role.RESEARCHER)
    seated = seat(here.project, person)
    wrong = []
    for name in ("difficulty", "choices", "choice-of-image"):
        route = next(route for route, one in patterns(get_resolver()) if one.name == name)
        seated.page.goto(seated.base + filled(route, here.values))
        expect(seated.page.get_by_role("heading", level=1)).to_be_visible()
        wrong += faults(seated.page, name)
    assert not wrong, "\n".join(wrong)
