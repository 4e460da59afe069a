"""The programs that make up a running polyannot: web server, workers, scheduler."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL, SIGQUIT, SIGTERM, Signals

DEFAULT_QUEUES = ("default",)
MODEL_QUEUES = ("cpu", "gpu", "interactive")
SCHEDULER = "beat"
# A worker takes JSON only, so what Celery fears of root (unpickling) cannot happen.
NO_FEAR_OF_ROOT = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
# Said by the worker to polyannot.celery: only with it are the tasks of the models (and torch) loaded.
MODEL_WORKER = {"POLYANNOT_WORKER": "ml"}

CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "polyannot")
WEB_WORKERS = 2
WEB_THREADS = 4
DEFAULT_CONCURRENCY = 2
MODEL_CONCURRENCY = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A command, what it adds to the environment, and the signal on which it drops its work at once.

    `orphan_signal` is what the kernel sends it when the program that started it is gone. One that runs once is done
    when it ends with status 0; any other is started again.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    abrupt_signal: Signals = SIGTERM
    orphan_signal: Signals = SIGTERM
    runs_once: bool = False


def has_models() -> bool:
    """Say whether this installation can run models: torch is there (it is looked for, not loaded)."""
    return find_spec("torch") is not None


def web(host: str, port: int) -> Program:
    """Return the production web server."""
    options = ["--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws"]
    size = ["--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS)]
    care = ["--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning"]
    command = [sys.executable, "-m", "granian", *options, *size, *care, "polyannot.wsgi:application"]
    return Program("web", tuple(command))


def worker(name: str, queues: tuple[str, ...], concurrency: int, environment: Mapping[str, str]) -> Program:
    """Return a Celery worker for some queues; SIGQUIT makes it drop its tasks, which others then find.

    An orphan is killed: a worker that looks for its lost broker at that moment may pass a gentler signal over. Its
    processes end when it is gone.
    """
    celery = [*CELERY, "worker", "--loglevel", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    role = ["-Q", ",".join(queues), "-n", f"{name}@%h", "--concurrency", str(concurrency)]
    return Program(name, (*celery, *quiet, *role), {**NO_FEAR_OF_ROOT, **environment}, SIGQUIT, SIGKILL)


def default_worker() -> Program:
    """Return the worker of everything that needs no model."""
    return worker("default", DEFAULT_QUEUES, DEFAULT_CONCURRENCY, {})


def model_worker() -> Program:
    """Return the worker of the model queues."""
    return worker("ml", MODEL_QUEUES, MODEL_CONCURRENCY, MODEL_WORKER)


def scheduler(folder: Path) -> Program:
    """Return the scheduler, which notes in the folder when it last did what."""
    state = ["--schedule", str(folder / "celerybeat-schedule"), "--pidfile", ""]
    celery = [*CELERY, "beat", "--loglevel", "WARNING"]
    return Program(SCHEDULER, (*celery, *state))


def whole(host: str, port: int, folder: Path) -> list[Program]:
    """Return everything that one machine runs; without torch there is no model worker, and none is missed."""
    workers = [default_worker(), model_worker()] if has_models() else [default_worker()]
    return [web(host, port), *workers, scheduler(folder)]


def expected_by_health() -> str:
    """Return what /healthz of such a machine should miss, unless the environment says otherwise."""
    expected = [*DEFAULT_QUEUES, *(MODEL_QUEUES if has_models() else ()), SCHEDULER]
    return os.environ.get("HEALTH_EXPECTS", ",".join(expected))
