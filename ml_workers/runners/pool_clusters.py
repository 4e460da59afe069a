"""The job that finds, for each image of a search, the cluster of its nearest corpus images that it falls into."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workers import store
from ml_workers.corpora.layout import Corpus
from ml_workers.corpora.pieces import Span, blocks_to_compute, features_of_rows
from ml_workers.corpora.rows import CorpusRefused
from ml_workers.jobs.similarities import pieces
from ml_workers.layout import is_available
from ml_workers.loading import registered_image_encoder
from ml_workers.nearest import unit_rows
from ml_workers.pools.clusters import ClusterRule, own_cluster
from ml_workers.pools.counts import cluster_counts
from ml_workers.runners.neighbours import (
    IMAGES_AT_ONCE,
    keep_features,
    keep_table,
    merged_table,
    planned,
)
from ml_workers.runners.stages import project_of
from ml_workers.store import NeighbourFileKind
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

FEATURES, CLUSTER, MERGE = range(3)
# Images of one part: about a minute where each has 3,000 neighbours.
IMAGES_PER_PART = 5
PLANE = "plane"


class PoolClustersRunner:
    """Compute the features of neighbours that have none, cluster those of each image, put the parts together."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Cut pictures without features and images into parts. Raises Invalid where UMAP is missing."""
        if job.parameters["space"] == PLANE and not is_available():
            raise Invalid(
                "layout_missing",
                "UMAP is not installed on the model workers, so there is no plane to find clusters on; nothing was"
                " changed. Install polyannot there with its extra `layout`, or find them in the features.",
            )
        search = store.search_of(project_of(job), job.parameters["search"])
        corpus, images = planned(search)
        near = _near_rows(search, corpus)
        return [
            *(
                ChunkPlan([place], FEATURES)
                for place, block in enumerate(blocks_to_compute(corpus))
                if len(_places_of(near, block))
            ),
            *(ChunkPlan(piece, CLUSTER) for piece in pieces(range(len(images)), IMAGES_PER_PART)),
            ChunkPlan([0], MERGE),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One part of the work."""
        search = store.search_of(project_of(job), job.parameters["search"])
        if chunk.phase == MERGE:
            _merge(job, search)
            return ChunkOutcome()
        try:
            if chunk.phase == FEATURES:
                return ChunkOutcome(_computed(job, search, chunk.items[0]))
            keep_table(job, NeighbourFileKind.PART, chunk.items[0], _clustered(job, search, chunk.items))
        except CorpusRefused as error:
            raise Invalid("corpus_refused", str(error)) from error
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many images fall into a cluster, and how many captions these hold."""
        told = store.kept_json(job, NeighbourFileKind.SUMMARY)
        return {"clusters": {name: told[name] for name in ("images", "in_a_cluster", "captions")}}


def _near_rows(search: Job, corpus: Corpus) -> NDArray[np.bool_]:
    """Which rows of the corpus (rows,) are among the neighbours of any image."""
    near = np.zeros(corpus.n_rows, dtype=np.bool_)
    with merged_table(search) as table:
        for start in range(0, len(table), IMAGES_AT_ONCE):
            rows = table["row"][start : start + IMAGES_AT_ONCE]
            near[rows[rows >= 0]] = True
    return near


def _places_of(near: NDArray[np.bool_], block: Span) -> list[int]:
    """The places in a block of the rows that are near any image."""
    places: list[int] = np.flatnonzero(near[block.first : block.first + block.stop - block.start]).tolist()
    return places


def _computed(job: Job, search: Job, place: int) -> list[tuple[str, str]]:
    """Keep the features of the neighbours in a block of pictures, those that the search computed being gone."""
    corpus, _images = planned(search)
    near = _places_of(_near_rows(search, corpus), blocks_to_compute(corpus)[place])
    encoder, _encoder_id = registered_image_encoder(search.parameters["encoder"])
    return keep_features(job, corpus, place, encoder, frozenset(near))


def _row_of(radius: int) -> np.dtype[np.void]:
    """What is kept of an image: which of its neighbours are in its cluster, the clusters found, those in none."""
    return np.dtype([("members", "?", (radius,)), ("clusters", "<i4"), ("noise", "<i4")])


def _clustered(job: Job, search: Job, places: Sequence[int]) -> NDArray[np.void]:
    """The clusters of the images at these places of a search."""
    corpus, images = planned(search)
    told = job.parameters
    rule = ClusterRule(
        told["space"] == PLANE,
        told["min_cluster_size"],
        told["min_samples"],
        told.get("cluster_selection_epsilon", 0.0),
    )
    encoder, encoder_id = registered_image_encoder(search.parameters["encoder"])
    own, _there = store.picture_features(encoder_id, [images[place] for place in places], encoder.dimension)
    hashes = store.kept_hashes(job, NeighbourFileKind.FEATURES)
    with merged_table(search) as table, ExitStack() as files:

        def computed(block: int) -> Path:
            return files.enter_context(store.local_files([hashes[block]]))[0]

        found = np.zeros(len(places), dtype=_row_of(table.shape[1]))
        for at, place in enumerate(places):
            rows = np.ascontiguousarray(table["row"][place])
            rows = rows[rows >= 0]
            if not len(rows):
                continue
            near, _usable = unit_rows(features_of_rows(corpus, rows, computed))
            cluster = own_cluster(unit_rows(own[at : at + 1])[0][0], near, rule=rule, seed=job.seed)
            found["members"][at, : len(rows)] = cluster.members
            found["clusters"][at], found["noise"][at] = cluster.clusters, cluster.noise
    return found


def _merge(job: Job, search: Job) -> None:
    """Put the parts together and say what the clusters hold; a second time changes nothing."""
    if not store.kept_hashes(job, NeighbourFileKind.MERGED):
        hashes = store.kept_hashes(job, NeighbourFileKind.PART)
        with ExitStack() as files:
            paths = files.enter_context(store.local_files([hashes[part] for part in sorted(hashes)]))
            keep_table(job, NeighbourFileKind.MERGED, 0, np.concatenate([np.load(path) for path in paths]))
    with merged_table(job) as clusters, merged_table(search) as table:
        cosines = np.ascontiguousarray(table["cosine"][: len(clusters)])
        store.keep_json(job, NeighbourFileKind.SUMMARY, cluster_counts(clusters, cosines))
    store.drop_files(job, [NeighbourFileKind.PART, NeighbourFileKind.FEATURES])
