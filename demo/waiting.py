"""Waiting for workers while the demonstration is loaded."""

import time
from collections.abc import Callable

from polyannot.kernel.errors import Conflict
from projects.models import Job
from projects.models.jobs import JobState

JOB_SECONDS = 600.0
LOOK_SECONDS = 0.3

Say = Callable[[str], object]


def wait_for(job: Job) -> Job:
    """Wait until a worker has done the job; raises Conflict when it failed or nobody did it in time."""
    deadline = time.monotonic() + JOB_SECONDS
    while job.is_active:
        if time.monotonic() > deadline:
            raise Conflict("job_waits", f"No worker finished the job {job.kind} in {JOB_SECONDS:.0f} s.")
        time.sleep(LOOK_SECONDS)
        job.refresh_from_db()
    if job.state != JobState.DONE:
        raise Conflict("job_failed", f"The job {job.kind} ended as {job.state}: {job.error}")
    return job
