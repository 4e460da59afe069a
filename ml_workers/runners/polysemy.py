"""The job that lays a project beside a reference corpus: polysemy by radius, and densities."""

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workers import store
from ml_workers.corpora.rows import CorpusRefused
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import picture_pieces, pieces, text_pieces
from ml_workers.loading import registered, registered_image_encoder, registered_sentence_encoder
from ml_workers.nearest import unit_rows
from ml_workers.polysemy import (
    as_told,
    project_clusters,
    told_curve,
    told_similarities,
)
from ml_workers.runners.polysemy_captions import (
    BERT_SCORES,
    COSINES,
    corpus_captions_part,
    images_with_several,
    of_all_parts,
    project_captions_part,
    token_layer,
)
from ml_workers.runners.polysemy_corpus import encoder_names, queries_part, sample_part, seen_by
from ml_workers.runners.stages import project_of
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

PICTURES, TEXTS, QUERIES, SAMPLE, PROJECT, PROJECT_CAPTIONS, CORPUS_CAPTIONS = range(7)
QUERIES_PER_CHUNK = 10
# Images of the project, or drawn rows of the corpus, whose captions are laid beside one another in one go.
IMAGES_PER_CHUNK = 250
# A query image needs others to be near to.
FEWEST_IMAGES = 2


class PolysemyRunner:
    """Embed what the project lacks, draw query rows from the corpus, and compute the same figures of both."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Open the corpus, fix the good captions. Raises Invalid where it has no features or they do not fit."""
        project = project_of(job)
        seen = [seen_by(job, name) for name in encoder_names(job)]
        versions = store.version_ids(project, good_only=True)
        pictures = store.distinct_pictures(project, of_versions=versions)
        if len(pictures) < FEWEST_IMAGES:
            raise Invalid(
                "too_few_images",
                f"At least {FEWEST_IMAGES} images with good captions are needed, and there are {len(pictures)};"
                " nothing was computed.",
            )
        return [
            *(ChunkPlan(piece, PICTURES) for piece in picture_pieces(pictures)),
            *(ChunkPlan(piece, TEXTS) for piece in text_pieces(store.distinct_texts(versions))),
            *(
                ChunkPlan(piece, QUERIES)
                for piece in pieces(range(min(job.parameters["queries"], seen[0].n_rows)), QUERIES_PER_CHUNK)
            ),
            ChunkPlan([0], SAMPLE),
            ChunkPlan(versions, PROJECT),
            *(
                ChunkPlan(piece, PROJECT_CAPTIONS)
                for piece in pieces(images_with_several(job), IMAGES_PER_CHUNK)
            ),
            *(
                ChunkPlan(piece, CORPUS_CAPTIONS)
                for piece in pieces(
                    range(min(job.parameters["sampled_pairs"], seen[0].n_rows)), IMAGES_PER_CHUNK
                )
            ),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One part of the work."""
        encoder, encoder_id = registered(job.parameters["encoder"])
        if chunk.phase == PICTURES:
            looking = [registered_image_encoder(name) for name in encoder_names(job)]
            failed = [embed_pictures(*one, chunk.items, store, store) for one in looking]
            return ChunkOutcome(list(dict.fromkeys(failure for of_one in failed for failure in of_one)))
        if chunk.phase == TEXTS:
            token_layer(job)
            sentences, sentences_id = registered_sentence_encoder(job.parameters["sentences"])
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            embed_texts(sentences, sentences_id, chunk.items, store, store)
            return ChunkOutcome()
        with _told_refusals():
            store.add_report_part(job, "polysemy", *_part(job, chunk))
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Put the parts together, ask for the drawings, and tell what the figures rest on."""
        parts = store.report_parts(job)
        queries = [query for name in sorted(parts) if name.startswith("queries-") for query in parts[name]]
        project, sample, seed = parts["project"], parts["sample"], job.seed
        pairs = {int(version): (image, cosine) for version, (image, cosine) in project["pairs"].items()}
        of_image: dict[int, list[float]] = {}
        for image, cosine in pairs.values():
            of_image.setdefault(image, []).append(cosine)
        figures = {
            "curves": {
                "project": told_curve(project["queries"], seed=seed),
                "corpus": told_curve(queries, seed=seed),
            },
            "pairs": {
                "project": told_similarities(of_image, seed=seed),
                "corpus": told_similarities(sample["pairs"], seed=seed),
            },
            **{
                measure: {
                    whose: told_similarities(of_all_parts(parts, whose, measure), seed=seed)
                    for whose in ("project", "corpus")
                }
                for measure in (COSINES, BERT_SCORES)
            },
            "tokens": project["tokens"],
        }
        store.write_report(job, "polysemy", len(pairs), figures)
        store.ask_for_drawing(job)
        return {
            "polysemy": {
                "images": len(project["queries"]),
                "pairs": len(pairs),
                "corpus_images": len(queries),
            }
        }


@contextmanager
def _told_refusals() -> Any:
    try:
        yield
    except CorpusRefused as error:
        raise Invalid("corpus_refused", str(error)) from error


def _part(job: Job, chunk: JobChunk) -> tuple[str, Any]:
    """The name and the figures of the part of the report that a chunk makes."""
    first = chunk.items[0]
    if chunk.phase == QUERIES:
        return f"queries-{first}", queries_part(job, chunk.items)
    if chunk.phase == SAMPLE:
        return "sample", sample_part(job)
    if chunk.phase == PROJECT:
        return "project", _project_part(job, chunk.items) | {"tokens": token_layer(job)}
    if chunk.phase == PROJECT_CAPTIONS:
        return f"project-captions-{first}", project_captions_part(job, chunk.items)
    return f"corpus-captions-{first}", corpus_captions_part(job, chunk.items)


def _project_part(job: Job, versions: Sequence[int]) -> dict[str, Any]:
    """The clusters and pairs of the project's good captions."""
    _encoder, encoder_id = registered(job.parameters["encoder"])
    found = store.pair_features(encoder_id, versions)
    images, texts = unit_rows(found.images)[0], unit_rows(found.texts)[0]
    cosines = np.clip(np.einsum("ij,ij->i", images, texts), -1.0, 1.0)
    keys, looks = _looks(job, list(dict.fromkeys(found.image_ids)))
    place_of = {image: place for place, image in enumerate(keys)}
    first = {image: row for row, image in reversed(list(enumerate(found.image_ids)))}
    rows_of: dict[int, list[int]] = {}
    for row, image in enumerate(found.image_ids):
        if image in place_of:
            rows_of.setdefault(place_of[image], []).append(row)
    return {
        "queries": [
            as_told(one)
            for one in project_clusters(
                looks,
                images[[first[image] for image in keys]],
                {place: texts[rows] for place, rows in rows_of.items()},
            )
        ],
        "pairs": {
            str(version): (image, float(cosine))
            for version, image, cosine in zip(found.version_ids, found.image_ids, cosines, strict=True)
        },
    }


def _looks(job: Job, images: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
    """Those of the images that the encoder of images has embedded, and their features (n, d) of length 1."""
    encoder, encoder_id = registered_image_encoder(encoder_names(job)[-1])
    features, there = store.picture_features(encoder_id, images, encoder.dimension)
    kept = [image for image, is_there in zip(images, there, strict=True) if is_there]
    return kept, unit_rows(features[there])[0]
