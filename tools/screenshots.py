"""Fill docs/images with the pages of the demonstration: 1440 and 390 px wide, light and dark.

`make screenshots` runs it. It starts a demonstration of its own in a temporary folder, so nothing that is stored
anywhere else is touched, has its workers do what the demonstration does not come with (tools/shown_work.py), and
needs Debian's Chromium (or the one that CHROMIUM names). With `--guides` it takes just the pictures that the guides
show, smaller; `--address` names a demonstration that runs already, which is changed by it: that work is done there,
and an import is tried, of which nothing comes in.
"""

import argparse
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools.shown_work import have_done, token_of_an_admin

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTHS = {1440: 900, 390: 844}
THEMES = ("light", "dark")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]

# A longer page is cut here; nobody reads further in a picture.
TALLEST = 1600
QUALITY = 82
# Pictures of the guides: cut shorter and scaled down to so many pixels of width, so that the documentation stays small.
GUIDE_TALLEST, GUIDE_WIDTH, GUIDE_QUALITY = 1080, 1080, 68
# What the guides show: a page and its variants, a wide one in light where nothing is said.
GUIDES: dict[str, tuple[tuple[int, str], ...]] = {
    **dict.fromkeys(
        "annotate-home feedback my-work onboarding known-answers review review-round adjudicate batch-new captions find"
        " agreement difficulty choices pools studies study-plan study-sets study-results import import-trial"
        " progress people tokens jobs release-new release-detail taken-down cleaning benchmark"
        " webhook".split(),
        ((1440, "light"),),
    ),
    "workspace": ((1440, "light"), (390, "dark")),
}
TRIED = b"""image_key,caption_key,text,source
cat,tried-01,A cat who has read the room and found it wanting.,trial
cat,tried-02,Whiskers first and then the rest of the afternoon.,trial
nowhere,tried-03,This image is not in the project.,trial
"""

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
    ("benchmark", "researcher", "/p/demo/difficulty/benchmark/"),
    ("choices", "researcher", "/p/demo/choices/"),
    ("studies", "researcher", "/p/demo/studies/"),
    ("study-plan", "researcher", "/p/demo/studies/|^Edit"),
    ("study-sets", "researcher", "/p/demo/studies/|^Edit|^Sets"),
    ("study-results", "researcher", "/p/demo/studies/|^Results"),
    ("releases", "admin", "/p/demo/releases/"),
    ("release-detail", "admin", "/p/demo/releases/|^0\\."),
    ("release-new", "admin", "/p/demo/releases/new/"),
    ("taken-down", "admin", "/p/demo/releases/taken-down/"),
    ("import", "admin", "/p/demo/import/"),
    ("import-trial", "admin", "/p/demo/import/"),
    ("pools", "admin", "/p/demo/pools/"),
    ("find", "admin", "/p/demo/find/?q=a+cup+of+coffee+on+a+saucer"),
    ("judgments-export", "admin", "/p/demo/judgments/export/"),
    ("judgments-import", "admin", "/p/demo/judgments/import/"),
    ("estimates", "admin", "/p/demo/agreement/estimates/"),
    ("jobs", "admin", "/p/demo/jobs/"),
    ("tokens", "admin", "/p/demo/tokens/"),
    ("sampling", "admin", "/p/demo/images/sampling/"),
    ("cleaning", "admin", "/p/demo/captions/cleaning/|UTC$"),
    ("webhooks", "admin", "/p/demo/webhooks/"),
    ("webhook", "admin", "/p/demo/webhooks/|^Nightly"),
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
    corpus = Path(home) / "corpora" / "web-captions"
    corpus.mkdir(parents=True)
    (corpus / "part-0.tsv").write_text("caption\turl\nA cat in a window\thttps://example.org/1.jpg\n")
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
    """Open a path, and from there the first link with the words behind each |."""
    place, *steps = path.split("|")
    page.goto(f"{address}{place}")
    for words in steps:
        page.get_by_role("main").get_by_role("link", name=re.compile(words)).first.click()
    page.wait_for_load_state("networkidle")


def try_an_import(page: Page) -> None:
    """Try a small table of captions on the page of imports and wait for what the trial says."""
    page.set_input_files(
        "input[name=captions]", {"name": "more.csv", "mimeType": "text/csv", "buffer": TRIED}
    )
    page.click("button[value=trial]")
    page.get_by_text("image_key").or_(page.get_by_text("nowhere")).first.wait_for(timeout=120_000)
    page.wait_for_load_state("networkidle")


def wait_for_a_model(page: Page) -> None:
    """Ask again while no model worker has answered: it loads its model at the first question."""
    for _ in range(20):
        if not page.get_by_role("link", name="Try again").count():
            return
        page.wait_for_timeout(3_000)
        page.reload()
        page.wait_for_load_state("networkidle")


def in_guides(name: str, width: int, theme: str) -> bool:
    """Say whether the guides show a picture."""
    return (width, theme) in GUIDES.get(name, ())


def picture(
    browser: Browser, address: str, width: int, theme: str, *, is_guide: bool, only: Sequence[str]
) -> None:
    """Take every page, or those of the guides, or only some, at one width in one theme."""
    signed_in: str | None = None
    context = None
    for name, person, path in PAGES:
        if (is_guide and not in_guides(name, width, theme)) or (only and name not in only):
            continue
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
        if name == "import-trial":
            try_an_import(page)
        elif name == "find":
            wait_for_a_model(page)
        taken = take(page, name, width, GUIDE_TALLEST if is_guide else TALLEST)
        (IMAGES / f"{name}-{width}-{theme}.jpg").write_bytes(for_guide(taken) if is_guide else jpeg(taken))


def take(page: Page, name: str, width: int, tallest: int) -> bytes:
    """Return a page as PNG, no taller than `tallest`."""
    height = WIDTHS[width] if name == "workspace" else page.evaluate("document.documentElement.scrollHeight")
    return page.screenshot(
        full_page=name != "workspace",
        clip={"x": 0, "y": 0, "width": width, "height": min(height, tallest)},
    )


def jpeg(taken: bytes, *, width: int | None = None, quality: int = QUALITY) -> bytes:
    """Return a picture as JPEG, scaled down to a width where one is given."""
    with Image.open(io.BytesIO(taken)) as opened:
        image = opened.convert("RGB")
    if width is not None and image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def for_guide(taken: bytes) -> bytes:
    """Return a picture as the guides show it."""
    return jpeg(taken, width=GUIDE_WIDTH, quality=GUIDE_QUALITY)


def main() -> int:
    """Take the pictures; exit status 1 when the demonstration does not start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guides", action="store_true", help="just what the guides show")
    parser.add_argument("--address", help="of a demonstration that runs already")
    parser.add_argument("--only", nargs="*", default=[], help="names of pages")
    asked = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    running = nullcontext(asked.address) if asked.address else demonstration()
    with running as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=CHROMIUM_ARGUMENTS
        )
        page = browser.new_page()
        sign_in(page, address, "admin")
        have_done(address, token_of_an_admin(page, address))
        for width in WIDTHS:
            for theme in THEMES:
                picture(browser, address, width, theme, is_guide=asked.guides, only=asked.only)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
