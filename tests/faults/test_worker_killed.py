"""Workers killed by pid at random points of real jobs: every job ends, with the result of an undisturbed run."""

import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from annotation.machine.ml_requests import ask_for_difficulty, ask_for_similarities
from annotation.models import CaptionVersion, Difficulty, DifficultyVote, Embedding, Similarity
from projects import queue
from projects.models import Job
from projects.models.jobs import JobState
from projects.queue import cancel_job, enqueue
from tests.factories import make_project, make_user
from tests.faults.killing import ended, kill_pool, kill_whole, squares_worker, wait_until
from tests.faults.squares_app import N_CHUNKS, PER_CHUNK, SQUARES
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, find_good, set_threshold
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

POINTS = 20


@pytest.fixture
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process sends no wake-up: every message about its jobs is lost."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


@pytest.fixture
def start_worker(
    live_environment: Mapping[str, str], no_messages: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Callable[[str], LiveProgram]]:
    """Start workers that know the squares; they talk to each other and to nobody else."""
    prefix, started = f"squares-{secrets.token_hex(4)}:", []

    def start(name: str) -> LiveProgram:
        worker = squares_worker(name, live_environment, prefix)
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()


def seeded(name: str) -> random.Random:
    """Return the dice of one run; the seed is printed, so that a failure can be played again."""
    seed = secrets.randbits(32)
    print(f"{name}: seed {seed}")
    return random.Random(seed)


def vectors() -> dict[tuple[str, str, str], list[float]]:
    """Return everything that is embedded, by encoder, modality and content."""
    rows = Embedding.objects.values_list("encoder__name", "modality", "content_hash", "vector")
    return {(encoder, modality, content): vector for encoder, modality, content, vector in rows}


def kill_at_points(
    begin: Callable[[], Job],
    check: Callable[[Job], None],
    kill: Callable[[int], None],
    pause: Callable[[], float],
) -> None:
    """Kill at POINTS points of a job that is at work, beginning a new one where it ended in between; check each."""
    job, points = begin(), 0
    while points < POINTS:
        job.refresh_from_db()
        if not job.is_active:
            check(job)
            job = begin()
        points += 1
        kill(points)
        time.sleep(pause())
    ended(job)
    check(job)


def squares_job() -> Job:
    return enqueue(kind=SQUARES, project=make_project(), parameters={}, asked_by=None)


def attempts(job: Job) -> int:
    return sum(job.chunks.values_list("attempts", flat=True))


def test_a_job_ends_with_the_undisturbed_result_after_its_worker_was_killed_at_twenty_points(
    start_worker: Callable[[str], LiveProgram],
) -> None:
    dice = seeded("squares")
    undisturbed = squares_job()
    worker = start_worker("victim")
    ended(undisturbed)
    assert attempts(undisturbed) == N_CHUNKS
    expected = vectors()
    assert len(expected) == N_CHUNKS * PER_CHUNK

    def begin() -> Job:
        Embedding.objects.all().delete()
        return squares_job()

    def check(job: Job) -> None:
        assert (job.state, job.error) == (JobState.DONE, "")
        assert vectors() == expected
        assert (job.items_done, job.items_total) == (undisturbed.items_done, undisturbed.items_total)
        assert (job.items_failed, job.result) == (undisturbed.items_failed, undisturbed.result)
        assert attempts(job) <= N_CHUNKS + POINTS + 1, "no more than the chunk at hand was lost each time"

    kill_at_points(begin, check, lambda _point: kill_whole(worker), lambda: dice.uniform(0.0, 0.7))


def test_two_workers_share_a_job_and_no_chunk_is_worked_on_twice(
    start_worker: Callable[[str], LiveProgram],
) -> None:
    for name in ("first", "second"):
        start_worker(name)
    job = squares_job()
    queue.wake_waiting_jobs()
    start_worker("caller")  # a worker that starts calls what waits
    ended(job)
    assert job.state == JobState.DONE
    assert attempts(job) == N_CHUNKS
    shares: dict[str, int] = {}
    for worker in job.chunks.values_list("worker", flat=True):
        name = worker.partition("@")[0]
        shares[name] = shares.get(name, 0) + 1
    assert set(shares) == {"first", "second", "caller"}
    for phase in range(3):
        # One that the machine leaves aside for a moment may miss a phase; left alone, one would work on two of them.
        workers = {chunk.worker for chunk in job.chunks.filter(phase=phase)}
        assert len(workers) > 1, "all are called again when a phase begins"


