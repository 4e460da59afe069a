"""The images whose bytes are released, beside their captions: a Hugging Face image folder and webdataset shards."""

import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from releases.cells import json_bytes
from releases.rows import EXTENSIONS, Snapshot, image_file, image_path

BLOCK = tarfile.BLOCKSIZE
# A reader takes a shard whole, so it is kept to what fits in memory easily; the last one may be small.
SHARD_BYTES = 256 * 1024 * 1024
END_OF_TAR = bytes(2 * BLOCK)

ReadBytes = Callable[[str], bytes]
Image = Mapping[str, Any]


def pictured(snapshot: Snapshot) -> list[Image]:
    """Return the images whose licence lets their bytes out."""
    return [image for image in snapshot["images"] if image_path(image)]


def described(image: Image, canary: str) -> dict[str, Any]:
    """Return what goes beside one image: all its captions with their ids and difficulty, licence and attribution."""
    return {
        "image_id": image["id"],
        "key": image["key"],
        "captions": [caption["text"] for caption in image["captions"]],
        "caption_ids": [caption["id"] for caption in image["captions"]],
        "difficulty": [(caption["difficulty"] or {}).get("level", "") for caption in image["captions"]],
        "title": image["title"],
        "licence": image["licence"],
        "attribution": image["attribution"],
        "source_url": image["source_url"],
        "canary": canary,
    }


def folder_rows(snapshot: Snapshot, canary: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of images/metadata.jsonl, which lies beside the images that it names."""
    for image in pictured(snapshot):
        yield {"file_name": image_file(image), **described(image, canary)}


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a shard: what comes before and after its bytes, which are read when they are written."""

    before: bytes
    after: bytes
    sha256: str
    n_bytes: int

    @property
    def size(self) -> int:
        """Return the bytes of the sample in the shard."""
        return len(self.before) + self.n_bytes + _padding(self.n_bytes) + len(self.after)

    def parts(self, read_image: ReadBytes) -> Iterator[bytes]:
        """Yield the sample in pieces."""
        yield self.before
        yield read_image(self.sha256)
        yield bytes(_padding(self.n_bytes)) + self.after


@dataclass(frozen=True, slots=True)
class Shard:
    """One tar file of samples."""

    path: str
    samples: Sequence[Sample]

    @property
    def size(self) -> int:
        """Return the bytes of the file."""
        return sum(sample.size for sample in self.samples) + len(END_OF_TAR)

    def parts(self, read_image: ReadBytes) -> Iterator[bytes]:
        """Yield the file in pieces, one picture in memory at a time."""
        for sample in self.samples:
            yield from sample.parts(read_image)
        yield END_OF_TAR


def shards(snapshot: Snapshot, canary: str, *, most_bytes: int = SHARD_BYTES) -> Iterator[Shard]:
    """Yield webdataset shards of at most `most_bytes` (or one sample): the picture, .json with everything, .txt.

    The .txt holds the first caption alone, since what reads it takes one text for one picture.
    """
    waiting: list[Sample] = []
    number = 0
    for place, image in enumerate(pictured(snapshot)):
        sample = _sample(place, image, canary)
        if waiting and sum(row.size for row in waiting) + sample.size > most_bytes:
            yield Shard(_shard_path(number), waiting)
            waiting, number = [], number + 1
        waiting.append(sample)
    if waiting:
        yield Shard(_shard_path(number), waiting)


def _shard_path(number: int) -> str:
    return f"webdataset/imp-{number:06d}.tar"


def _sample(place: int, image: Image, canary: str) -> Sample:
    key = f"{place:09d}"
    first = image["captions"][0]["text"] if image["captions"] else ""
    extension = EXTENSIONS.get(image["media_type"], "bin")
    return Sample(
        before=_entry(f"{key}.json", json_bytes(described(image, canary)))
        + _header(f"{key}.{extension}", image["bytes"]),
        after=_entry(f"{key}.txt", first.encode()),
        sha256=image["sha256"],
        n_bytes=image["bytes"],
    )


def _entry(name: str, content: bytes) -> bytes:
    return _header(name, len(content)) + content + bytes(_padding(len(content)))


def _header(name: str, size: int) -> bytes:
    """Return a USTAR header without owner or time."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry.tobuf(format=tarfile.USTAR_FORMAT)


def _padding(size: int) -> int:
    return -size % BLOCK
