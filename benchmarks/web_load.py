"""Load over HTTP: a server under measurement, clients that keep their connection, and what they saw."""

import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore
from django.middleware.csrf import CSRF_SECRET_LENGTH

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 90.0
SECRET = "c" * CSRF_SECRET_LENGTH


def signed_in(person: AbstractBaseUser) -> str:
    """Return the key of a new session of this person."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    (session[BACKEND_SESSION_KEY],) = settings.AUTHENTICATION_BACKENDS
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return str(session.session_key)


class Client:
    """One person's browser, as far as the server can tell: a kept connection, session and CSRF cookies."""

    def __init__(self, port: int, session: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies = {"sessionid": session, "csrftoken": SECRET}

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer, JSON as Python and anything else as text. Raises OSError for a status above 299."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "Accept": "application/json",
            "X-CSRFToken": self._cookies["csrftoken"],
        }
        sent = None
        if body is not None:
            sent = json.dumps(body)
            headers["Content-Type"] = "application/json"
        if form is not None:
            sent = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        told = answer.read()
        for given in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(given).items()}
        if answer.status > 299:
            raise OSError(f"{method} {path} was answered {answer.status}: {told[:300]!r}")
        is_json = answer.headers.get_content_type() == "application/json"
        return json.loads(told) if is_json else told.decode()


@dataclass
class Load:
    """What the clients saw: loops done, seconds of each kind of request, and the server's processor time."""

    seconds: float
    loops: int
    latencies: dict[str, list[float]]
    processor_ms: float
    errors: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Loops a second over all clients."""
        return self.loops / self.seconds

    def percentile(self, kind: str, percent: int) -> float:
        """Return a percentile of the latencies of a kind, in milliseconds."""
        values = sorted(self.latencies.get(kind, ())) or [float("nan")]
        return 1000 * values[min(len(values) - 1, len(values) * percent // 100)]

    def told(self) -> str:
        """Return a line for people."""
        kinds = "; ".join(
            f"{kind} p50 {self.percentile(kind, 50):.0f} p95 {self.percentile(kind, 95):.0f} ms"
            for kind in sorted(self.latencies)
        )
        cost = self.processor_ms / max(self.loops, 1)
        return f"{self.per_second:7.1f} loops/s  {kinds}  {cost:.1f} processor ms a loop  {len(self.errors)} errors"


Timed = Callable[[str, Callable[[], Any]], Any]
Loop = Callable[[Timed], None]


def play(
    loops: Sequence[Loop], seconds: float, server: "Server", every: float | None = None, seed: int = 7
) -> Load:
    """Run each loop in a thread of its own for some seconds; with `every`, one turn each so many seconds.

    With a pace each thread begins at a random phase of it (from `seed`), and a turn that comes late is not made up.
    """
    chance = random.Random(seed)
    told = Load(seconds, 0, {}, 0.0)
    lock = threading.Lock()
    before = server.processor_seconds()
    start = time.perf_counter()
    threads = [
        threading.Thread(target=_run, args=(loop, chance.random(), start, seconds, every, told, lock))
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.seconds = time.perf_counter() - start
    told.processor_ms = 1000 * (server.processor_seconds() - before)
    return told


def _run(
    loop: Loop,
    phase: float,
    start: float,
    seconds: float,
    every: float | None,
    told: Load,
    lock: threading.Lock,
) -> None:
    latencies: dict[str, list[float]] = {}
    done, errors = 0, []

    def timed(kind: str, act: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        answer = act()
        latencies.setdefault(kind, []).append(time.perf_counter() - began)
        return answer

    due = start + phase * (every or 0.0)
    while time.perf_counter() < start + seconds:
        if every is not None:
            time.sleep(max(0.0, due - time.perf_counter()))
            due = max(due + every, time.perf_counter())
        try:
            loop(timed)
            done += 1
        except (OSError, http.client.HTTPException) as error:
            errors.append(str(error))
            break
    with lock:
        told.loops += done
        told.errors += errors
        for kind, values in latencies.items():
            told.latencies.setdefault(kind, []).extend(values)


@dataclass(frozen=True)
class Server:
    """A web server under measurement with its PostgreSQL backends' database."""

    process: subprocess.Popen[bytes]
    port: int

    def processor_seconds(self) -> float:
        """Return the processor time that the server and its children have used; the database is not in it."""
        return sum(_processor_seconds(pid) for pid in _family(self.process.pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from _family(int(child))


def _processor_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / CLOCK_TICKS


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(application: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve a WSGI application by granian as polyannot is served (2 processes of 4 threads) until the block ends."""
    port = free_port()
    command = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    size = ["--workers", "2", "--blocking-threads", "4", "--log-level", "warning"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, *command, *size, application],
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
        try:
            if not _answers(process, port):
                log.seek(0)
                raise RuntimeError(f"{application} did not start: {log.read()[-2000:].decode()}")
            yield Server(process, port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return True
        except OSError:
            time.sleep(0.2)
    return False


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)
