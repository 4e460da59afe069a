"""The benchmark job: encoders on a project's own good pairs, each with what people found bad for the same images."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.evaluation import (
    BenchmarkFeatures,
    ComputedFigure,
    benchmark,
    benchmark_features,
    leaving_out_own,
    levels_without,
)
from ml_workers.jobs.pair_scores import ComputedScore, choice_figures, earlier_cosines, pair_scores
from ml_workers.jobs.paraphrases import EXPANSIONS, Gallery, paraphrase_figures, unit_texts
from ml_workers.jobs.similarities import (
    Stage,
    phase_of,
    picture_pieces,
    stage_of,
    text_pieces,
)
from ml_workers.loading import registered
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan


class EvaluationRunner:
    """Embed what is missing of the pairs that were fixed at the start, then all figures of an encoder at once."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """For each encoder all pictures, all texts, then the figures over all pairs."""
        versions = store.begin_evaluation(job)
        pictures = store.evaluated_pictures(versions)
        others = [*store.fix_paraphrases(job), *store.texts_before_edits(job)]
        texts = store.distinct_texts([*versions, *others])
        plans = []
        for place in range(len(job.parameters["encoders"])):
            plans += [ChunkPlan(piece, phase_of(place, Stage.PICTURES)) for piece in picture_pieces(pictures)]
            plans += [ChunkPlan(piece, phase_of(place, Stage.TEXTS)) for piece in text_pieces(texts)]
            plans.append(ChunkPlan(versions, phase_of(place, Stage.COSINES)))
        return plans

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder."""
        place, stage = stage_of(chunk.phase)
        encoder, encoder_id = registered(job.parameters["encoders"][place])
        if stage is Stage.PICTURES:
            return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))
        if stage is Stage.TEXTS:
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            return ChunkOutcome()
        self._benchmark(job, encoder_id)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Ask for the drawing, and tell how many pairs took part; the figures stand in their rows."""
        store.ask_for_drawing(job)
        return {"pairs": store.count_benchmark_pairs(job.pk)}

    def _benchmark(self, job: Job, encoder_id: int) -> None:
        pairs = store.benchmark_pairs(job.pk)
        level_of = {pair.version_id: pair.level for pair in pairs if not pair.is_negative}
        good = store.pair_features(encoder_id, list(level_of))
        negative = store.pair_features(encoder_id, [pair.version_id for pair in pairs if pair.is_negative])
        if not good.version_ids:
            return
        features = benchmark_features(good, negative)
        figures = benchmark(features, [level_of[version] for version in good.version_ids], seed=job.seed)
        figures += _of_paraphrases(job, encoder_id, good.version_ids, features)
        if (cast := store.level_votes(job.pk, encoder_id)) is not None:
            others = levels_without(
                cast.votes,
                encoder_id,
                easy_min_votes=cast.easy_min_votes,
                hard_max_votes=cast.hard_max_votes,
                is_always_asked=cast.is_always_asked,
            )
            if others is not None:
                levels = [others.get(version, "") for version in good.version_ids]
                figures += leaving_out_own(benchmark(features, levels, seed=job.seed))
        scores = list(pair_scores(features, good.version_ids, negative.version_ids))
        figures += _of_choices(job, encoder_id, scores, features, good.version_ids)
        store.write_evaluation(
            job.pk, encoder_id, [_stored(one) for one in figures], [_stored_score(one) for one in scores]
        )


def _of_paraphrases(
    job: Job, encoder_id: int, benchmarked: Sequence[int], features: BenchmarkFeatures
) -> list[ComputedFigure]:
    pairs = store.benchmark_paraphrases(job.pk)
    versions = {version for pair in pairs for version in (pair.original_id, pair.version_id)}
    image_of = dict(zip(benchmarked, features.owner.tolist(), strict=True))
    return paraphrase_figures(
        pairs,
        unit_texts(store.text_features(encoder_id, sorted(versions))),
        Gallery(features.images, image_of),
        expansions=job.parameters.get("expansions", EXPANSIONS),
        seed=job.seed,
    )


def _of_choices(
    job: Job,
    encoder_id: int,
    scores: Sequence[ComputedScore],
    features: BenchmarkFeatures,
    good: Sequence[int],
) -> list[ComputedFigure]:
    contrasts = store.contrasts_of(job.pk)
    before = sorted({one.other_id for one in contrasts if one.is_edit})
    texts = unit_texts(store.text_features(encoder_id, before))
    cosines = {one.version_id: one.cosine for one in scores}
    return list(choice_figures(contrasts, earlier_cosines(features, good, contrasts, texts) | cosines))


def _stored_score(one: ComputedScore) -> store.PairScore:
    return store.PairScore(one.version_id, one.cosine, one.image_rank, one.caption_rank)


def _stored(one: ComputedFigure) -> store.Figure:
    return store.Figure(
        direction=one.direction, level=one.level, name=one.name, value=one.value, n=one.n,
        n_other=one.n_other, low=one.low, high=one.high, leaves_out_own=one.leaves_out_own,
    )  # fmt: skip
