"""The job of a find-and-fix over many captions: chunks of versions, each written in one transaction."""

import sys
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.captions.fix_writing import change_captions
from annotation.captions.fixing import conclude_fix, versions_found
from annotation.models import CaptionFix, FixItem, FixOutcome, FixState
from polyannot.kernel.errors import Conflict
from projects.access import project_access
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

CAPTIONS_A_CHUNK = 500


def _fix_of(job: Job) -> CaptionFix:
    fix = CaptionFix.objects.filter(project=job.project, public_id=job.parameters["fix"]).first()
    if fix is None or fix.state not in {FixState.RUNNING, FixState.APPLIED}:
        raise Conflict("fix_not_running", _("This find-and-fix does not wait for its captions."))
    return fix


class FixRunner:
    """Changes the captions that a fix finds and that were not left out; safe to run again."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the versions to change in parts, as they are found now for the person who asked.

        Texts that came after the act had named its count are none of them.
        """
        fix = _fix_of(job)
        access = project_access(fix.made_by, fix.project.slug)
        left_out = set(fix.items.filter(outcome=FixOutcome.LEFT_OUT).values_list("version_id", flat=True))
        newest = job.parameters.get("newest", sys.maxsize)
        found = versions_found(access, fix)
        chosen = [pk for pk, _text in found if pk not in left_out and pk <= newest]
        parts = range(0, len(chosen), CAPTIONS_A_CHUNK)
        return [ChunkPlan(chosen[start : start + CAPTIONS_A_CHUNK]) for start in parts]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Change one part."""
        with transaction.atomic():
            change_captions(fix=_fix_of(job), version_ids=chunk.items)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Conclude the fix; the counts are those of its items."""
        fix = _fix_of(job)
        conclude_fix(fix=fix)
        items = FixItem.objects.filter(fix=fix)
        return {
            "changed": items.filter(outcome=FixOutcome.CHANGED).count(),
            "skipped": items.filter(outcome=FixOutcome.SKIPPED).count(),
        }
