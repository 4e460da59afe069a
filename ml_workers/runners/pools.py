"""The job that takes the captions of the nearest corpus images, or of an image's cluster, into the pools."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workers import store
from ml_workers.corpora.layout import Corpus, read_shard
from ml_workers.corpora.rows import BadRow, CorpusRefused
from ml_workers.runners.neighbours import merged_table, planned
from ml_workers.runners.stages import project_of
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

# Captions that go in with one part: some ten seconds.
CAPTIONS_PER_PART = 100_000


class PoolsRunner:
    """Read the corpus once more, part by part, and take in the captions of the rows that are near enough.

    Parts follow one another, so that of one text in several parts the upper row is taken whatever the workers do.
    """

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Cut the rows of the corpus into parts with about as many captions each, named by their first rows."""
        search = store.search_of(project_of(job), job.parameters["search"])
        _corpus, images = planned(search)
        with merged_table(search) as table:
            near = _near(job, table[: len(images)])
            rows, counts = np.unique(table["row"][: len(images)][near], return_counts=True)
        if not len(rows):
            raise Invalid(
                "nothing_near", "No corpus image is as near as this threshold asks: take a lower one."
            )
        part = np.cumsum(counts) // CAPTIONS_PER_PART
        starts = [0, *rows[1:][part[1:] > part[:-1]].tolist()]
        return [ChunkPlan([start], phase) for phase, start in enumerate(starts)]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Take in the captions of the rows from this part's first up to the next part's."""
        search = store.search_of(project_of(job), job.parameters["search"])
        corpus, images = planned(search)
        following = job.chunks.filter(position=chunk.position + 1).first()
        stop = following.items[0] if following is not None else corpus.n_rows
        source = store.PoolSource(corpus.name, corpus.licence, search.parameters["encoder"])
        failed: list[tuple[str, str]] = []
        with merged_table(search) as table:
            table = table[: len(images)]
            wanted = Wanted(table, images, _near(job, table), chunk.items[0], stop)
        try:
            # Rows that show an image of the project stay out (docs/algorithms/leakage.md).
            leaked = store.leaked_rows(project_of(job), corpus.name)
            captions = (
                row for row in wanted_captions(corpus, wanted, failed) if row.source_key not in leaked
            )
            failed += store.add_pool_captions(
                job=job, project=project_of(job), source=source, captions=captions
            )
        except CorpusRefused as error:
            raise Invalid("corpus_refused", str(error)) from error
        return ChunkOutcome(failed)

    def finish(self, job: Job) -> dict[str, Any]:
        """How many captions came near enough, and how many of them are new."""
        return {"captions": {"added": store.count_pool_captions(job)}}


def near_enough(table: NDArray[np.void], threshold: float) -> NDArray[np.bool_]:
    """Which neighbours (images, k) are at or above the threshold."""
    return np.asarray(np.ascontiguousarray(table["cosine"]) >= np.float32(threshold))


def _near(job: Job, table: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which neighbours come in: those near enough and, where clusters are asked for, in the cluster of their image."""
    near = near_enough(table, job.parameters["threshold"])
    if job.parameters.get("clusters"):
        clusters = store.clusters_of(project_of(job), job.parameters["clusters"])
        with merged_table(clusters) as found:
            near &= found["members"]
    return near


class Wanted:
    """The pairs of an image and a row of the corpus in [start, stop) that are `near`, in the order of the rows."""

    def __init__(
        self,
        table: NDArray[np.void],
        images: Sequence[int],
        near: NDArray[np.bool_],
        start: int,
        stop: int,
    ) -> None:
        rows, cosines = table["row"], table["cosine"]
        at, rank = np.nonzero(near & (rows >= start) & (rows < stop))
        order = np.lexsort((rank, rows[at, rank]))
        self.ranks = rank[order] + 1
        self.rows = rows[at, rank][order]
        self.cosines = cosines[at, rank][order]
        self.images = np.asarray(images, dtype=np.int64)[at[order]]

    def of(self, row: int) -> Iterator[tuple[int, float, int]]:
        """Yield (image, cosine, rank) of the pairs of a row."""
        first, last = np.searchsorted(self.rows, [row, row + 1])
        for place in range(first, last):
            yield int(self.images[place]), float(self.cosines[place]), int(self.ranks[place])


def wanted_captions(
    corpus: Corpus, wanted: Wanted, failed: list[tuple[str, str]]
) -> Iterator[store.PoolCaption]:
    """Yield the captions of the wanted pairs, the corpus read as a stream; bad rows that are wanted go to `failed`."""
    known = set(wanted.rows.tolist())
    first = 0
    for shard in corpus.shards:
        of_shard = wanted.rows[(wanted.rows >= first) & (wanted.rows < first + shard.n_rows)]
        if len(of_shard):
            for row in read_shard(corpus, shard, int(of_shard[0]) - first):
                number = first + row.number
                if number > of_shard[-1]:
                    break
                if isinstance(row, BadRow):
                    if number in known or row.takes_more:
                        failed.append((f"{row.file}, line {row.line}", row.reason))
                    continue
                if number not in known:
                    continue
                name = row.key or f"{shard.rows_path}#{row.number}"
                for image, cosine, rank in wanted.of(number):
                    yield store.PoolCaption(image, row.caption, row.url, name, cosine, rank)
        first += shard.n_rows