def test_a_job_cancelled_in_the_middle_stops_and_another_one_completes_it(
    start_worker: Callable[[str], LiveProgram],
) -> None:
    job = squares_job()
    start_worker("victim")

    def is_in_the_middle() -> bool:
        job.refresh_from_db()
        return job.items_done > 5 * PER_CHUNK

    wait_until(is_in_the_middle, "the job did not begin")
    cancel_job(job=job, actor=make_user())
    wait_until(
        lambda: not job.chunks.filter(state=JobState.RUNNING).exists(), "the chunk at hand never ended"
    )
    job.refresh_from_db()
    done = job.items_done
    time.sleep(0.5)
    job.refresh_from_db()
    assert (job.state, job.items_done) == (JobState.CANCELLED, done)
    assert done < job.items_total


class Results:
    """What a difficulty job leaves behind."""

    def __init__(self, job: Job) -> None:
        self.vectors = vectors()
        self.cosines = {
            (encoder, version): cosine
            for encoder, version, cosine in Similarity.objects.filter(project=job.project).values_list(
                "encoder__name", "version", "cosine"
            )
        }
        votes = DifficultyVote.objects.filter(run__job=job)
        self.votes: dict[Any, Any] = {
            (encoder, version): (cosine, is_yes)
            for encoder, version, cosine, is_yes in votes.values_list(
                "threshold__encoder__name", "version", "cosine", "is_yes"
            )
        }
        levels = Difficulty.objects.filter(run__job=job)
        self.levels = {
            version: rest for version, *rest in levels.values_list("version", "yes_votes", "level")
        }


def a_difficulty_to_vote(folder: Path, n_images: int, n_captions: int, n_models: int) -> tuple[Job, Results]:
    """Return an undisturbed difficulty job over random models, with what it left."""
    project = a_pool(n_images, n_captions)
    find_good(list(CaptionVersion.objects.filter(project=project)))
    names = [tiny_clip(folder / str(seed), seed) for seed in range(n_models)]
    assert ended(ask_for_similarities(project=project, actor=None, encoders=names)).state == JobState.DONE
    for name in names:
        cosines = sorted(Similarity.objects.filter(encoder__name=name).values_list("cosine", flat=True))
        set_threshold(name, cosines[len(cosines) // 3])
    job = ended(ask_for_difficulty(project=project, actor=None, parameters={"encoders": names}))
    assert job.state == JobState.DONE
    results = Results(job)
    assert len(results.votes) == n_models * n_images * n_captions
    Embedding.objects.all().delete()
    Similarity.objects.all().delete()
    return job, results


@pytest.mark.models
def test_models_killed_at_twenty_points_leave_the_same_embeddings_cosines_votes_and_levels(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    dice, worker = seeded("models"), live_workers["ml"]
    undisturbed, expected = a_difficulty_to_vote(tmp_path, n_images=30, n_captions=12, n_models=4)

    def begin() -> Job:
        Embedding.objects.all().delete()
        Similarity.objects.all().delete()
        assert undisturbed.project is not None
        return ask_for_difficulty(project=undisturbed.project, actor=None, parameters=undisturbed.parameters)

    def kill(point: int) -> None:
        if point % 5 == 0:
            kill_whole(worker)
        else:
            kill_pool(worker)

    kill_at_points(begin, lambda job: assert_same(job, expected), kill, lambda: dice.uniform(0.05, 0.9))


def assert_same(job: Job, expected: Results) -> None:
    """Check that a job left what an undisturbed one had left, to the last bit."""
    assert (job.state, job.error) == (JobState.DONE, "")
    found = Results(job)
    assert found.vectors == expected.vectors
    assert found.cosines == expected.cosines
    assert found.votes == expected.votes
    assert found.levels == expected.levels


@pytest.mark.models
def test_a_job_whose_every_message_was_lost_is_called_again(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as deaf:
        deaf.setattr(queue, "MOST_WAKE_UPS", 0)
        job = ask_for_similarities(
            project=a_pool(2, 2), actor=None, encoders=[tiny_clip(tmp_path / "one", 1)]
        )
    time.sleep(1.0)
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    Job.objects.filter(pk=job.pk).update(woken_at=None)
    assert queue.wake_waiting_jobs() == 1
    assert ended(job).state == JobState.DONE
