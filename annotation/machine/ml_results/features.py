"""Features by the hash of what was embedded: what is missing, what is there, what is new."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from annotation.machine.ml_results.contents import ImageContent, TextContent
from annotation.models import (
    CaptionVersion,
    Embedding,
    Image,
)
from annotation.models.machine import Modality

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """Pairs that have both features: row i of `images` and of `texts` (n, dimension) belongs to version i."""

    version_ids: Sequence[int]
    image_ids: Sequence[int]
    images: Vectors
    texts: Vectors


def _hashes_there(encoder_id: int, modality: Modality, hashes: Iterable[str]) -> set[str]:
    rows = Embedding.objects.filter(encoder_id=encoder_id, modality=modality, content_hash__in=list(hashes))
    return set(rows.values_list("content_hash", flat=True))


def pictures_to_embed(encoder_id: int, images: Sequence[int]) -> list[ImageContent]:
    """Return those of the images whose picture this encoder has not embedded yet, in their order."""
    rows = Image.objects.filter(pk__in=images).values_list("pk", "key", "file__sha256")
    contents = [ImageContent(*row) for row in rows]
    there = _hashes_there(encoder_id, Modality.IMAGE, (content.content_hash for content in contents))
    return [content for content in contents if content.content_hash not in there]


def texts_to_embed(encoder_id: int, versions: Sequence[int]) -> list[TextContent]:
    """Return those of the versions whose text this encoder has not embedded yet, in the order of their hashes."""
    rows = CaptionVersion.objects.filter(pk__in=versions).order_by("content_hash", "pk")
    contents = [TextContent(*row) for row in rows.values_list("pk", "text", "content_hash")]
    there = _hashes_there(encoder_id, Modality.TEXT, (content.content_hash for content in contents))
    return [content for content in contents if content.content_hash not in there]


def write_embeddings(encoder_id: int, modality: str, hashes: Sequence[str], vectors: Vectors) -> None:
    """Keep the vectors (n, dimension) of these contents; one that is there already stays as it is."""
    rows = [
        Embedding(encoder_id=encoder_id, modality=modality, content_hash=content, vector=HalfVector(vector))
        for content, vector in sorted(zip(hashes, vectors, strict=True), key=lambda pair: pair[0])
    ]
    Embedding.objects.bulk_create(rows, ignore_conflicts=True)


def _vectors(encoder_id: int, modality: Modality, hashes: Iterable[str]) -> dict[str, Vectors]:
    rows = Embedding.objects.filter(
        encoder_id=encoder_id, modality=modality, content_hash__in=set(hashes)
    ).values_list("content_hash", "vector")
    return {content: np.asarray(vector, dtype=np.float32) for content, vector in rows}


def text_features(encoder_id: int, versions: Sequence[int]) -> dict[int, Vectors]:
    """Return the text vector (dimension,) of each version that has one."""
    hashes = dict(CaptionVersion.objects.filter(pk__in=versions).values_list("pk", "content_hash"))
    vectors = _vectors(encoder_id, Modality.TEXT, hashes.values())
    return {version: vectors[content] for version, content in hashes.items() if content in vectors}


def pair_features(encoder_id: int, versions: Sequence[int]) -> PairFeatures:
    """Return the features of those pairs whose image and text are both embedded, in the order of the versions."""
    rows = list(
        CaptionVersion.objects.filter(pk__in=versions)
        .order_by("pk")
        .values_list("pk", "image_id", "content_hash", "image__file__sha256")
    )
    texts = _vectors(encoder_id, Modality.TEXT, (row[2] for row in rows))
    images = _vectors(encoder_id, Modality.IMAGE, (row[3] for row in rows))
    whole = [row for row in rows if row[2] in texts and row[3] in images]
    empty = np.empty((0, 0), dtype=np.float32)
    return PairFeatures(
        version_ids=[row[0] for row in whole],
        image_ids=[row[1] for row in whole],
        images=np.stack([images[row[3]] for row in whole]) if whole else empty,
        texts=np.stack([texts[row[2]] for row in whole]) if whole else empty,
    )
