"""A corpus in pieces of about equal size: what one worker computes or searches at a time. Pure."""

import io
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ml_workers.corpora.archives import samples
from ml_workers.corpora.layout import Corpus, Shard, given_features, shard_path
from ml_workers.corpora.rows import CorpusRefused

Features = NDArray[np.floating]

# Rows of a corpus that one part of a search looks through: about two minutes for 5,000 images on two cores.
ROWS_PER_PIECE = 1_000_000
# Pictures of an archive that one part embeds.
PICTURES_PER_BLOCK = 512
PICTURES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive rows of one shard; `first` is the number of the first in the whole corpus."""

    shard: int
    start: int
    stop: int
    first: int


def spans(corpus: Corpus, size: int, *, of: Callable[[Shard], bool] = lambda _shard: True) -> list[Span]:
    """Return the rows of the shards that are asked for, in spans of at most `size`."""
    found, first = [], 0
    for number, shard in enumerate(corpus.shards):
        if of(shard):
            found += [
                Span(number, start, min(start + size, shard.n_rows), first + start)
                for start in range(0, shard.n_rows, size)
            ]
        first += shard.n_rows
    return found


def blocks_to_compute(corpus: Corpus) -> list[Span]:
    """Return the blocks of pictures that have no features beside them."""
    return spans(corpus, PICTURES_PER_BLOCK, of=lambda shard: not shard.features_path)


def pieces_to_search(corpus: Corpus) -> list[list[Span]]:
    """Return the corpus in pieces of consecutive spans with at most ROWS_PER_PIECE rows each."""
    pieces: list[list[Span]] = []
    room = 0
    for span in spans(corpus, ROWS_PER_PIECE):
        if span.stop - span.start > room:
            pieces.append([])
            room = ROWS_PER_PIECE
        pieces[-1].append(span)
        room -= span.stop - span.start
    return pieces


def piece_features(corpus: Corpus, piece: Sequence[Span], computed: Callable[[int], Path]) -> Features:
    """Return the features of a piece; those of one given file stay in it, others are put together as half floats.

    `computed` gives the file of a block of `blocks_to_compute` by its place there.
    """
    if len(piece) == 1 and corpus.shards[piece[0].shard].features_path:
        return given_features(corpus, corpus.shards[piece[0].shard])[piece[0].start : piece[0].stop]
    blocks = blocks_to_compute(corpus)
    parts: list[Features] = []
    for span in piece:
        shard = corpus.shards[span.shard]
        if shard.features_path:
            parts.append(given_features(corpus, shard)[span.start : span.stop])
        else:
            parts += [
                np.load(computed(place), mmap_mode="r")
                for place, block in enumerate(blocks)
                if block.shard == span.shard and span.start <= block.start < span.stop
            ]
    return np.concatenate([np.asarray(part, dtype=np.float16) for part in parts])


def features_of_rows(
    corpus: Corpus, rows: Sequence[int] | NDArray[np.int64], computed: Callable[[int], Path] | None = None
) -> Features:
    """Return the features of these rows (n, d), in their order; n is at least 1.

    `computed` gives the file of a block of `blocks_to_compute` by its place there. Raises CorpusRefused where some of
    the rows have no features beside them and there is no such file.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    parts: dict[int, Features] = {}
    for first, n, features in _sources(corpus, computed or no_file):
        here = np.flatnonzero((wanted >= first) & (wanted < first + n))
        if len(here):
            parts.update(zip(here.tolist(), np.asarray(features()[wanted[here] - first]), strict=True))
    return np.stack([parts[place] for place in range(len(wanted))])


def _sources(
    corpus: Corpus, computed: Callable[[int], Path]
) -> Iterator[tuple[int, int, Callable[[], Features]]]:
    """Yield the first row of each given or computed table, how many rows it has, and how to open it.

    The numbers are those of `piece_features`: half floats but where one given file makes a piece.
    """
    for piece in pieces_to_search(corpus):
        for span in piece:
            if corpus.shards[span.shard].features_path:
                yield (
                    span.first,
                    span.stop - span.start,
                    partial(_given, corpus, span, is_alone=len(piece) == 1),
                )
    for place, block in enumerate(blocks_to_compute(corpus)):
        yield block.first, block.stop - block.start, partial(_computed, computed, place)


def _given(corpus: Corpus, span: Span, *, is_alone: bool) -> Features:
    features = given_features(corpus, corpus.shards[span.shard])[span.start : span.stop]
    return features if is_alone else np.asarray(features, dtype=np.float16)


def _computed(computed: Callable[[int], Path], place: int) -> Features:
    features: Features = np.load(computed(place), mmap_mode="r")
    return features


def no_file(_block: int) -> Path:
    """Refuse to give the features of a block that were to be beside the corpus. Raises CorpusRefused."""
    raise CorpusRefused("The corpus has lost features since the work began: ask again.")


def pictures_of(
    corpus: Corpus,
    block: Span,
    encode: Callable[[Sequence[Image.Image]], Features],
    dimension: int,
    pixel_limit: int,
    only: Container[int] | None = None,
) -> tuple[Features, list[tuple[str, str]]]:
    """Return the features (n, d) of a block of pictures as half floats, and (sample, reason) of those left out.

    A picture that is left out has zeros, so that row i stays the features of sample i. With `only` pictures at other
    places of the block have zeros too.
    """
    shard = corpus.shards[block.shard]
    path = shard_path(corpus, shard)
    found: list[tuple[int, Image.Image]] = []
    failed: list[tuple[str, str]] = []
    rows: dict[int, Features] = {}

    def flush() -> None:
        if found:
            encoded = encode([picture for _place, picture in found])
            rows.update({place: row for (place, _picture), row in zip(found, encoded, strict=True)})
            found.clear()

    taken = islice(samples(path, with_pictures=True, start=block.start), block.stop - block.start)
    for place, sample in enumerate(taken):
        if only is not None and place not in only:
            continue
        try:
            found.append((place, upright_picture(sample.picture, sample.problem, pixel_limit)))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            failed.append(
                (f"{path.name}, sample {block.start + place + 1}", str(error) or type(error).__name__)
            )
        if len(found) == PICTURES_AT_ONCE:
            flush()
    flush()
    features = np.zeros((block.stop - block.start, dimension), dtype=np.float16)
    for place, row in rows.items():
        features[place] = row
    return features, failed


def upright_picture(content: bytes | None, problem: str, pixel_limit: int) -> Image.Image:
    """Return the picture in RGB, turned upright. Raises ValueError or what Pillow raises where there is none."""
    if problem or content is None:
        raise ValueError(problem or "There is no picture.")
    with Image.open(io.BytesIO(content)) as picture:
        if picture.width * picture.height > pixel_limit:
            raise ValueError(f"The picture has more than {pixel_limit:,} pixels.")
        return ImageOps.exif_transpose(picture).convert("RGB")
