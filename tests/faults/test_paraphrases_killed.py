"""Workers killed while they ask an endpoint for paraphrases: the same candidates, and no finished caption again."""

import ipaddress
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings as of_the_tests

from annotation.models import Caption
from polyannot.kernel import programs
from projects.models import Job, JobFailure, Project
from projects.models.jobs import JobState
from projects.queue import enqueue
from tests.chat_server import ChatServer, Said, chatting, completion, in_other_words
from tests.faults.killing import Assassin, ended, serves
from tests.live import LiveProgram
from tests.study_rows import make_judged_project

pytestmark = [pytest.mark.faults, pytest.mark.soak, pytest.mark.django_db(transaction=True)]

ROUNDS, KILLS, ANSWER_SECONDS = 3, 6, 0.1
# Requests for one caption, from its beginning to its end.
RUNS, STEPS = 2, 2
UNANSWERED = "A fine caption number 1 that belongs to picture 2"


def slowly(request: dict[str, Any]) -> Said:
    """Answer after a while, and one caption never with any text."""
    time.sleep(ANSWER_SECONDS)
    return (
        completion("") if request["messages"][-1]["content"].endswith(UNANSWERED) else in_other_words(request)
    )


@pytest.fixture
def chat(settings: Any) -> Iterator[ChatServer]:
    """An endpoint that the settings of this process name."""
    settings.FETCH_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]
    with chatting() as server:
        server.answer = slowly
        settings.PARAPHRASE_ENDPOINT, settings.PARAPHRASE_MODEL = server.base, "test/model"
        yield server


@pytest.fixture
def worker(chat: ChatServer, live_environment: Mapping[str, str]) -> Iterator[LiveProgram]:
    """A worker of the default queue that knows the endpoint."""
    knows = {
        "FETCH_ALLOWED_NETWORKS": "127.0.0.1/32",
        "PARAPHRASE_ENDPOINT": chat.base,
        "PARAPHRASE_MODEL": "test/model",
        "PARAPHRASE_REQUESTS_A_MINUTE": "6000",
    }
    program = programs.worker("asker", ("default",), 1, knows)
    log = of_the_tests.POLYANNOT_HOME / "live-asker.log"
    asker = LiveProgram(program, live_environment, log, lambda: serves("asker"))
    yield asker
    asker.kill()


def asked() -> Job:
    """Ask for the paraphrases of a project with the same captions each time."""
    project = make_judged_project(images=3, good=4, bad=1)
    return enqueue(kind="paraphrases", project=project, parameters={"runs": RUNS}, asked_by=None, seed=7)


def left(job: Job) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return what a job left: candidates with what they are of and which request brought them, and failures."""
    candidates = Caption.objects.filter(imported_by=job).order_by("paraphrase_of__key", "source_key")
    failures = JobFailure.objects.filter(job=job).order_by("item")
    return (
        list(candidates.values_list("paraphrase_of__key", "verbatim", "source_key", "source")),
        list(failures.values_list("item", "reason")),
    )


def counted(job: Job, project: Project) -> tuple[Any, ...]:
    assert job.project == project
    return job.result, job.items_total, job.items_done, job.items_failed


def test_paraphrases_are_those_of_an_undisturbed_run_and_a_kill_repeats_one_caption_at_most(
    chat: ChatServer, worker: LiveProgram
) -> None:
    worker.start()
    undisturbed = ended(asked())
    assert (undisturbed.state, undisturbed.error) == (JobState.DONE, "")
    assert undisturbed.project is not None
    expected, told = left(undisturbed), counted(undisturbed, undisturbed.project)
    assert (len({of for of, *_rest in expected[0]}), len(expected[1])) == (11, 1)
    requests = len(chat.received)
    # The dice print their seed.
    assassin = Assassin(worker, most=KILLS, whole=True)
    for _round in range(ROUNDS):
        chat.received.clear()
        job = asked()
        assassin.disturb(job, longest=1.5)
        assert job.project is not None
        assert (left(job), counted(job, job.project)) == (expected, told)
        attempts = sum(job.chunks.values_list("attempts", flat=True))
        again = attempts - job.chunks.count()
        assert len(chat.received) <= requests + again * RUNS * STEPS, (
            "only the caption at hand is asked for again"
        )
