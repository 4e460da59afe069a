"""The corpus's part of laying a project beside it: query images with their clusters, and sampled pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.polysemy import ClusterFigures, cluster_figures, geodesic_distances
from ml_workers.corpora.captions import captions_of_rows
from ml_workers.corpora.layout import Corpus
from ml_workers.corpora.pieces import (
    blocks_to_compute,
    features_of_rows,
    no_file,
    piece_features,
    pieces_to_search,
)
from ml_workers.corpora.rows import CorpusRow
from ml_workers.loading import registered, registered_image_encoder
from ml_workers.nearest import Neighbours, exact_neighbours, merged_neighbours, unit_rows
from ml_workers.polysemy import (
    MOST_IN_CLUSTER,
    ROWS_PER_PICTURE,
    as_told,
    nearest_pictures,
)
from ml_workers.runners.neighbours import check_dimension, check_encoder, opened
from polyannot.kernel.errors import Invalid
from projects.models import Job


def encoder_names(job: Job) -> list[str]:
    """The encoder of images and texts, and that of images where it is another one."""
    asked = job.parameters
    return list(dict.fromkeys([asked["encoder"], asked.get("image_encoder") or asked["encoder"]]))


def seen_by(job: Job, encoder: str) -> Corpus:
    """The corpus with all its features by this encoder. Raises Invalid where it has not all, or they do not fit."""
    corpus = opened(job.parameters["corpus"], encoder)
    check_encoder(corpus, encoder)
    if blocks_to_compute(corpus):
        raise Invalid(
            "corpus_without_features",
            f"Not every file of {corpus.name} has features by {encoder} beside it; search it for neighbours instead,"
            " or compute its features before.",
        )
    return corpus


def drawn_rows(job: Job, corpus: Corpus, wanted: int) -> NDArray[np.int64]:
    """Rows of the corpus drawn with the job's seed; a smaller draw is the beginning of a larger one."""
    most = max(job.parameters["queries"], job.parameters["sampled_pairs"])
    drawn = np.random.default_rng(job.seed).choice(
        corpus.n_rows, size=min(most, corpus.n_rows), replace=False, shuffle=True
    )
    rows: NDArray[np.int64] = drawn[:wanted].astype(np.int64)
    return rows


def _corpus_features(corpus: Corpus, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
    """The features of these rows, float32 of length 1."""
    return unit_rows(features_of_rows(corpus, rows))[0]


def queries_part(job: Job, places: Sequence[int]) -> list[dict[str, Any]]:
    """The clusters of some drawn rows of the corpus."""
    encoder, _encoder_id = registered(job.parameters["encoder"])
    seen = [seen_by(job, name) for name in encoder_names(job)]
    drawn = drawn_rows(job, seen[0], job.parameters["queries"])[list(places)]
    queries = _corpus_features(seen[0], drawn)
    check_dimension(seen[0], queries.shape[1], encoder.dimension)
    # Which pictures are near is seen by the last encoder, how far their captions are by the first.
    corpus, looks = seen[-1], _corpus_features(seen[-1], drawn)
    check_dimension(corpus, looks.shape[1], registered_image_encoder(encoder_names(job)[-1])[0].dimension)
    found = _nearest(corpus, looks)
    rows = captions_of_rows(
        corpus, {int(row) for row in found.rows.ravel() if row >= 0} | set(drawn.tolist())
    )
    addresses = {number: row.url for number, row in rows.items()}
    clusters = [
        nearest_pictures(int(row), found.rows[place].tolist(), found.cosines[place].tolist(), addresses)
        for place, row in enumerate(drawn)
    ]
    kept = {row for cluster in clusters for of_picture, _cosine in cluster for row in of_picture}
    texts = features_of_texts(encoder.encode_texts, {row: rows[row] for row in kept if row in rows})
    return [as_told(_cluster(queries[place], cluster, texts)) for place, cluster in enumerate(clusters)]


def _nearest(corpus: Corpus, looks: NDArray[np.float32]) -> Neighbours:
    """The rows that may hold the pictures of the largest cluster around each query."""
    most = MOST_IN_CLUSTER * ROWS_PER_PICTURE
    return merged_neighbours(
        [
            exact_neighbours(
                looks,
                piece_features(corpus, piece, no_file),
                most,
                first=piece[0].first,
            )
            for piece in pieces_to_search(corpus)
        ],
        most,
    )


def _cluster(
    query: NDArray[np.float32],
    cluster: Sequence[tuple[Sequence[int], float]],
    texts: Mapping[int, NDArray[np.float32]],
) -> dict[int, ClusterFigures]:
    """The figures of one query image (d,): the pictures of its cluster with their rows, and captions (1, d) by row."""
    empty = np.empty((0, len(query)), dtype=np.float32)
    return cluster_figures(
        [cosine for _rows, cosine in cluster],
        [
            geodesic_distances(
                query, np.concatenate([empty, *(texts[row] for row in of_picture if row in texts)])
            )
            for of_picture, _cosine in cluster
        ],
    )


def features_of_texts(encode: Any, captions: dict[int, CorpusRow]) -> dict[int, NDArray[np.float32]]:
    """A row (1, d) for each caption, equal texts encoded once."""
    different = list(dict.fromkeys(row.caption for row in captions.values()))
    if not different:
        return {}
    rows = unit_rows(encode(different))[0]
    place = {text: number for number, text in enumerate(different)}
    return {number: rows[[place[row.caption]]] for number, row in captions.items()}


def sample_part(job: Job) -> dict[str, Any]:
    """The cosines of drawn pairs of the corpus."""
    corpus = seen_by(job, job.parameters["encoder"])
    encoder, _encoder_id = registered(job.parameters["encoder"])
    drawn = drawn_rows(job, corpus, job.parameters["sampled_pairs"])
    rows = captions_of_rows(corpus, drawn.tolist())
    kept = [row for row in drawn.tolist() if row in rows]
    images = _corpus_features(corpus, kept) if kept else np.empty((0, encoder.dimension), dtype=np.float32)
    texts = features_of_texts(encoder.encode_texts, {row: rows[row] for row in kept})
    return {
        "pairs": {
            str(row): [float(np.clip(images[place] @ texts[row][0], -1, 1))] for place, row in enumerate(kept)
        },
    }
