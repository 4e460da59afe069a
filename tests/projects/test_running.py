"""Jobs: planned once, worked on in chunks under claims, finished once, whatever happens to who works on them."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.db.models.functions import Now
from django.utils import timezone

from polyannot.kernel.errors import Conflict, Invalid
from projects import claims, queue, running
from projects.models import Event, Job, JobChunk, Project
from projects.models.jobs import JobQueue, JobState
from projects.queue import KINDS, cancel_job, enqueue, register_kind, retry_job, wake_waiting_jobs
from projects.running import RUNNERS, ChunkOutcome, ChunkPlan, register_runner, run_job
from tests.factories import make_project, make_user

KIND = "test-counting"


@dataclass
class Counting:
    """A runner that notes what it did; `act` is called with every chunk before it counts as treated."""

    plans: Sequence[ChunkPlan] = (ChunkPlan([1, 2]), ChunkPlan([3, 4]), ChunkPlan([5], phase=1))
    act: Callable[[Job, JobChunk], ChunkOutcome | None] = lambda _job, _chunk: None
    treated: list[int] = field(default_factory=list)
    workers: set[str] = field(default_factory=set)
    planned: int = 0
    finished: int = 0

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        self.planned += 1
        return self.plans

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        outcome = self.act(job, chunk) or ChunkOutcome()
        self.treated += chunk.items
        self.workers.add(threading.current_thread().name)
        return outcome

    def finish(self, job: Job) -> dict[str, Any]:
        self.finished += 1
        return {"treated": len(self.treated)}


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    """A kind of job that only this process can run; no message about it reaches another worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)
    runner = Counting()
    register_kind(KIND, JobQueue.CPU, "Counting")
    register_runner(KIND, runner)
    yield runner
    del KINDS[KIND], RUNNERS[KIND]


def asked(project: Project, **parameters: object) -> Job:
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=None)


def run(job: Job) -> Job:
    run_job(job.pk, worker="tests@here")
    job.refresh_from_db()
    return job


def kill_connections() -> None:
    """End every other connection to the test database, as a restart of the server would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def in_thread(act: Callable[[], object], name: str = "") -> threading.Thread:
    """Start a thread with a database connection of its own that is closed at the end."""

    def closing() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=closing, name=name or None)
    thread.start()
    return thread


@pytest.mark.django_db
def test_a_job_is_planned_once_runs_all_chunks_in_the_order_of_phases_and_keeps_its_result(
    counting: Counting,
) -> None:
    job = run(asked(make_project()))
    assert (job.state, job.result) == (JobState.DONE, {"treated": 5})
    assert (job.items_total, job.items_done, job.items_failed, job.percent) == (5, 5, 0, 100)
    assert counting.treated == [1, 2, 3, 4, 5]
    run_job(job.pk)
    assert (counting.planned, counting.finished) == (1, 1), "a wake-up that comes late changes nothing"


@pytest.mark.django_db
def test_a_job_without_anything_to_do_is_done(counting: Counting) -> None:
    counting.plans = ()
    assert run(asked(make_project())).state == JobState.DONE


@pytest.mark.django_db
def test_items_left_out_are_listed_once_with_their_reason_and_the_rest_is_done(counting: Counting) -> None:
    counting.act = lambda _job, _chunk: ChunkOutcome([("image-7", "The file cannot be read.")])
    job = run(asked(make_project()))
    assert job.state == JobState.DONE
    assert list(job.failures.values_list("item", "reason")) == [("image-7", "The file cannot be read.")]
    assert job.items_failed == 1, "the same item fails in every phase and still counts once"


@pytest.mark.django_db
def test_a_failure_is_written_on_the_job_with_its_reason_and_a_reference_into_the_log(
    counting: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_job: Job, _chunk: JobChunk) -> None:
        raise ValueError("seven is not a number of captions")

    counting.act = fail
    job = run(asked(make_project()))
    assert job.state == JobState.FAILED
    assert "seven is not a number of captions" in job.error
    reference = job.error.split()[-1].rstrip(".")
    assert reference in caplog.text


@pytest.mark.django_db
def test_a_refusal_is_shown_in_its_own_words(counting: Counting) -> None:
    def refuse(_job: Job, _chunk: JobChunk) -> None:
        raise Invalid("no_threshold", "There is no threshold yet: calibrate first.")

    counting.act = refuse
    assert run(asked(make_project())).error == "There is no threshold yet: calibrate first."


@pytest.mark.django_db
def test_a_worker_that_does_not_know_a_kind_says_which_worker_does(counting: Counting) -> None:
    job = asked(make_project())
    del RUNNERS[KIND]
    try:
        assert "serves queue cpu" in run(job).error
    finally:
        register_runner(KIND, counting)


@pytest.mark.django_db
def test_asking_twice_while_active_is_one_job_and_asking_again_afterwards_is_another(
    counting: Counting,
) -> None:
    project = make_project()
    first, other = asked(project, k=1), asked(project, k=2)
    assert asked(project, k=1) == first != other
    assert asked(make_project(), k=1) not in {first, other}
    run(first)
    assert asked(project, k=1) != first
    assert Event.objects.filter(act="job_asked", row_id=first.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_at_the_same_moment_get_the_same_job(counting: Counting) -> None:
    project, start, jobs = make_project(), threading.Barrier(4), []

    def ask() -> None:
        start.wait()
        jobs.append(asked(project).pk)

    for thread in [in_thread(ask) for _ in range(4)]:
        thread.join()
    assert len(jobs) == 4
    assert len(set(jobs)) == 1


@pytest.mark.django_db
def test_parameters_are_completed_by_their_kind_so_that_saying_a_default_is_the_same_job() -> None:
    project = make_project()
    plain = enqueue(kind="similarities", project=project, parameters={}, asked_by=None)
    named = enqueue(
        kind="similarities",
        project=project,
        parameters={"encoders": plain.parameters["encoders"]},
        asked_by=None,
    )
    assert plain == named
    with pytest.raises(Invalid, match="job_parameters"):
        enqueue(kind="similarities", project=project, parameters={"encodrs": "x"}, asked_by=None)
    with pytest.raises(Invalid, match="job_kind_unknown"):
        enqueue(kind="telepathy", project=project, parameters={}, asked_by=None)


def planned(job: Job, counting: Counting) -> Job:
    """Plan a job and work on nothing of it."""
    running._plan(job, counting)
    return job


def hold_chunk(job: Job, holder: str, seconds: int) -> JobChunk:
    """Put the job's first chunk into the hands of somebody else."""
    chunk = job.chunks.earliest("position")
    JobChunk.objects.filter(pk=chunk.pk).update(
        state=JobState.RUNNING,
        worker=holder,
        lease_token=uuid.uuid4(),
        lease_until=Now() + timedelta(seconds=seconds),
        attempts=1,
    )
    chunk.refresh_from_db()
    return chunk


