"""The job that looks for a project's images in a corpus, by file, perceptual hash and embedding (IMP C.6)."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from PIL import Image

from ml_workers import store
from ml_workers.corpora.archives import Sample, row_of, samples
from ml_workers.corpora.layout import WEBDATASET, Corpus, Shard, shard_path
from ml_workers.corpora.pieces import Span, spans
from ml_workers.corpora.rows import BadRow, CorpusRefused
from ml_workers.jobs.similarities import pieces
from ml_workers.picture_hash import Hashes, as_rows, difference_hash, near_pictures
from ml_workers.runners.neighbours import merged_table, planned
from ml_workers.runners.pools import Wanted, near_enough, wanted_captions
from ml_workers.runners.stages import project_of
from ml_workers.store import FoundLeak, LeakCheck, NeighbourFileKind
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

OWN, PICTURES, EMBEDDING, DROP = range(4)
# Images of the project, and pictures of the corpus, that one part hashes.
IMAGES_PER_PART, PICTURES_PER_PART = 200, 2_000
# What Pillow raises for bytes that are no picture, or only half of one.
DAMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def blocks_with_pictures(corpus: Corpus) -> list[Span]:
    """The pictures of a corpus in parts; a corpus of tables has none."""
    return spans(corpus, PICTURES_PER_PART, of=lambda shard: shard.kind == WEBDATASET)


class LeakageRunner:
    """Hash the project's images, compare each picture of the corpus, take near neighbours, drop their captions."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Fix the images, and the corpus as it was when it was searched."""
        corpus, searched = planned(store.search_of(project_of(job), job.parameters["search"]))
        images = store.begin_leakage(job, project_of(job), corpus.name)
        blocks = blocks_with_pictures(corpus)
        own = pieces(images, IMAGES_PER_PART) if blocks else []
        store.keep_json(
            job,
            NeighbourFileKind.SUMMARY,
            {
                "images": len(images),
                "images_searched": len(searched),
                "rows": corpus.n_rows,
                "rows_with_pictures": sum(block.stop - block.start for block in blocks),
            },
        )
        return [
            *(ChunkPlan(piece, OWN) for piece in own),
            *(ChunkPlan([place], PICTURES) for place in range(len(blocks))),
            ChunkPlan([0], EMBEDDING),
            ChunkPlan([0], DROP),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One part of the work."""
        if chunk.phase == OWN:
            return ChunkOutcome(_hash_own(job, chunk))
        if chunk.phase == DROP:
            store.drop_leaked(job)
            return ChunkOutcome()
        search = store.search_of(project_of(job), job.parameters["search"])
        corpus, images = planned(search)
        try:
            if chunk.phase == PICTURES:
                found, failed = _same_pictures(job, corpus, blocks_with_pictures(corpus)[chunk.items[0]])
            else:
                with merged_table(search) as table:
                    table = table[: len(images)]
                    near = near_enough(table, job.parameters["least_cosine"])
                    wanted = Wanted(table, images, near, 0, corpus.n_rows)
                    found, failed = _near_rows(corpus, wanted), []
                there = set(store.images_to_search(project_of(job)))
                found = [one for one in found if one.image_id in there]
        except CorpusRefused as error:
            raise Invalid("corpus_refused", str(error)) from error
        store.write_leaks(job, found)
        return ChunkOutcome(failed)

    def finish(self, job: Job) -> dict[str, Any]:
        """How many images leaked by which check, and what became of the captions."""
        store.drop_files(job, [NeighbourFileKind.HASHES])
        return store.conclude_leakage(job)


def _hash_own(job: Job, chunk: JobChunk) -> list[tuple[str, str]]:
    """Keep the perceptual hashes of some images; return those whose pictures cannot be read."""
    ids, hashes, failed = [], [], []
    files = store.file_hashes(chunk.items)
    with store.local_files([content for _image, content in files]) as paths:
        for (image, _content), path in zip(files, paths, strict=True):
            try:
                told = difference_hash(path.read_bytes(), settings.IMAGE_PIXEL_LIMIT)
            except DAMAGE as error:
                failed.append((str(image), str(error) or type(error).__name__))
                continue
            if told is not None:
                ids.append(image)
                hashes.append(told)
    with tempfile.NamedTemporaryFile(suffix=".npz") as draft:
        np.savez(draft, images=np.asarray(ids, dtype=np.int64), hashes=as_rows(hashes))
        draft.flush()
        store.keep_file(job, NeighbourFileKind.HASHES, chunk.position, Path(draft.name))
    return failed


def _own_hashes(job: Job) -> tuple[list[int], Hashes]:
    """The images that have a perceptual hash, and their hashes (n, 2)."""
    kept = store.kept_hashes(job, NeighbourFileKind.HASHES)
    images: list[int] = []
    hashes = [as_rows([])]
    with ExitStack() as files:
        for path in files.enter_context(store.local_files([kept[part] for part in sorted(kept)])):
            with np.load(path) as part:
                images += part["images"].tolist()
                hashes.append(part["hashes"])
    return images, np.concatenate(hashes)


def _same_pictures(job: Job, corpus: Corpus, block: Span) -> tuple[list[FoundLeak], list[tuple[str, str]]]:
    """Compare a part of the corpus's pictures with all images, by file and by perceptual hash."""
    images, hashes = _own_hashes(job)
    by_file: dict[str, list[int]] = {}
    for image, content in store.file_hashes(store.images_to_search(project_of(job))):
        by_file.setdefault(content, []).append(image)
    shard = corpus.shards[block.shard]
    found: list[FoundLeak] = []
    failed: list[tuple[str, str]] = []
    for number, sample in _samples(corpus, shard, block.start, block.stop):
        if sample.picture is None or sample.problem:
            continue
        same = by_file.get(sha256(sample.picture).hexdigest(), [])
        found += [_leak(sample, number, shard, image, (LeakCheck.IDENTICAL, 1.0)) for image in same]
        try:
            told = difference_hash(sample.picture, settings.IMAGE_PIXEL_LIMIT)
        except DAMAGE as error:
            failed.append((f"{shard.rows_path}, sample {number + 1}", str(error) or type(error).__name__))
            continue
        if told is None:
            continue
        for near in near_pictures(as_rows([told]), hashes, job.parameters["most_bits"]):
            check = (LeakCheck.PERCEPTUAL, float(near.bits))
            found.append(_leak(sample, number, shard, images[near.other], check))
    return found, failed


def _samples(corpus: Corpus, shard: Shard, start: int, stop: int) -> Iterator[tuple[int, Sample]]:
    taken = islice(samples(shard_path(corpus, shard), with_pictures=True, start=start), stop - start)
    return enumerate(taken, start)


def _leak(sample: Sample, number: int, shard: Shard, image: int, check: tuple[LeakCheck, float]) -> FoundLeak:
    row = row_of(sample, number, shard.rows_path)
    caption, url = ("", "") if isinstance(row, BadRow) else (row.caption, row.url)
    name = sample.key or f"{shard.rows_path}#{number}"
    return FoundLeak(image, name, caption, url, check[0], check[1], sample.picture)


def _near_rows(corpus: Corpus, wanted: Wanted) -> list[FoundLeak]:
    """The rows whose embeddings are near enough, with their pictures where the corpus has any."""
    pictures = _pictures_of(corpus, wanted.rows.tolist())
    unread: list[tuple[str, str]] = []
    return [
        FoundLeak(
            row.image_id,
            row.source_key,
            row.caption,
            row.url,
            LeakCheck.EMBEDDING,
            row.similarity,
            pictures.get(row.source_key),
        )
        for row in wanted_captions(corpus, wanted, unread)
    ]


def _pictures_of(corpus: Corpus, rows: Iterable[int]) -> Mapping[str, bytes]:
    """The readable pictures of these rows by the names of the rows."""
    wanted = set(rows)
    found: dict[str, bytes] = {}
    first = 0
    for shard in corpus.shards:
        of_shard = sorted(row - first for row in wanted if first <= row < first + shard.n_rows)
        if of_shard and shard.kind == WEBDATASET:
            for number, sample in _samples(corpus, shard, of_shard[0], of_shard[-1] + 1):
                if number + first in wanted and sample.picture is not None and _is_readable(sample.picture):
                    found[sample.key or f"{shard.rows_path}#{number}"] = sample.picture
        first += shard.n_rows
    return found


def _is_readable(content: bytes) -> bool:
    try:
        difference_hash(content, settings.IMAGE_PIXEL_LIMIT)
    except DAMAGE:
        return False
    return True
