"""A worker that fetches a list of addresses is killed half-way: another one brings the rest, and no image twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from annotation.importing.requesting import GivenFile, request_import
from annotation.models import Image
from polyannot.kernel import programs
from projects.models import Job, Project
from tests import factories as make
from tests.faults.killing import ended, kill_whole, wait_until
from tests.live import LiveProgram

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

N_PICTURES = 40
PICTURES = {f"/{n}.jpg": make.picture_bytes((6 * n, 255 - 6 * n, 90)) for n in range(N_PICTURES)}


@pytest.fixture
def asked() -> Iterator[tuple[str, Counter[str]]]:
    """A server of pictures that takes its time, and how often each was asked for."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            asked[self.path] += 1
            time.sleep(0.2)
            try:
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.end_headers()
                self.wfile.write(PICTURES[self.path])
            except OSError:
                return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture
def worker(live_worker_named: Callable[..., LiveProgram]) -> Iterator[LiveProgram]:
    """A default worker that may visit this machine."""
    program = programs.worker(
        "fetcher", programs.DEFAULT_QUEUES, 1, {"FETCH_ALLOWED_NETWORKS": "127.0.0.1/32"}
    )
    made = live_worker_named(program, set(programs.DEFAULT_QUEUES))
    made.start()
    yield made
    made.kill()


def asked_for(project: Project, url: str) -> Job:
    listed = "\n".join(f"{url}{path}" for path in PICTURES)
    return request_import(project=project, actor=None, addresses=GivenFile("list.txt", listed.encode()))


def images_of(project: Project) -> list[tuple[str, str, str]]:
    rows = Image.objects.filter(project=project).order_by("key")
    return list(rows.values_list("key", "file__sha256", "fetched_from"))


def test_a_killed_fetch_goes_on_and_ends_as_an_undisturbed_one(
    asked: tuple[str, Counter[str]], worker: LiveProgram
) -> None:
    url, times = asked
    quiet, killed = make.make_project(), make.make_project()
    undisturbed = ended(asked_for(quiet, url))
    assert set(times.values()) == {1}
    times.clear()
    job = asked_for(killed, url)
    wait_until(lambda: len(times) >= N_PICTURES // 2, "half of the pictures were not asked for")
    kill_whole(worker)
    assert Image.objects.filter(project=killed).count() < N_PICTURES, "killed half-way"
    job = ended(job)
    assert (job.state, job.items_failed, job.result) == ("done", 0, undisturbed.result)
    assert images_of(killed) == images_of(quiet)
    assert len(images_of(killed)) == len({key for key, _sha, _url in images_of(killed)}) == N_PICTURES
    assert max(times.values()) <= 2, "only what was in the killed worker's hands is asked for again"
