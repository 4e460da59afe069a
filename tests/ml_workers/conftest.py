"""The workers of the tests of models: started at the first test that needs them, kept until the folder is left.

A worker of models loads torch, which takes longer than most of these tests. Nothing here relies on there being none:
tests that run a job by themselves keep it in a transaction that no worker sees.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import pytest

from polyannot.kernel import programs
from polyannot.kernel.programs import Program
from tests.live import LiveProgram, stop_together

HERE = Path(__file__).parent
KEPT = pytest.StashKey[Collection[LiveProgram]]()


@pytest.fixture(scope="session")
def described_workers(
    request: pytest.FixtureRequest, live_worker_named: Callable[[Program, set[str]], LiveProgram]
) -> Iterator[Mapping[str, LiveProgram]]:
    """The workers of all queues, `default` and `ml`, not started."""
    workers = {
        "default": live_worker_named(programs.default_worker(), set(programs.DEFAULT_QUEUES)),
        "ml": live_worker_named(programs.model_worker(), set(programs.MODEL_QUEUES)),
    }
    request.config.stash[KEPT] = list(workers.values())
    yield workers
    stop_together(list(workers.values()))


@pytest.fixture
def live_workers(described_workers: Mapping[str, LiveProgram]) -> Mapping[str, LiveProgram]:
    """The same, at work."""
    for worker in described_workers.values():
        if worker.process is None:
            worker.start()
    return described_workers


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop the workers when the next test is none of this folder: elsewhere they would take its jobs."""
    try:
        yield
    finally:
        if nextitem is None or HERE not in nextitem.path.parents:
            stop_together(item.config.stash.get(KEPT, []))
