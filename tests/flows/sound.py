"""What every page is held against: axe finds nothing on it, and nothing runs over its side.

A page that a click asked for is not there at once: a test waits for something of it before it looks.
"""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# The rules that a theme can break: a page is looked at whole in the light one, and for these in the dark one too.
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
RUN = "(options) => axe.run(options).then((told) => told.violations)"


def violations(page: Page, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return what axe finds on the page once it is loaded; `options` are axe's own."""
    page.wait_for_load_state()
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    asked = {"resultTypes": ["violations"], **(options or {})}
    found: list[dict[str, Any]] = page.evaluate(RUN, asked)
    return found


def violations_in(page: Page, scheme: str, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return what axe finds on a page that was looked at in the light theme before, if this is the dark one."""
    return violations(page, OF_COLOURS if scheme == "dark" else options)


def told(found: list[dict[str, Any]]) -> list[str]:
    """Return each rule that is broken with the first piece of the page that breaks it."""
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


def overrun(page: Page) -> int:
    """Return by how many CSS pixels the page is wider than its window; 0 where it fits."""
    page.wait_for_load_state()
    return int(page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth"))
