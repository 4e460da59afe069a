"""Asking an OpenAI-compatible endpoint, whose address, model and key are settings, for one completion at a time.

The address is visited under the check of every address (docs/algorithms/fetching.md). All workers share one pace.
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.utils.translation import gettext as _

from annotation.paraphrasing.answers import AnswerUnusable, answered_text
from polyannot.kernel.broker import client
from polyannot.kernel.errors import Conflict
from polyannot.kernel.fetching import Answered, FetchLimits, FetchRefused, post_for_answer

log = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0
MOST_BYTES = 256 * 1024
# Tries of one request, the wait after the first one, how it grows, and the longest, whatever Retry-After asks for.
MOST_TRIES = 4
FIRST_WAIT = 2.0
GROWTH = 3
LONGEST_WAIT = 30.0
LEAST_A_MINUTE, MOST_A_MINUTE = 6, 6_000
# Answers that another try may turn, and those that are about this caption alone.
TRY_AGAIN = frozenset({408, 409, 425, 429, *range(500, 600)})
ABOUT_THE_CAPTION = frozenset({400, 413, 422})
# Failures of a visit that another try may turn, and those that are about this answer alone; the rest end the job.
GONE_FOR_NOW = frozenset({"unreachable", "too_slow", "cut_off", "host_unknown"})
ABOUT_THE_ANSWER = frozenset({"too_large", "encoded"})

# Give out turns that are so many milliseconds apart, and tell how long it is until the one given.
TURN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local after = turn + ARGV[1]
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', string.format('%.0f', after - now + 1000))
return turn - now
"""


class EndpointAway(Exception):
    """The endpoint did not answer a request in all its tries; the text says how, for a person."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, the key that goes with it, and how often a minute all workers together may ask."""

    base: str
    key: str = field(repr=False)
    per_minute: int

    @property
    def host(self) -> str:
        """Return the host that the captions go to."""
        return urlsplit(self.base).hostname or ""


def configured_endpoint() -> Endpoint:
    """Return the endpoint of the settings. Raises Conflict where there is none that could be asked."""
    base, key, rate = (
        settings.PARAPHRASE_ENDPOINT,
        settings.PARAPHRASE_KEY,
        settings.PARAPHRASE_REQUESTS_A_MINUTE,
    )
    if not base or not settings.PARAPHRASE_MODEL:
        raise Conflict(
            "endpoint_missing",
            _(
                "No language model is named: who runs this server sets PARAPHRASE_ENDPOINT and PARAPHRASE_MODEL."
            ),
        )
    # Checked here so that no error of the HTTP client ever repeats the key.
    if not (key.isascii() and key.isprintable()):
        raise Conflict("endpoint_key", _("PARAPHRASE_KEY holds something that is no key."))
    if not LEAST_A_MINUTE <= rate <= MOST_A_MINUTE:
        raise Conflict(
            "endpoint_rate",
            _("PARAPHRASE_REQUESTS_A_MINUTE is a number from %(least)d to %(most)d.")
            % {"least": LEAST_A_MINUTE, "most": MOST_A_MINUTE},
        )
    return Endpoint(base.rstrip("/"), key, rate)


def ask(endpoint: Endpoint, request: Mapping[str, Any]) -> str:
    """Return the text of one chat completion.

    Raises AnswerUnusable for an answer without such a text, EndpointAway after MOST_TRIES, and Conflict where no
    request could do better (the address or the key is refused).
    """
    reason = ""
    for tried in range(1, MOST_TRIES + 1):
        time.sleep(_until_turn(endpoint.per_minute))
        asked_to_wait = None
        try:
            answer = _posted(endpoint, request)
        except FetchRefused as error:
            reason = _reason(error)
        else:
            if answer.status not in TRY_AGAIN:
                return answered_text(_content(answer))
            reason = _("The endpoint answered %(status)d.") % {"status": answer.status}
            asked_to_wait = retry_after(answer.retry_after)
        if tried < MOST_TRIES:
            time.sleep(wait_after(tried, asked_to_wait))
    raise EndpointAway(_("%(reason)s It was tried %(n)d times.") % {"reason": reason, "n": MOST_TRIES})


def wait_after(tried: int, asked_to_wait: float | None) -> float:
    """Return the seconds to wait after so many tries: what the answer asks for, else growing; LONGEST_WAIT at most."""
    own = FIRST_WAIT * GROWTH ** (tried - 1)
    return min(LONGEST_WAIT, own if asked_to_wait is None else max(0.0, asked_to_wait))


def retry_after(told: str) -> float | None:
    """Return the seconds that a Retry-After names, as a number or as a date; None for anything else."""
    if told.strip().isdecimal():
        return float(told.strip()[:9])
    try:
        at = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()


def _posted(endpoint: Endpoint, request: Mapping[str, Any]) -> Answered:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    limits = FetchLimits(most_bytes=MOST_BYTES, seconds=ANSWER_SECONDS)
    body = json.dumps(request, ensure_ascii=False).encode()
    return post_for_answer(f"{endpoint.base}/chat/completions", body, headers, limits)


def _reason(error: FetchRefused) -> str:
    """Return why a visit failed that may be tried again. Raises Conflict or AnswerUnusable for the others."""
    if error.code in GONE_FOR_NOW:
        return str(error.message)
    if error.code in ABOUT_THE_ANSWER:
        raise AnswerUnusable(str(error.message)) from error
    raise Conflict("endpoint_refused", f"PARAPHRASE_ENDPOINT: {error.message}") from error


def _content(answer: Answered) -> bytes:
    if answer.status == 200:
        return answer.content
    told = _("The endpoint answered %(status)d.") % {"status": answer.status}
    if answer.status in ABOUT_THE_CAPTION:
        raise AnswerUnusable(told)
    raise Conflict(
        "endpoint_refused",
        _("%(told)s Who runs this server looks at PARAPHRASE_ENDPOINT, PARAPHRASE_MODEL and PARAPHRASE_KEY.")
        % {"told": told},
    )


def _until_turn(per_minute: int) -> float:
    """Return the seconds until the next turn of all workers; without the broker each keeps the pace by itself."""
    apart = 60.0 / per_minute
    key = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}paraphrases:turn"
    try:
        server = client(settings.REDIS_URL, os.getpid())
        waits = server.eval(TURN, 1, key, str(round(1000 * apart)))  # type: ignore[no-untyped-call]
    except redis.RedisError as error:
        log.warning("the broker does not give out turns (%s)", type(error).__name__)
        return apart
    return min(60.0, int(waits) / 1000)
