"""What every page is held against: axe finds nothing on it, and nothing runs over its side.

A page that a click asked for is not there at once: a test waits for something of it before it looks.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return what axe finds on the page once it is loaded; `options` are axe's own."""
    page.wait_for_load_state()
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return found


def told(found: list[dict[str, Any]]) -> list[str]:
    """Return each rule that is broken with the first piece of the page that breaks it."""
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


def overrun(page: Page) -> int:
    """Return by how many CSS pixels the page is wider than its window; 0 where it fits."""
    page.wait_for_load_state()
    return int(page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth"))
