"""The job that finds, for each image of a project, the nearest images of a corpus."""

import tempfile
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from ml_workers import store
from ml_workers.corpora.layout import Corpus, as_json, from_json, open_corpus
from ml_workers.corpora.pieces import (
    blocks_to_compute,
    pictures_of,
    piece_features,
    pieces_to_search,
)
from ml_workers.corpora.rows import CorpusRefused
from ml_workers.encoders.protocol import ImageEncoder
from ml_workers.jobs.embeddings import embed_pictures
from ml_workers.jobs.similarities import picture_pieces
from ml_workers.loading import registered_image_encoder
from ml_workers.nearest import (
    Neighbours,
    exact_neighbours,
    listed_neighbours,
    merged_neighbours,
    recall,
)
from ml_workers.pools.counts import proposals, threshold_counts
from ml_workers.runners.stages import project_of
from ml_workers.store import NeighbourFileKind
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

PICTURES, FEATURES, SEARCH, MERGE = range(4)
# Up to so many rows every row is looked at; beyond, `auto` searches by lists.
EXACT_UP_TO = 3_000_000
# The files of neighbours: the number of the corpus's row and its cosine.
NEIGHBOUR = np.dtype([("row", "<i8"), ("cosine", "<f4")])
IMAGES_AT_ONCE = 500


def as_table(found: Neighbours) -> NDArray[np.void]:
    """Return neighbours as they are kept: a row for each image, nearest first."""
    table = np.empty(found.rows.shape, dtype=NEIGHBOUR)
    table["row"], table["cosine"] = found.rows, found.cosines
    return table


def from_table(table: NDArray[np.void]) -> Neighbours:
    """Return the neighbours that `as_table` made."""
    return Neighbours(np.ascontiguousarray(table["row"]), np.ascontiguousarray(table["cosine"]))


def opened(name: str, encoder: str) -> Corpus:
    """The corpus of this name with its features by this encoder. Raises Invalid with what is wrong with it."""
    try:
        return open_corpus(settings.CORPORA_DIR / name, encoder)
    except CorpusRefused as error:
        raise Invalid("corpus_refused", str(error)) from error


def planned(job: Job) -> tuple[Corpus, list[int]]:
    """The corpus as it was when the search was planned, and the images in the order of the files' rows."""
    told = store.kept_json(job, NeighbourFileKind.PLAN)
    corpus = from_json(told["corpus"], settings.CORPORA_DIR / job.parameters["corpus"])
    return corpus, told["images"]


def keep_table(job: Job, kind: str, part: int, table: NDArray[Any]) -> None:
    """Keep a table with a job, in place of what an interrupted attempt had left."""
    with tempfile.NamedTemporaryFile(suffix=".npy") as draft:
        np.save(draft, table)
        draft.flush()
        store.keep_file(job, kind, part, Path(draft.name))


def keep_features(
    job: Job, corpus: Corpus, place: int, encoder: ImageEncoder, only: Container[int] | None = None
) -> list[tuple[str, str]]:
    """Compute and keep the features of a block of `blocks_to_compute`; return (sample, reason) of those left out.

    With `only` those at these places of the block; the others are zeros.
    """
    block = blocks_to_compute(corpus)[place]
    features, failed = pictures_of(
        corpus, block, encoder.encode_images, encoder.dimension, settings.IMAGE_PIXEL_LIMIT, only
    )
    keep_table(job, NeighbourFileKind.FEATURES, place, features)
    return failed


