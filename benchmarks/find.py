"""Measure finding by meaning from the question to the page: words that nobody asked before, with a warm model worker.

    python -m benchmarks.find [--port 8000] [--project demo] [--person admin] [--queries 60]

Asks an installation that runs (`make demo` or `make up`, with the same POLYANNOT_HOME), as a browser does: a page that
waits for its worker is asked again after 120 ms. Beside it stands the same page without words, in turns. Exits 1 when
the median is above 300 ms.
"""

import argparse
import json
import os
import random
import re
import statistics
import sys
import time
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import django

from polyannot.embedded import join

if TYPE_CHECKING:
    from benchmarks.web_load import Client

LIMIT_MS, AGAIN_SECONDS, MOST_ASKS = 300.0, 0.12, 40
WAITS = re.compile(r'hx-get="([^"]+)" hx-trigger="load')
WORDS = (
    "boat dog street window child river bread night garden horse snow bridge letter lamp market "
    "tower field cup train coat island kitchen ladder mirror piano rain shadow table violin wheel"
).split()


def whole_answer(client: "Client", address: str) -> tuple[float, int]:
    """Return the milliseconds until a page shows what was found, and how often it was asked for."""
    begun = time.perf_counter()
    page, asks = client.ask("GET", address), 1
    while (again := WAITS.search(page)) and asks < MOST_ASKS:
        time.sleep(AGAIN_SECONDS)
        page, asks = client.ask("GET", unescape(again[1])), asks + 1
    return 1000 * (time.perf_counter() - begun), asks


def main() -> int:
    """Print milliseconds of whole answers and of the page alone as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--project", default="demo")
    parser.add_argument("--person", default="admin")
    parser.add_argument("--queries", type=int, default=60)
    given = parser.parse_args()
    join()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    django.setup()
    from accounts.models import User
    from benchmarks.web_load import Client, signed_in

    client = Client(given.port, signed_in(User.objects.get(username=given.person)))
    here = f"/p/{given.project}/find/"
    draw = random.SystemRandom()  # the words have to be new each time
    whole, alone, asks = [], [], []
    for _query in range(given.queries + 1):
        words = " ".join(draw.sample(WORDS, 5))
        milliseconds, n = whole_answer(client, f"{here}?{urlencode({'q': words})}")
        whole.append(milliseconds)
        asks.append(n)
        begun = time.perf_counter()
        client.ask("GET", here)
        alone.append(1000 * (time.perf_counter() - begun))
    # The first question loads the model where the worker was not warm yet.
    whole, alone, asks = whole[1:], alone[1:], asks[1:]
    told = {
        "queries": given.queries,
        "whole_ms": round(statistics.median(whole), 1),
        "whole_p95_ms": round(statistics.quantiles(whole, n=20)[-1], 1),
        "page_alone_ms": round(statistics.median(alone), 1),
        "answered_at_once": asks.count(1),
        "kept": statistics.median(whole) <= LIMIT_MS,
    }
    print(json.dumps(told, indent=2))
    return 0 if told["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
