"""The difficulty job: some encoders vote on good pairs, or on all pairs of a reference set."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.difficulty import Voter, decide, rule_of
from ml_workers.jobs.similarities import Stage, phase_of, planned_chunks, stage_of
from ml_workers.loading import registered, threshold_of
from ml_workers.runners.stages import project_of, work_on_stage
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan


class DifficultyRunner:
    """The votes of some encoders on every good version, or on all of a reference set, and what this takes."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """As for similarities over the versions that are voted on, then the vote."""
        project = project_of(job)
        versions = store.version_ids(project, good_only=job.parameters.get("captions") != "all")
        pictures = store.distinct_pictures(project, of_versions=versions)
        names = self._names(job)
        chunks = planned_chunks(len(names), pictures, store.distinct_texts(versions), versions)
        vote = phase_of(len(names), Stage.PICTURES)
        return [
            *(ChunkPlan(chunk.items, chunk.phase) for chunk in chunks),
            # One chunk, written in one transaction: a run is there as a whole or not at all.
            ChunkPlan(versions, vote),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder, or the vote on some versions."""
        place, stage = stage_of(chunk.phase)
        names = self._names(job)
        if place < len(names):
            threshold_of(names[place], project_of(job).pk)
            return work_on_stage(job, chunk.items, names[place], stage)
        self._vote(job, chunk.items)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Ask for the drawing, and tell how many versions are easy, medium and hard."""
        store.ask_for_drawing(job)
        return {"levels": store.count_levels(job.pk)}

    def _names(self, job: Job) -> list[str]:
        tie_breaker = job.parameters["tie_breaker"]
        return [*job.parameters["encoders"], *([tie_breaker] if tie_breaker else [])]

    def _vote(self, job: Job, versions: Sequence[int]) -> None:
        asked = job.parameters
        thresholds = {name: threshold_of(name, project_of(job).pk) for name in self._names(job)}
        voters = [
            Voter(name, threshold.cosine, store.cosines(registered(name)[1], versions))
            for name, threshold in thresholds.items()
        ]
        has_tie_breaker = bool(asked["tie_breaker"])
        rule = rule_of(
            len(asked["encoders"]),
            easy_min_votes=asked["easy_min_votes"],
            hard_max_votes=asked["hard_max_votes"],
            has_tie_breaker=has_tie_breaker,
            always_asked=asked["tie_breaker_always"],
        )
        tie_breaker = voters.pop() if has_tie_breaker else None
        cast, decided = decide(versions, voters, rule, tie_breaker)
        votes = [
            store.Vote(
                vote.version_id,
                thresholds[vote.voter].threshold_id,
                vote.cosine,
                vote.is_yes,
                vote.is_tie_breaker,
            )
            for vote in cast
        ]
        decisions = [store.Decision(one.version_id, one.yes_votes, one.n_votes, one.level) for one in decided]
        store.write_difficulty(job, votes, decisions)
