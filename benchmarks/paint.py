"""Measure how soon a judgment shows: from the key press to the painted frame, beside a page that only sets a word.

    python -m benchmarks.paint [--judgments 120] [--pause 0.15]

A real browser judges by keyboard in the workspace of a real server, 12 captions an image, image after image. The bare
page beside it has one listener that writes the key into a paragraph; both wait for the same frame. Told are medians,
95th percentiles, how many lay under 50 ms, and the ratio of the medians. Exits 1 where the median is 50 ms or more.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import django

from benchmarks.annotate import CAPTIONS, environment, fill
from polyannot.embedded import join

LONGEST_MS = 50.0
# After the frame that follows the key, when the browser has laid out and painted it.
WATCH = """() => {
  window.painted = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "g") return;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.painted.push(performance.now() - event.timeStamp);
      channel.port2.postMessage(0);
    });
  }, true);
}"""
BARE = """<!doctype html><title>Bare</title><p id="said">-</p>"""
ANSWER = """() => document.addEventListener("keydown", (event) => {
  document.getElementById("said").textContent += event.key;
})"""


def pressed(page: Any, n: int, pause: float) -> list[float]:
    """Press G `n` times, and Enter where an image is done; return the milliseconds to each painted frame."""
    for number in range(n):
        page.keyboard.press("g")
        page.wait_for_timeout(1000 * pause)
        if number % CAPTIONS == CAPTIONS - 1:
            page.keyboard.press("Enter")
            page.wait_for_timeout(1000)
    times: list[float] = page.evaluate("window.painted")
    return times


def told(name: str, times: Sequence[float]) -> float:
    """Print what was seen and return the median in milliseconds."""
    middle = statistics.median(times)
    late = statistics.quantiles(times, n=20)[-1]
    under = sum(time < LONGEST_MS for time in times)
    print(
        f"{name}: median {middle:.1f} ms, p95 {late:.1f} ms, {under} of {len(times)} under {LONGEST_MS:.0f} ms"
    )
    return middle


def measure(n: int, pause: float, database: str) -> int:
    """Serve the database, judge `n` captions in a browser, and compare; returns the exit status."""
    from playwright.sync_api import sync_playwright

    from benchmarks.web_load import serving

    place = fill("paint", n // CAPTIONS + 2, CAPTIONS, 1)
    with (
        serving("polyannot.wsgi:application", environment(database)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        address = f"http://127.0.0.1:{server.port}"
        context.add_cookies([{"name": "sessionid", "value": place.people[0][0], "url": address}])
        bare, page = context.new_page(), context.new_page()
        page.goto(address + place.workspace)
        page.evaluate(WATCH)
        own = told("workspace", pressed(page, n, pause))
        bare.bring_to_front()
        bare.set_content(BARE)
        bare.evaluate(WATCH)
        bare.evaluate(ANSWER)
        reference = told("bare page", pressed(bare, n, pause))
        browser.close()
    print(f"ratio of the medians: {own / reference:.2f}")
    return 0 if own < LONGEST_MS else 1


def main() -> int:
    """Join the embedded server, make a database, measure, and remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, default=120)
    parser.add_argument("--pause", type=float, default=0.15, help="seconds between key presses")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "polyannot.settings"
    # Playwright's synchronous calls run an event loop in this thread; the database is used between them.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
    join()
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    call_command("collectstatic", interactive=False, verbosity=0)
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    try:
        return measure(options.judgments, options.pause, str(connection.settings_dict["NAME"]))
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
