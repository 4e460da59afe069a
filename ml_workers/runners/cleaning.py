"""The job that cleans a project's candidate captions: whole pools at a time, each part written in one transaction."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ml_workers import store
from ml_workers.cleaning.dropping import Rule
from ml_workers.cleaning.packaged import packaged_rules
from ml_workers.cleaning.pipeline import CleanedCaption, GivenCaption, clean
from ml_workers.cleaning.tagging import HANTA, TaggerUnavailable
from ml_workers.runners.stages import project_of
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

# A part holds whole pools, and is full with so many captions: some seconds.
CAPTIONS_PER_PART = 2_000


@lru_cache(maxsize=4)
def rules_for(languages: tuple[str, ...], tagger: str) -> Mapping[str, Rule]:
    """The rules of this worker process: the tagger and the classifier are loaded once.

    Raises Invalid where the tagger cannot be had here.
    """
    try:
        return packaged_rules(languages, tagger)
    except TaggerUnavailable as error:
        raise Invalid("tagger_unavailable", str(error)) from error


def _rules_of(job: Job) -> Mapping[str, Rule]:
    return rules_for(tuple(job.parameters["languages"]), job.parameters.get("tagger", HANTA))


def parts_of(pools: Sequence[Sequence[int]], most: int = CAPTIONS_PER_PART) -> list[list[int]]:
    """Put whole pools together into parts that reach `most` items, in their order; a larger pool is one part."""
    parts: list[list[int]] = []
    for pool in pools:
        if not parts or len(parts[-1]) >= most:
            parts.append([])
        parts[-1].extend(pool)
    return parts


class CleaningRunner:
    """Near-duplicates are found inside a pool, so a part that is run twice finds the same."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Fix the texts of all pools. Raises Invalid where the tagger cannot be had here; nothing is begun then."""
        _rules_of(job)
        return [ChunkPlan(part) for part in parts_of(store.begin_cleaning(job, project_of(job)))]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Clean the texts of some pools, as they were when the job was planned."""
        texts = store.texts_to_clean(job, chunk.items)
        result = clean(
            [GivenCaption(one.text, str(one.image_id), one.is_cleaned) for one in texts],
            _rules_of(job),
            without=job.parameters["without"],
            least_jaccard=job.parameters["least_jaccard"],
        )
        store.write_cleaned(
            job,
            [_cleaned(text, one, texts) for text, one in zip(texts, result.captions, strict=True)],
        )
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many captions came, and what became of them."""
        return store.conclude_cleaning(job)


def _cleaned(
    given: store.TextToClean, one: CleanedCaption, texts: Sequence[store.TextToClean]
) -> store.CleanedText:
    twin = None if one.same_as is None else texts[one.same_as].version_id
    # The page shows the other caption itself, so the reason need not name its row.
    reason = one.reason if twin is None else one.reason.rpartition(", ")[2]
    return store.CleanedText(given.version_id, one.text, one.changed_by, one.dropped_by, reason, twin)
