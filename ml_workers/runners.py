"""The kinds of job that the model workers run: each joins a pure job with the store."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.difficulty import Voter, decide, rule_of
from ml_workers.jobs.diversity import IMAGES_PER_CHUNK, choose_for_images
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import (
    Stage,
    phase_of,
    pieces,
    planned_chunks,
    row_cosines,
    stage_of,
    text_pieces,
)
from ml_workers.layout import plane_or_nothing
from ml_workers.loading import registered, registered_sentence_encoder, threshold_of
from projects.models import Job, JobChunk, Project
from projects.running import ChunkOutcome, ChunkPlan


def project_of(job: Job) -> Project:
    """The project of a job that cannot be without one."""
    assert job.project is not None, "a job of the model workers belongs to a project"
    return job.project


def work_on_stage(job: Job, items: Sequence[int], name: str, stage: Stage) -> ChunkOutcome:
    """One stage of the encoder of that name over some pictures, texts or pairs."""
    encoder, encoder_id = registered(name)
    if stage is Stage.PICTURES:
        return ChunkOutcome(embed_pictures(encoder, encoder_id, items, store, store))
    if stage is Stage.TEXTS:
        embed_texts(encoder, encoder_id, items, store, store)
        return ChunkOutcome()
    pairs = store.pair_features(encoder_id, items)
    store.write_similarities(
        project_id=project_of(job).pk,
        encoder_id=encoder_id,
        job_id=job.pk,
        pairs=pairs,
        cosines=row_cosines(pairs.images, pairs.texts),
    )
    return ChunkOutcome()


class SimilaritiesRunner:
    """Embed what is missing and compute the cosine of every pair in circulation, for each encoder."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """All pictures, all different texts and all pairs, for each encoder."""
        project = project_of(job)
        versions = store.version_ids(project)
        pictures, texts = store.distinct_pictures(project), store.distinct_texts(versions)
        chunks = planned_chunks(len(job.parameters["encoders"]), pictures, texts, versions)
        return [ChunkPlan(chunk.items, chunk.phase) for chunk in chunks]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder over the items of the chunk."""
        place, stage = stage_of(chunk.phase)
        return work_on_stage(job, chunk.items, job.parameters["encoders"][place], stage)

    def finish(self, job: Job) -> dict[str, Any]:
        """How many pairs have a cosine now, by encoder."""
        return {"pairs": store.count_similarities(job.pk)}


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


class DiversityRunner:
    """The diverse captions of every active image, from its good captions."""

    EMBED, CHOOSE = 0, 1

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """The texts of the good versions, then the images."""
        project = project_of(job)
        texts = store.distinct_texts(store.version_ids(project, good_only=True))
        return [
            *(ChunkPlan(piece, self.EMBED) for piece in text_pieces(texts)),
            *(
                ChunkPlan(piece, self.CHOOSE)
                for piece in pieces(store.active_images(project), IMAGES_PER_CHUNK)
            ),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Embed some texts, or choose for some images."""
        encoder, encoder_id = registered_sentence_encoder(job.parameters["encoder"])
        if chunk.phase == self.EMBED:
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            return ChunkOutcome()
        captions = store.good_captions(project_of(job), chunk.items)
        versions = [version for of_image in captions.values() for version in of_image]
        # Captions that were judged good since the plan was made are embedded here.
        embed_texts(encoder, encoder_id, versions, store, store)
        chosen = choose_for_images(
            captions,
            store.text_features(encoder_id, versions),
            method=job.parameters["method"],
            wanted=job.parameters["wanted"],
            seed=job.seed,
            layout=plane_or_nothing,
        )
        store.write_choices(
            job,
            encoder_id,
            [
                store.ChosenCaptions(
                    image_id=one.image_id,
                    n_good=one.n_good,
                    is_complete=one.is_complete,
                    version_ids=one.version_ids,
                    mean_similarity=one.mean_similarity,
                    random_mean_similarity=one.random_mean_similarity,
                    pool=one.pool,
                    places=one.places,
                    clusters=one.clusters,
                    is_on_plane=one.is_on_plane,
                )
                for one in chosen
            ],
        )
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Make what was chosen the current choice of every image."""
        return {"images": store.make_choices_current(job)}
