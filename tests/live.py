"""Real programs beside the tests: workers and the web server, on the test database and broker.

They see only what is committed, so a test that uses them needs `@pytest.mark.django_db(transaction=True)`. The web
server starts once a session, workers once a module (in tests/ml_workers once for all of them): a worker that went on
would take the jobs of tests that run theirs by themselves. A test that kills one starts it again.

    live_default_worker   the worker of the default queue
    live_workers          that one and the worker of the model queues, by name: live_workers["ml"].kill()
    live_web              the web server: live_web.url is its address with a trailing slash
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from polyannot.embedded import linux
from polyannot.kernel import programs
from polyannot.kernel.programs import Program
from polyannot.kernel.supervisor import kill_group
from projects.health import served_queues

START_SECONDS = 600.0
STOP_SECONDS = 20.0


@dataclass
class LiveProgram:
    """One running program; what it writes goes into `log`."""

    program: Program
    environment: Mapping[str, str]
    log: Path
    is_up: Callable[[], bool]
    url: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the main process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it works; fails with the end of its log where it does not."""
        parent = os.getpid()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.program.command,
                env={**os.environ, **self.environment, **self.program.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=lambda: linux.die_with_parent(signal.SIGKILL, parent),  # noqa: PLW1509
            )
        self.wait()

    def wait(self) -> None:
        """Return when it works."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            if self.is_up():
                return
            time.sleep(0.1)
        pytest.fail(f"{self.program.name} did not start:\n{self.tail()}")

    def tail(self) -> str:
        """Return the last lines it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def stop(self) -> None:
        """End it as an operator would, then make sure that nothing of it is left."""
        self.ask_to_end()
        self.await_end()

    def ask_to_end(self) -> None:
        """Say that it is to end, and do not wait."""
        if self.process is not None:
            self.process.terminate()

    def await_end(self) -> None:
        """Wait until it has ended; it is pressed for it after a while, and nothing of it is left."""
        if self.process is None:
            return
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(self.program.abrupt_signal)
        self.kill()

    def kill(self) -> None:
        """Kill every process of it, as a machine that loses power would."""
        if self.process is not None:
            kill_group(self.process.pid)
            self.process.wait()
            self.process = None


def stop_together(workers: Collection[LiveProgram]) -> None:
    """Stop several workers, each of which ends while the others do."""
    for worker in workers:
        worker.ask_to_end()
    for worker in workers:
        worker.await_end()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Say whether a web server answers anything at all."""
    try:
        with urlopen(url, timeout=20):
            return True
    except URLError as error:
        return hasattr(error, "code")
    except OSError:
        return False


@pytest.fixture(scope="session")
def live_environment(django_db_setup: None) -> Mapping[str, str]:
    """What makes a program work on the database of the tests."""
    name = connection.settings_dict["NAME"]
    return {
        "DATABASE_URL": urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "PERSONAL_DATA_KEYS": ",".join(settings.PERSONAL_DATA_KEYS),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="session")
def live_worker_named(
    live_environment: Mapping[str, str], django_db_blocker: DjangoDbBlocker
) -> Callable[[Program, set[str]], LiveProgram]:
    """Return how to describe a worker: its program and the queues it must be seen to serve."""

    def describe(program: Program, queues: set[str]) -> LiveProgram:
        def is_up() -> bool:
            with django_db_blocker.unblock():
                return queues <= (served_queues() or set())

        log = settings.POLYANNOT_HOME / f"live-{program.name}.log"
        return LiveProgram(program, live_environment, log, is_up)

    return describe


@pytest.fixture(scope="module")
def live_default_worker(
    live_worker_named: Callable[[Program, set[str]], LiveProgram],
) -> Iterator[LiveProgram]:
    """The worker of the default queue."""
    worker = live_worker_named(programs.default_worker(), set(programs.DEFAULT_QUEUES))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture(scope="module")
def live_workers(
    live_default_worker: LiveProgram, live_worker_named: Callable[[Program, set[str]], LiveProgram]
) -> Iterator[Mapping[str, LiveProgram]]:
    """The workers of all queues: `default` and `ml`."""
    models = live_worker_named(programs.model_worker(), set(programs.MODEL_QUEUES))
    models.start()
    yield {"default": live_default_worker, "ml": models}
    stop_together([models, live_default_worker])


@pytest.fixture(scope="session")
def live_web(live_environment: Mapping[str, str]) -> Iterator[LiveProgram]:
    """The web server that polyannot runs, on a free port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    program = programs.web("127.0.0.1", port)
    web = LiveProgram(
        program,
        live_environment,
        settings.POLYANNOT_HOME / "live-web.log",
        lambda: answers(f"{url}healthz"),
        url,
    )
    web.start()
    yield web
    web.stop()