@pytest.mark.django_db
def test_a_chunk_in_other_hands_is_left_alone_until_its_lease_runs_out(counting: Counting) -> None:
    job = planned(asked(make_project()), counting)
    held = hold_chunk(job, "other@elsewhere 0:1", seconds=20)
    assert run(job).state == JobState.RUNNING
    assert counting.treated == [3, 4], "the later phase waits for the held chunk"
    JobChunk.objects.filter(pk=held.pk).update(lease_until=Now() - timedelta(seconds=1))
    assert run(job).state == JobState.DONE
    assert counting.treated == [3, 4, 1, 2, 5]


@pytest.mark.django_db
def test_what_a_killed_process_of_this_machine_held_is_taken_up_without_waiting_for_the_lease(
    counting: Counting,
) -> None:
    job = planned(asked(make_project()), counting)
    own = claims.claimant("tests@here")
    hold_chunk(job, f"{own.rpartition(':')[0]}:4194304", seconds=3600)  # above any process number there is
    assert run(job).state == JobState.DONE


@pytest.mark.django_db
def test_what_a_living_thread_of_this_machine_holds_is_left_to_it(counting: Counting) -> None:
    job = planned(asked(make_project()), counting)
    ready, stop, name = threading.Event(), threading.Event(), []

    def live() -> None:
        name.append(claims.claimant("tests@here"))
        ready.set()
        stop.wait(20)

    thread = threading.Thread(target=live)
    thread.start()
    ready.wait(20)
    held = hold_chunk(job, name[0], seconds=3600)
    assert run(job).state == JobState.RUNNING
    stop.set()
    thread.join()
    assert claims.release_dead_claims() == 1
    held.refresh_from_db()
    assert held.lease_until is not None
    assert held.lease_until <= timezone.now()


@pytest.mark.django_db
def test_a_worker_whose_lease_was_lost_does_not_count_its_chunk_a_second_time(counting: Counting) -> None:
    job = planned(asked(make_project()), counting)

    def lose(_job: Job, chunk: JobChunk) -> None:
        if chunk.position == 0 and chunk.attempts == 0:
            JobChunk.objects.filter(pk=chunk.pk).update(state=JobState.DONE, lease_token=None)

    counting.act = lose
    assert run(job).items_done == 3, "the chunk that another worker finished is counted by that worker"


