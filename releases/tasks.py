"""The release job on the default queue: freeze, then build."""

from collections.abc import Sequence
from typing import Any

from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan, register_runner
from releases.freezing import KIND, build_release, freeze
from releases.models import Release

FREEZE, BUILD = 0, 1


class ReleaseRunner:
    """Freeze the project's state once, then build the bundle from the snapshot."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the two steps."""
        return [ChunkPlan(items=[FREEZE], phase=FREEZE), ChunkPlan(items=[BUILD], phase=BUILD)]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Do one step."""
        if chunk.phase == FREEZE:
            freeze(job)
        else:
            build_release(Release.objects.select_related("snapshot", "project").get(job=job))
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say what was built."""
        release = Release.objects.get(job=job)
        return {"release": str(release.public_id), "images": release.n_images, "captions": release.n_captions}


register_runner(KIND, ReleaseRunner())
