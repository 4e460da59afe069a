"""Embed pictures and texts: only what is missing is computed, what cannot be read is named."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IMAGE, TEXT = "image", "text"

Features = NDArray[np.float32]
# An item in words, and why it was left out.
Failure = tuple[str, str]


class Picture(Protocol):
    """A picture of the project."""

    @property
    def key(self) -> str:
        """What people call the image."""

    @property
    def content_hash(self) -> str:
        """The hash under which its features lie."""


class Text(Protocol):
    """A text of the project."""

    @property
    def text(self) -> str:
        """The text itself."""

    @property
    def content_hash(self) -> str:
        """The hash under which its features lie."""


class Encoded(Protocol):
    """Features of the files that could be read, their places in the request, and why the others could not."""

    @property
    def features(self) -> Features:
        """One row for each place in `kept`."""

    @property
    def kept(self) -> Sequence[int]:
        """Places of the files that were read."""

    @property
    def failed(self) -> dict[int, str]:
        """Reason by place."""


class PictureEncoder(Protocol):
    """What of an encoder is used for pictures."""

    def encode_image_files(self, paths: Sequence[Path]) -> Encoded:
        """Features of image files."""


class TextEncoder(Protocol):
    """What of an encoder is used for texts."""

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, dimension) of the texts."""


class Reader(Protocol):
    """Where contents come from."""

    def pictures_to_embed(self, encoder_id: int, images: Sequence[int]) -> Sequence[Picture]:
        """Those of the images that this encoder has not embedded yet."""

    def texts_to_embed(self, encoder_id: int, versions: Sequence[int]) -> Sequence[Text]:
        """Those of the versions that this encoder has not embedded yet."""

    def local_files(self, hashes: Sequence[str]) -> AbstractContextManager[Sequence[Path]]:
        """A file on this machine for each content, while the context lasts; a missing one has a path all the same."""


class Writer(Protocol):
    """Where features go."""

    def write_embeddings(
        self, encoder_id: int, modality: str, hashes: Sequence[str], vectors: Features
    ) -> None:
        """Keep the vectors of these contents."""


def embed_pictures(
    encoder: PictureEncoder, encoder_id: int, images: Sequence[int], reader: Reader, writer: Writer
) -> list[Failure]:
    """Embed what is missing of these images and return those that could not be read, with the reason.

    All are written at once: a chunk is there as a whole or not at all, so its batches, and with them the last
    bits of its features, are the same however often it was begun.
    """
    pictures = reader.pictures_to_embed(encoder_id, images)
    if not pictures:
        return []
    with reader.local_files([picture.content_hash for picture in pictures]) as paths:
        missing = {place for place, path in enumerate(paths) if not path.is_file()}
        encoded = encoder.encode_image_files(paths)
    kept = [pictures[place].content_hash for place in encoded.kept]
    writer.write_embeddings(encoder_id, IMAGE, kept, encoded.features)
    return [
        (pictures[place].key, _reason(problem, is_missing=place in missing))
        for place, problem in encoded.failed.items()
    ]


def _reason(problem: str, *, is_missing: bool) -> str:
    """Say what is wrong with a file, without the path where this machine keeps it."""
    if is_missing:
        return "The file is missing from the file store; import the image again."
    kind = problem.partition(":")[0]
    return f"The file cannot be read as an image ({kind}); replace it or retire the image."


def embed_texts(
    encoder: TextEncoder, encoder_id: int, versions: Sequence[int], reader: Reader, writer: Writer
) -> None:
    """Embed what is missing of the texts of these versions, each different text once."""
    texts = {text.content_hash: text.text for text in reader.texts_to_embed(encoder_id, versions)}
    if texts:
        writer.write_embeddings(encoder_id, TEXT, list(texts), encoder.encode_texts(list(texts.values())))