class NeighboursRunner:
    """Embed the images, compute the features that the corpus lacks, search it piece by piece, merge."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Open the corpus and fix images and pieces. Raises Invalid where the corpus or its encoder does not fit."""
        corpus = opened(job.parameters["corpus"], job.parameters["encoder"])
        check_encoder(corpus, job.parameters["encoder"])
        images = store.images_to_search(project_of(job))
        if not images:
            raise Invalid("no_images", "The project has no active or reserve image to search for.")
        store.keep_json(job, NeighbourFileKind.PLAN, {"corpus": as_json(corpus), "images": images})
        return [
            *(ChunkPlan(piece, PICTURES) for piece in picture_pieces(store.one_of_each_picture(images))),
            *(ChunkPlan([place], FEATURES) for place in range(len(blocks_to_compute(corpus)))),
            *(ChunkPlan([place], SEARCH) for place in range(len(pieces_to_search(corpus)))),
            ChunkPlan([0], MERGE),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One part of the work."""
        encoder, encoder_id = registered_image_encoder(job.parameters["encoder"])
        if chunk.phase == PICTURES:
            return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))
        corpus, images = planned(job)
        try:
            if chunk.phase == FEATURES:
                return ChunkOutcome(keep_features(job, corpus, chunk.items[0], encoder))
            if chunk.phase == SEARCH:
                self._search(job, corpus, (encoder_id, encoder.dimension, images), chunk.items[0])
                return ChunkOutcome()
            return ChunkOutcome(self._merge(job, corpus, (encoder_id, encoder.dimension, images)))
        except CorpusRefused as error:
            raise Invalid("corpus_refused", str(error)) from error

    def finish(self, job: Job) -> dict[str, Any]:
        """How large the search was, and how much of the exact neighbours it found."""
        told = store.kept_json(job, NeighbourFileKind.SUMMARY)
        counted = {name: told[name] for name in ("images", "rows", "neighbours")}
        return {"search": counted, **({"recall": told["recall"]} if told["recall"] else {})}

    def _search(self, job: Job, corpus: Corpus, asked: tuple[int, int, list[int]], place: int) -> None:
        """Write the neighbours in one piece of the corpus, and below them the exact ones of the sample."""
        features, _there = store.picture_features(asked[0], asked[2], asked[1])
        piece = pieces_to_search(corpus)[place]
        radius, first = job.parameters["radius"], piece[0].first
        with ExitStack() as files:
            hashes = store.kept_hashes(job, NeighbourFileKind.FEATURES)

            def computed(block: int) -> Path:
                return files.enter_context(store.local_files([hashes[block]]))[0]

            rows = piece_features(corpus, piece, computed)
            check_dimension(corpus, rows.shape[1], asked[1])
            if by_lists(job, corpus):
                found = listed_neighbours(
                    features, rows, radius, seed=job.seed, probes=job.parameters["probes"], first=first
                )
                exact = exact_neighbours(features[sample_of(job, len(features))], rows, radius, first=first)
                table = np.concatenate([as_table(found), as_table(exact)])
            else:
                table = as_table(exact_neighbours(features, rows, radius, first=first))
        keep_table(job, NeighbourFileKind.PART, place, table)

    def _merge(self, job: Job, corpus: Corpus, asked: tuple[int, int, list[int]]) -> list[tuple[str, str]]:
        """Write the neighbours in the whole corpus and what thresholds would bring; return what was left out."""
        if not store.kept_hashes(job, NeighbourFileKind.MERGED):
            self._merge_parts(job, len(asked[2]), store.picture_features(asked[0], asked[2], asked[1])[1])
        with merged_table(job) as table:
            sample = len(table) - len(asked[2])
            found, exact = table[: len(asked[2])], table[len(asked[2]) :]
            cosines = np.ascontiguousarray(found["cosine"])
            measured = None
            if sample:
                at = sample_of(job, len(asked[2]))
                with_any = found[at]["row"][:, 0] >= 0
                measured = recall(from_table(found[at][with_any]), from_table(exact[with_any]))
        told = {
            "images": len(asked[2]),
            "rows": corpus.n_rows,
            "neighbours": int(np.isfinite(cosines).sum()),
            "index": "lists" if sample else "exact",
            "recall": None
            if measured is None
            else {"found": measured.hits, "asked": measured.asked, "images": measured.queries},
            "recall_of_images": None
            if measured is None
            else {"lowest": measured.lowest, "deviation": measured.deviation},
            "proposals": [asdict(one) for one in proposals(cosines, corpus.n_rows)],
            "thresholds": [asdict(one) for one in threshold_counts(cosines)],
        }
        store.keep_json(job, NeighbourFileKind.SUMMARY, told)
        store.drop_files(job, [NeighbourFileKind.PART, NeighbourFileKind.FEATURES])
        return list(corpus.problems)

    def _merge_parts(self, job: Job, n_images: int, there: NDArray[np.bool_]) -> None:
        hashes = store.kept_hashes(job, NeighbourFileKind.PART)
        with ExitStack() as files:
            paths = files.enter_context(store.local_files([hashes[part] for part in sorted(hashes)]))
            parts = [np.load(path, mmap_mode="r") for path in paths]
            with tempfile.TemporaryDirectory(prefix="polyannot-") as folder:
                path = Path(folder) / "merged.npy"
                shape = parts[0].shape
                merged = np.lib.format.open_memmap(path, mode="w+", dtype=NEIGHBOUR, shape=shape)
                for start in range(0, shape[0], IMAGES_AT_ONCE):
                    some = slice(start, start + IMAGES_AT_ONCE)
                    found = merged_neighbours([from_table(part[some]) for part in parts], shape[1])
                    merged[some] = as_table(found)
                # An image whose picture could not be read has no neighbours.
                missing = np.flatnonzero(~there)
                merged["row"][missing], merged["cosine"][missing] = -1, -np.inf
                merged.flush()
                store.keep_file(job, NeighbourFileKind.MERGED, 0, path)


def by_lists(job: Job, corpus: Corpus) -> bool:
    """Say whether lists are searched rather than every row."""
    index: str = job.parameters["index"]
    return index == "lists" or (index == "auto" and corpus.n_rows > EXACT_UP_TO)


def sample_of(job: Job, n_images: int) -> NDArray[np.int64]:
    """The images whose exact neighbours are found too, drawn with the job's seed, in their order."""
    drawn = np.random.default_rng(job.seed).permutation(n_images)[: job.parameters["recall_images"]]
    return np.sort(drawn)


def check_encoder(corpus: Corpus, encoder: str) -> None:
    """Raise Invalid where the features of a corpus say that they are of another encoder."""
    if corpus.encoder and corpus.encoder != encoder and any(shard.features_path for shard in corpus.shards):
        raise Invalid(
            "corpus_of_another_encoder",
            f"The features of {corpus.name} are of {corpus.encoder}, not of {encoder}: search with that one.",
        )


def check_dimension(corpus: Corpus, given: int, needed: int) -> None:
    """Raise Invalid where the features of a corpus cannot be of this encoder."""
    if given != needed:
        raise Invalid(
            "corpus_of_another_encoder",
            f"The features of {corpus.name} have {given} columns, not {needed}: they are of another encoder.",
        )


@contextmanager
def merged_table(job: Job) -> Iterator[NDArray[np.void]]:
    """The merged table of a search or of its clusters, mapped from a file of this machine while the context lasts."""
    hashes = store.kept_hashes(job, NeighbourFileKind.MERGED)
    with store.local_files([hashes[0]]) as paths:
        yield np.load(paths[0], mmap_mode="r")
