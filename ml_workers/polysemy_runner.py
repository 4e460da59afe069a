"""The job that lays a project beside a reference corpus: polysemy by radius, and densities."""

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.polysemy import cluster_figures, geodesic_distances
from ml_workers import store
from ml_workers.corpora.layout import Corpus
from ml_workers.corpora.pieces import blocks_to_compute, piece_features, pieces_to_search
from ml_workers.corpora.rows import CorpusRefused, CorpusRow
from ml_workers.corpus_captions import captions_of_rows, rows_of_the_same_picture
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import PICTURES_PER_CHUNK, TEXTS_PER_CHUNK, pieces
from ml_workers.loading import registered, registered_sentence_encoder
from ml_workers.nearest import exact_neighbours, merged_neighbours, unit_rows
from ml_workers.neighbours_runner import check_dimension, check_encoder, opened
from ml_workers.polysemy import (
    AROUND,
    MOST_IN_CLUSTER,
    ROWS_PER_PICTURE,
    as_told,
    co_captions_by_image,
    nearest_pictures,
    project_clusters,
    told_curve,
    told_similarities,
)
from ml_workers.runners import project_of
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

PICTURES, TEXTS, QUERIES, SAMPLE, PROJECT = range(5)
QUERIES_PER_CHUNK = 50
# A query image needs others to be near to.
FEWEST_IMAGES = 2