@pytest.mark.django_db
def test_a_cancelled_job_stops_after_the_chunk_at_hand_and_can_be_asked_for_again(counting: Counting) -> None:
    actor = make_user()

    def cancel(job: Job, chunk: JobChunk) -> None:
        if chunk.position == 1:
            cancel_job(job=job, actor=actor)

    counting.act = cancel
    job = run(asked(make_project()))
    assert (job.state, counting.treated, counting.finished) == (JobState.CANCELLED, [1, 2, 3, 4], 0)
    with pytest.raises(Conflict):
        cancel_job(job=job, actor=actor)
    counting.act = lambda _job, _chunk: None
    again = run(retry_job(job=job, actor=actor))
    assert (again.state, again.parameters) == (JobState.DONE, job.parameters)
    assert again.pk != job.pk


@pytest.mark.django_db
def test_a_part_that_kills_every_worker_is_given_up_at_last(counting: Counting) -> None:
    job = planned(asked(make_project()), counting)
    job.chunks.filter(position=0).update(attempts=claims.MOST_ATTEMPTS)
    job = run(job)
    assert job.state == JobState.FAILED
    assert "Part 1 was given up" in job.error


@pytest.mark.django_db
def test_after_its_shift_a_worker_lets_other_jobs_have_a_turn(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SHIFT_SECONDS", 0.0)
    job = asked(make_project())
    assert [run(job).items_done for _shift in range(3)] == [2, 4, 5]
    assert run(job).state == JobState.DONE


@pytest.mark.django_db
def test_a_job_whose_message_was_lost_is_called_again_and_one_in_work_is_not(counting: Counting) -> None:
    lost, held = asked(make_project()), planned(asked(make_project()), counting)
    hold_chunk(held, "other@elsewhere 0:1", seconds=20)
    assert wake_waiting_jobs() == 0, "both were called just now"
    Job.objects.update(woken_at=Now() - timedelta(minutes=1))
    assert wake_waiting_jobs() == 1
    lost.refresh_from_db()
    assert lost.woken_at is not None
    assert lost.woken_at > timezone.now() - timedelta(seconds=30)
    assert wake_waiting_jobs() == 0
    assert wake_waiting_jobs(unheard_for=timedelta(0)) == 1, "a worker that starts calls what waits at once"


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_a_job_and_treat_no_item_twice(counting: Counting) -> None:
    counting.plans = [ChunkPlan([item], phase=item // 20) for item in range(40)]
    meet = threading.Barrier(2)

    def together(_job: Job, chunk: JobChunk) -> None:
        if chunk.position in {0, 1}:
            meet.wait(20)

    counting.act = together
    job = asked(make_project())
    for thread in [in_thread(lambda: run_job(job.pk), name) for name in ("one", "two")]:
        thread.join()
    run(job)
    assert (job.state, job.items_done, counting.finished) == (JobState.DONE, 40, 1)
    assert sorted(counting.treated) == list(range(40))
    assert counting.workers == {"one", "two"}


@pytest.mark.django_db(transaction=True)
def test_a_job_goes_on_at_once_after_the_database_went_away_in_the_middle(counting: Counting) -> None:
    cut: list[threading.Thread] = []

    def cut_once(_job: Job, chunk: JobChunk) -> None:
        if chunk.position == 1 and not cut:
            cut.append(in_thread(kill_connections))
            cut[0].join()
            JobChunk.objects.count()

    counting.act = cut_once
    job = asked(make_project())
    with pytest.raises(OperationalError):
        run_job(job.pk)
    connection.close()
    assert run(job).state == JobState.DONE
    assert sorted(counting.treated) == [1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_the_work_goes_on_even_if_the_database_was_away(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "RENEW_SECONDS", 0.05)
    ends: list[tuple[Any, Any]] = []

    def watch(_job: Job, chunk: JobChunk) -> None:
        for _time in range(3):
            before = JobChunk.objects.get(pk=chunk.pk).lease_until
            kill_connections()
            deadline = threading.Event()
            for _wait in range(200):
                if JobChunk.objects.get(pk=chunk.pk).lease_until != before:
                    break
                deadline.wait(0.05)
            ends.append((before, JobChunk.objects.get(pk=chunk.pk).lease_until))

    counting.plans = [ChunkPlan([1])]
    counting.act = watch
    assert run(asked(make_project())).state == JobState.DONE
    assert all(before < after for before, after in ends)
    assert len(ends) == 3
