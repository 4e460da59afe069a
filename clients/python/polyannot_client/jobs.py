"""Jobs: asked for by kind, followed, stopped, asked for again, and what each left out."""

import time
from collections.abc import Iterator, Mapping

from polyannot_client.errors import JobFailed, JobSlow
from polyannot_client.place import Place
from polyannot_client.rows import Job, JobKind, JobPart, reader

as_job = reader(Job)


class Jobs(Place):
    """The jobs of a project."""

    def job_kinds(self) -> list[JobKind]:
        """Return the kinds of job that are asked for by parameters alone."""
        return [reader(JobKind)(row) for row in self.get("job-kinds/")["kinds"]]

    def ask_for_job(
        self, kind: str, parameters: Mapping[str, object] | None = None, *, seed: int | None = None
    ) -> Job:
        """Ask for a job; parameters left out have their defaults. While one like it is active, it is that one."""
        given = {"kind": kind, "parameters": dict(parameters or {})}
        return as_job(self.post("jobs/", given if seed is None else {**given, "seed": seed}))

    def run(
        self,
        kind: str,
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int | None = None,
        seconds: float = 3600.0,
    ) -> Job:
        """Ask for a job and return it once it is done; raises as `wait` does."""
        return self.wait(self.ask_for_job(kind, parameters, seed=seed), seconds=seconds)

    def job(self, job_id: str) -> Job:
        """Return a job as it is now."""
        return as_job(self.get(f"jobs/{job_id}/"))

    def jobs(self, **filters: object) -> Iterator[Job]:
        """Yield jobs, newest first: filters are kind, state."""
        return self.pages("jobs/", as_job, **filters)

    def job_log(self, job: Job) -> Iterator[JobPart]:
        """Yield what a job did so far, part by part."""
        return self.pages(f"jobs/{job.id}/log/", reader(JobPart))

    def left_out(self, job: Job) -> Iterator[tuple[str, str]]:
        """Yield what a job left out, with why."""
        return self.pages(f"jobs/{job.id}/left-out/", lambda row: (row["item"], row["reason"]))

    def cancel(self, job: Job) -> Job:
        """Stop a job."""
        return as_job(self.post(f"jobs/{job.id}/cancel/"))

    def retry(self, job: Job) -> Job:
        """Ask again for work that failed or was stopped."""
        return as_job(self.post(f"jobs/{job.id}/retry/"))

    def wait(self, job: Job, *, seconds: float = 3600.0, pause: float = 1.0) -> Job:
        """Return the job once it is done. Raises JobFailed where it ended otherwise, JobSlow after `seconds`."""
        deadline = time.monotonic() + seconds
        while not job.is_ended:
            if time.monotonic() > deadline:
                raise JobSlow(f"{job.kind} is still {job.state} after {seconds:g} s")
            time.sleep(pause)
            job = self.job(job.id)
        if job.state != "done":
            raise JobFailed(f"{job.kind} is {job.state}: {job.error}")
        return job
