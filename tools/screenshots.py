"""Fill docs/images with the pages of the demonstration: 1440 and 390 px wide, light and dark.

`make screenshots` runs it. It starts a demonstration of its own in a temporary folder, so nothing that is stored
anywhere else is touched, and needs Debian's Chromium (or the one that CHROMIUM names).
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTHS = {1440: 900, 390: 844}
THEMES = ("light", "dark")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]

# A longer page is cut here; nobody reads further in a picture.
TALLEST = 1600
QUALITY = 82

# Who looks at what: (name of the picture, sign-in name or None, path). "path|words" follows the link with these words.
PAGES: tuple[tuple[str, str | None, str], ...] = (
    ("sign-in", None, "/accounts/sign-in/"),
    ("annotate-home", "annotator-a", "/p/demo/annotate/"),
    ("workspace", "annotator-a", "/p/demo/annotate/|^Continue"),
    ("feedback", "annotator-a", "/p/demo/annotate/feedback/"),
    ("my-work", "annotator-a", "/p/demo/annotate/my-work/"),
    ("guidelines", "annotator-a", "/p/demo/guidelines/"),
    ("precedents", "annotator-a", "/p/demo/guidelines/precedents/"),
    ("labels", "head", "/p/demo/guidelines/labels/"),
    ("known-answers", "head", "/p/demo/guidelines/known/"),
    ("onboarding", "head", "/p/demo/guidelines/onboarding/"),
    ("progress", "head", "/p/demo/progress/"),
    ("images", "head", "/p/demo/images/"),
    ("image-detail", "head", "/p/demo/images/|Chelsea"),
    ("captions", "head", "/p/demo/captions/?q=cat"),
    ("review", "head", "/p/demo/review/"),
    ("review-round", "head", "/p/demo/review/|^Review \\d"),
    ("questions", "head", "/p/demo/review/questions/"),
    ("batches", "head", "/p/demo/batches/"),
    ("batch-new", "head", "/p/demo/batches/new?purpose=reannotation"),
    ("adjudicate", "head", "/p/demo/adjudicate/"),
    ("agreement", "head", "/p/demo/agreement/"),
    ("difficulty", "researcher", "/p/demo/difficulty/"),
    ("choices", "researcher", "/p/demo/choices/"),
    ("studies", "researcher", "/p/demo/studies/"),
    ("study-plan", "researcher", "/p/demo/studies/|^Edit"),
    ("study-results", "researcher", "/p/demo/studies/|^Results"),
    ("releases", "admin", "/p/demo/releases/"),
    ("release-detail", "admin", "/p/demo/releases/|^0.1.0"),
    ("release-new", "admin", "/p/demo/releases/new/"),
    ("import", "admin", "/p/demo/import/"),
    ("judgments-export", "admin", "/p/demo/judgments/export/"),
    ("judgments-import", "admin", "/p/demo/judgments/import/"),
    ("estimates", "admin", "/p/demo/agreement/estimates/"),
    ("jobs", "admin", "/p/demo/jobs/"),
    ("people", "admin", "/p/demo/people/"),
    ("site", "site-admin", "/site/"),
)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def demonstration() -> Iterator[str]:
    """Run a demonstration of its own and yield its address; ends the program with status 1 where it does not start."""
    home = tempfile.mkdtemp(prefix="polyannot-pictures-")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "demo"],
        env={**os.environ, "POLYANNOT_HOME": home, "PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            if "Ready:" in line:
                break
        else:
            raise SystemExit("The demonstration did not start.")
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.stdout is not None:
            process.stdout.close()  # what is still said goes nowhere, and nobody waits to say it
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


def sign_in(page: Page, address: str, name: str) -> None:
    """Sign in with a demo account."""
    page.goto(f"{address}/accounts/sign-in/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", f"demo-{name}")
    page.click("form button[type=submit]")


def open_page(page: Page, address: str, path: str) -> None:
    """Open a path, and from there the first link with the words behind |."""
    place, _bar, words = path.partition("|")
    page.goto(f"{address}{place}")
    if words:
        page.get_by_role("link", name=re.compile(words)).first.click()
    page.wait_for_load_state("networkidle")


def picture(browser: Browser, address: str, width: int, theme: str) -> None:
    """Take every page at one width in one theme."""
    signed_in: str | None = None
    context = None
    for name, person, path in PAGES:
        if context is None or person != signed_in:
            context = browser.new_context(
                viewport={"width": width, "height": WIDTHS[width]},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
            )
            signed_in = person
            page = context.new_page()
            if person is not None:
                sign_in(page, address, person)
        open_page(page, address, path)
        height = (
            WIDTHS[width] if name == "workspace" else page.evaluate("document.documentElement.scrollHeight")
        )
        page.screenshot(
            path=IMAGES / f"{name}-{width}-{theme}.jpg",
            type="jpeg",
            quality=QUALITY,
            full_page=name != "workspace",
            clip={"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)},
        )


def main() -> int:
    """Take all pictures; exit status 1 when the demonstration does not start."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=CHROMIUM_ARGUMENTS
        )
        for width in WIDTHS:
            for theme in THEMES:
                picture(browser, address, width, theme)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
