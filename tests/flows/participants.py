"""A participant without a browser: goes through a study over HTTP as plain forms let them, or misbehaves.

driver = ParticipantDriver(ClientVisitor(), "/s/slug/")        # inside the test's transaction
driver = ParticipantDriver(HttpVisitor(live_web.url), "/s/slug/")   # over real connections
driver.take_part(answer=lambda page: "good")
"""

import html
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.test import Client

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"')
FORM = re.compile(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
CAPTION = re.compile(r'<h1 class="survey__caption"[^>]*>(.*?)</h1>', re.DOTALL)
CODE = re.compile(r'id="withdrawal-code">([^<]*)<')
IMAGE = re.compile(r'<figure class="stage"><img src="([^"]*)"')
LINK = re.compile(r'id="personal-link">([^<]*)<')
PROGRESS = re.compile(r'<progress class="bar" value="(\d+)" max="(\d+)"')


@dataclass(frozen=True)
class Page:
    """What came back after all redirects."""

    status: int
    path: str
    text: str

    @property
    def caption(self) -> str:
        """The caption to judge, empty on other pages."""
        found = CAPTION.search(self.text)
        return html.unescape(found.group(1)) if found else ""

    @property
    def answered(self) -> tuple[int, int] | None:
        """Pairs answered and pairs in all, as the bar shows them."""
        found = PROGRESS.search(self.text)
        return (int(found.group(1)), int(found.group(2))) if found else None

    def form(self, part: str) -> tuple[str, dict[str, str]]:
        """The address and the hidden fields of the form that posts to an address holding `part`."""
        for action, body in FORM.findall(self.text):
            if part in action:
                return action, {name: html.unescape(value) for name, value in HIDDEN.findall(body)}
        raise AssertionError(f"No form for {part} on {self.path}:\n{self.text[:2000]}")

    def has_form(self, part: str) -> bool:
        """Whether the page has such a form."""
        return any(part in action for action, _ in FORM.findall(self.text))


class Visitor(Protocol):
    """Something that fetches pages and keeps cookies."""

    def get(self, path: str) -> Page: ...

    def post(self, path: str, values: Mapping[str, str]) -> Page: ...


class ClientVisitor:
    """Django's test client, with the CSRF check that browsers meet."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)

    def get(self, path: str) -> Page:
        """Fetch a page, following redirects."""
        return self._page(self.client.get(path, follow=True), path)

    def post(self, path: str, values: Mapping[str, str]) -> Page:
        """Send a form, following redirects."""
        return self._page(self.client.post(path, dict(values), follow=True), path)

    def _page(self, response: Any, path: str) -> Page:
        chain = getattr(response, "redirect_chain", [])
        text = b"".join(response) if response.streaming else response.content
        return Page(response.status_code, chain[-1][0] if chain else path, text.decode("utf-8", "replace"))


class HttpVisitor:
    """Real connections to a running server."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> Page:
        """Fetch a page, following redirects."""
        return self._open(urllib.request.Request(self._url(path)))

    def post(self, path: str, values: Mapping[str, str]) -> Page:
        """Send a form, following redirects."""
        body = urllib.parse.urlencode(values).encode()
        return self._open(urllib.request.Request(self._url(path), data=body))

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.base + path

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            with self.opener.open(request, timeout=60) as answer:
                path = urllib.parse.urlsplit(answer.url).path
                return Page(answer.status, path, answer.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as refusal:
            return Page(
                refusal.code,
                urllib.parse.urlsplit(refusal.url).path,
                refusal.read().decode("utf-8", "replace"),
            )


@dataclass
class ParticipantDriver:
    """One person on their way; `page` is what they see now, `given` their answers by caption."""

    visitor: Visitor
    door: str
    page: Page = field(default_factory=lambda: Page(0, "", ""))
    given: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def arrive(self, query: str = "") -> Page:
        """Open the link."""
        self.page = self.visitor.get(self.door + query)
        return self.page

    def consent(self, agrees: str = "yes") -> Page:
        """Agree, or decline."""
        action, values = self.page.form("/consent/")
        self.page = self.visitor.post(action, values | {"agrees": agrees})
        return self.page

    def begin(self) -> Page:
        """Go on from the instructions."""
        action, values = self.page.form("/begin/")
        self.page = self.visitor.post(action, values)
        return self.page

    def enter(self, query: str = "") -> Page:
        """Open the link, agree and begin."""
        self.arrive(query)
        if self.page.has_form("/consent/"):
            self.consent()
        if self.page.has_form("/begin/"):
            self.begin()
        return self.page

    def answer(self, value: str, *, focused_ms: int | str = 2500) -> Page:
        """Answer the pair on the page."""
        action, values = self.page.form("/answer/")
        values |= {"answer": value, "focused_ms": str(focused_ms)}
        self.given[self.page.caption] = value
        self.sent.append((action, values))
        self.page = self.visitor.post(action, values)
        return self.page

    def send_again(self, back: int = 1, value: str | None = None) -> Page:
        """Send an answer again that was sent before, as a double click or the back button does."""
        action, values = self.sent[-back]
        self.page = self.visitor.post(action, values | ({"answer": value} if value else {}))
        return self.page

    def reload(self) -> Page:
        """Load the place again."""
        self.page = self.visitor.get(self.door + "go/")
        return self.page

    def look(self) -> Page:
        """Fetch the picture of the pair."""
        found = IMAGE.search(self.page.text)
        assert found, "no picture on this page"
        return self.visitor.get(found.group(1))

    def withdraw(self) -> Page:
        """Withdraw by the page that every page leads to."""
        self.page = self.visitor.get(self.door + "withdraw/")
        action, values = self.page.form("/withdraw/")
        self.page = self.visitor.post(action, values)
        return self.page

    @property
    def is_asked(self) -> bool:
        """Whether a pair is on the page."""
        return self.page.has_form("/answer/")

    @property
    def withdrawal_code(self) -> str:
        """The code shown at the end."""
        found = CODE.search(self.page.text)
        return found.group(1) if found else ""

    @property
    def personal_link(self) -> str:
        """The link to go on elsewhere, on the page that shows it."""
        found = LINK.search(self.page.text)
        return html.unescape(found.group(1)) if found else ""

    def take_part(
        self, answer: Callable[[Page], str] = lambda page: "good", *, most: int | None = None, query: str = ""
    ) -> Page:
        """Go through from the link, answering at most so many pairs."""
        self.enter(query)
        given = 0
        while self.is_asked and (most is None or given < most):
            self.answer(answer(self.page))
            given += 1
        return self.page


def honest(page: Page) -> str:
    """Answer as somebody who sees which captions are wrong."""
    return "bad" if "wrong" in page.caption else "good"