class PolysemyRunner:
    """Embed what the project lacks, draw query rows from the corpus, and compute the same figures of both."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Open the corpus, fix the good captions. Raises Invalid where it has no features or they do not fit."""
        project = project_of(job)
        corpus = opened(job.parameters["corpus"])
        check_encoder(corpus, job.parameters["encoder"])
        if blocks_to_compute(corpus):
            raise Invalid(
                "corpus_without_features",
                f"Not every file of {corpus.name} has features beside it; search it for neighbours instead, or"
                " compute its features before.",
            )
        versions = store.version_ids(project, good_only=True)
        pictures = store.distinct_pictures(project, of_versions=versions)
        if len(pictures) < FEWEST_IMAGES:
            raise Invalid(
                "too_few_images",
                f"At least {FEWEST_IMAGES} images with good captions are needed, and there are {len(pictures)};"
                " nothing was computed.",
            )
        return [
            *(ChunkPlan(piece, PICTURES) for piece in pieces(pictures, PICTURES_PER_CHUNK)),
            *(ChunkPlan(piece, TEXTS) for piece in pieces(store.distinct_texts(versions), TEXTS_PER_CHUNK)),
            *(
                ChunkPlan(piece, QUERIES)
                for piece in pieces(range(min(job.parameters["queries"], corpus.n_rows)), QUERIES_PER_CHUNK)
            ),
            ChunkPlan([0], SAMPLE),
            ChunkPlan(versions, PROJECT),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One part of the work."""
        encoder, encoder_id = registered(job.parameters["encoder"])
        if chunk.phase == PICTURES:
            return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))
        if chunk.phase == TEXTS:
            sentences, sentences_id = registered_sentence_encoder(job.parameters["sentences"])
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            embed_texts(sentences, sentences_id, chunk.items, store, store)
        elif chunk.phase == PROJECT:
            store.add_report_part(job, "polysemy", "project", _project_part(job, chunk.items))
        else:
            with _told_refusals():
                corpus = opened(job.parameters["corpus"])
                part = (
                    _queries_part(job, corpus, chunk.items)
                    if chunk.phase == QUERIES
                    else _sample_part(job, corpus)
                )
            name = f"queries-{chunk.items[0]}" if chunk.phase == QUERIES else "sample"
            store.add_report_part(job, "polysemy", name, part)
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
            "co_captions": {
                "project": told_similarities(project["co_captions"], seed=seed),
                "corpus": told_similarities(sample["co_captions"], seed=seed),
            },
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


def _drawn(job: Job, corpus: Corpus, wanted: int) -> NDArray[np.int64]:
    """Rows of the corpus drawn with the job's seed; a smaller draw is the beginning of a larger one."""
    most = max(job.parameters["queries"], job.parameters["sampled_pairs"])
    drawn = np.random.default_rng(job.seed).choice(
        corpus.n_rows, size=min(most, corpus.n_rows), replace=False, shuffle=True
    )
    rows: NDArray[np.int64] = drawn[:wanted].astype(np.int64)
    return rows


def _corpus_features(corpus: Corpus, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
    """The features of these rows, float32 of length 1."""
    wanted = np.asarray(rows, dtype=np.int64)
    parts: dict[int, NDArray[np.floating]] = {}
    for piece in pieces_to_search(corpus):
        first, last = piece[0].first, piece[-1].first + piece[-1].stop - piece[-1].start
        here = np.flatnonzero((wanted >= first) & (wanted < last))
        if len(here):
            features = piece_features(corpus, piece, lambda _block: _no_file())
            parts.update(zip(here.tolist(), np.asarray(features[wanted[here] - first]), strict=True))
    return unit_rows(np.stack([parts[place] for place in range(len(wanted))]))[0]


def _no_file() -> Any:
    raise CorpusRefused("The corpus has lost features since the work began: ask again.")


def _queries_part(job: Job, corpus: Corpus, places: Sequence[int]) -> list[dict[str, Any]]:
    """The clusters of some drawn rows of the corpus."""
    encoder, _encoder_id = registered(job.parameters["encoder"])
    drawn = _drawn(job, corpus, job.parameters["queries"])[list(places)]
    queries = _corpus_features(corpus, drawn)
    check_dimension(corpus, queries.shape[1], encoder.dimension)
    most = MOST_IN_CLUSTER * ROWS_PER_PICTURE
    found = merged_neighbours(
        [
            exact_neighbours(
                queries,
                piece_features(corpus, piece, lambda _block: _no_file()),
                most,
                first=piece[0].first,
            )
            for piece in pieces_to_search(corpus)
        ],
        most,
    )
    rows = captions_of_rows(
        corpus, {int(row) for row in found.rows.ravel() if row >= 0} | set(drawn.tolist())
    )
    addresses = {number: row.url for number, row in rows.items()}
    clusters = [
        nearest_pictures(int(row), found.rows[place].tolist(), found.cosines[place].tolist(), addresses)
        for place, row in enumerate(drawn)
    ]
    kept = {row for cluster in clusters for of_picture, _cosine in cluster for row in of_picture}
    texts = _features_of_texts(encoder.encode_texts, {row: rows[row] for row in kept if row in rows})
    empty = np.empty((0, queries.shape[1]), dtype=np.float32)
    return [
        as_told(
            cluster_figures(
                [cosine for _rows, cosine in cluster],
                [
                    geodesic_distances(
                        queries[place],
                        np.concatenate([empty, *(texts[row] for row in of_picture if row in texts)]),
                    )
                    for of_picture, _cosine in cluster
                ],
            )
        )
        for place, cluster in enumerate(clusters)
    ]


def _features_of_texts(encode: Any, captions: dict[int, CorpusRow]) -> dict[int, NDArray[np.float32]]:
    """A row (1, d) for each caption, equal texts encoded once."""
    different = list(dict.fromkeys(row.caption for row in captions.values()))
    if not different:
        return {}
    rows = unit_rows(encode(different))[0]
    place = {text: number for number, text in enumerate(different)}
    return {number: rows[[place[row.caption]]] for number, row in captions.items()}


def _sample_part(job: Job, corpus: Corpus) -> dict[str, Any]:
    """The cosines of drawn pairs of the corpus, and of the captions of one picture."""
    encoder, _encoder_id = registered(job.parameters["encoder"])
    sentences, _sentences_id = registered_sentence_encoder(job.parameters["sentences"])
    drawn = _drawn(job, corpus, job.parameters["sampled_pairs"])
    around = {
        near
        for row in drawn.tolist()
        for near in range(max(0, row - AROUND), min(corpus.n_rows, row + AROUND + 1))
    }
    rows = captions_of_rows(corpus, around)
    kept = [row for row in drawn.tolist() if row in rows]
    images = _corpus_features(corpus, kept) if kept else np.empty((0, encoder.dimension), dtype=np.float32)
    texts = _features_of_texts(encoder.encode_texts, {row: rows[row] for row in kept})
    groups = {tuple(rows_of_the_same_picture(rows, row)) for row in kept}
    groups = {group for group in groups if len(group) > 1}
    told = _features_of_texts(sentences.encode_texts, {row: rows[row] for group in groups for row in group})
    return {
        "pairs": {
            str(row): [float(np.clip(images[place] @ texts[row][0], -1, 1))] for place, row in enumerate(kept)
        },
        "co_captions": co_captions_by_image(
            {group[0]: np.concatenate([told[row] for row in group]) for group in sorted(groups)}
        ),
    }


def _project_part(job: Job, versions: Sequence[int]) -> dict[str, Any]:
    """The clusters, pairs and co-captions of the project's good captions."""
    _encoder, encoder_id = registered(job.parameters["encoder"])
    _sentences, sentences_id = registered_sentence_encoder(job.parameters["sentences"])
    found = store.pair_features(encoder_id, versions)
    images, texts = unit_rows(found.images)[0], unit_rows(found.texts)[0]
    cosines = np.clip(np.einsum("ij,ij->i", images, texts), -1.0, 1.0)
    keys = list(dict.fromkeys(found.image_ids))
    place_of = {image: place for place, image in enumerate(keys)}
    first = {image: row for row, image in reversed(list(enumerate(found.image_ids)))}
    rows_of: dict[int, list[int]] = {}
    for row, image in enumerate(found.image_ids):
        rows_of.setdefault(place_of[image], []).append(row)
    features = store.text_features(sentences_id, versions)
    captions = store.good_captions(project_of(job), keys)
    return {
        "queries": [
            as_told(one)
            for one in project_clusters(
                images[[first[image] for image in keys]],
                {place: texts[rows] for place, rows in rows_of.items()},
            )
        ],
        "pairs": {
            str(version): (image, float(cosine))
            for version, image, cosine in zip(found.version_ids, found.image_ids, cosines, strict=True)
        },
        "co_captions": co_captions_by_image(
            {
                image: unit_rows(np.stack([features[one] for one in of_image if one in features]))[0]
                for image, of_image in captions.items()
                if sum(one in features for one in of_image) > 1
            }
        ),
    }
