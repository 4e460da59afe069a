"""The tasks of this app on the default queue: computing results, and returning the cards of people who left."""

from collections.abc import Sequence
from typing import Any

from celery import shared_task

from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan, register_runner
from studies.job_kinds import STUDY_RESULTS
from studies.models import Study, StudyResult
from studies.results.computing import write_result
from studies.results.drawing import store_figures
from studies.taking.reaching import note_targets
from studies.taking.withdrawing import return_lapsed_cards


class StudyResultsRunner:
    """Computes the figures of one study, draws them and stores both."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """One chunk: the study."""
        return [ChunkPlan([int(job.parameters["study"])])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Compute and store; running twice writes the same row again."""
        for study in Study.objects.filter(pk__in=chunk.items, project=job.project):
            store_figures(write_result(study=study, job=job))
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say how many people and answers the figures rest on."""
        result = StudyResult.objects.get(job=job)
        return {"participants": result.n_participants, "answers": result.n_answers}


register_runner(STUDY_RESULTS, StudyResultsRunner())


@shared_task(name="studies.return_lapsed_cards")
def return_lapsed() -> int:
    """Let the cards of people who have not been seen for a while go to others."""
    return return_lapsed_cards()


@shared_task(name="studies.note_reached_targets")
def note_reached() -> int:
    """Note which studies have all the answers that they were planned with."""
    return note_targets()
