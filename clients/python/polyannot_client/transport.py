"""Requests: a token with each, refusals as errors, and another try where that is safe."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from polyannot_client.errors import ApiError

PREFIX = "/api/v1/"
TRIES = 4
LONGEST_PAUSE = 60.0


class Transport:
    """One token at one server."""

    def __init__(self, url: str, token: str, *, timeout: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout
        self.http = httpx.Client(
            base_url=self.url,
            timeout=timeout,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json, */*"},
        )

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Return what is at an address."""
        return _told(self._send("GET", path, params=_given(query)))

    def post(self, path: str, json: object = None, files: object = None) -> dict[str, Any]:
        """Send something under a key of its own, so that a second try makes nothing twice."""
        return _told(self._send("POST", path, json=json, files=files))

    def rows(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list, page after page."""
        page = self.get(path, page_size=200, **query)
        yield from page["results"]
        while page["next"]:
            page = _told(self._send("GET", self._own(page["next"])))
            yield from page["results"]

    @contextmanager
    def stream(self, method: str, path: str, json: object = None) -> Iterator[httpx.Response]:
        """Give an answer that is read while it comes."""
        with self.http.stream(method, PREFIX + path, json=json) as response:
            if response.is_error:
                response.read()
                raise _refusal(response)
            yield response

    def _own(self, address: str) -> str:
        """Return the address of a next page without its host: the token goes to this server and nowhere else."""
        return httpx.URL(address).raw_path.decode("ascii").partition(PREFIX)[2]

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for attempt in range(1, TRIES + 1):
            try:
                response = self.http.request(method, PREFIX + path, headers=key, **_rewound(more))
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
                time.sleep(0.2 * 2**attempt)
                continue
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS or attempt == TRIES:
                break
            time.sleep(min(float(response.headers.get("Retry-After", 1)), LONGEST_PAUSE))
        if response.is_error:
            raise _refusal(response)
        return response


def _rewound(more: dict[str, Any]) -> dict[str, Any]:
    """Set files back to their beginning before they are sent, again or for the first time."""
    for _name, (_file_name, content) in more.get("files") or ():
        content.seek(0)
    return more


def _given(query: dict[str, object]) -> dict[str, Any]:
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }


def _told(response: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = response.json()
    return told


def _refusal(response: httpx.Response) -> ApiError:
    try:
        told = response.json()
        return ApiError(response.status_code, told["code"], told["detail"], told.get("errors", []))
    except (ValueError, KeyError, TypeError):
        return ApiError(response.status_code, "unreadable", response.text[:200], [])
