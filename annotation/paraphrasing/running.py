"""The job that asks a language model for paraphrases: a few captions a part, each written at once."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Caption, CaptionVersion
from annotation.paraphrasing.collecting import collect, is_finished, keep, n_good_edits, versions_to_ask_for
from annotation.paraphrasing.endpoint import configured_endpoint
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Job, JobChunk, Project
from projects.running import ChunkOutcome, ChunkPlan

CAPTIONS_A_CHUNK = 4
# More parts than this do not fit the numbers of phases; then a part has more captions.
MOST_PARTS = 30_000
# After so many captions in a row for which the endpoint did not answer, the job ends.
AWAY_IN_A_ROW = 3


class ParaphraseRunner:
    """Asks and writes caption by caption; run again, it asks for none that it had finished."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the good versions with too few candidates. Raises Conflict where no endpoint is named.

        Each part is a phase of its own: one worker at a time asks, and the others are free for other jobs.
        """
        configured_endpoint()
        found = versions_to_ask_for(_project_of(job), job.parameters["enough"])
        size = max(CAPTIONS_A_CHUNK, -(-len(found) // MOST_PARTS))
        starts = range(0, len(found), size)
        return [ChunkPlan(found[start : start + size], phase=place) for place, start in enumerate(starts)]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Ask for a few captions. Raises Conflict where the endpoint refuses, or is away for too many in a row."""
        endpoint, project, away = configured_endpoint(), _project_of(job), 0
        versions = CaptionVersion.objects.filter(pk__in=chunk.items, caption__drop_reason="")
        for version in versions.select_related("caption", "image").order_by("pk"):
            if is_finished(job, version.caption):
                continue
            collected = collect(job, version, endpoint)
            keep(job, project, version, collected)
            away = away + 1 if collected.is_away else 0
            if away == AWAY_IN_A_ROW:
                raise Conflict(
                    "endpoint_away",
                    _(
                        "The endpoint gave no answer for %(n)d captions in a row. %(reason)s What was kept stays."
                    )
                    % {"n": away, "reason": collected.left_out[-1]},
                )
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Return the counts, and the host that was asked."""
        return {
            "captions": job.items_total,
            "candidates": Caption.objects.filter(project=job.project, imported_by=job).count(),
            "captions_with_answers_left_out": job.failures.count(),
            "good_edits_not_asked_for": n_good_edits(_project_of(job)),
            "endpoint": configured_endpoint().host,
        }


def _project_of(job: Job) -> Project:
    if job.project is None:
        raise Invalid("job_parameters", _("This job is one of a project."))
    return job.project
