"""Corpora as webdataset shards: tar archives whose samples are adjacent files with one key."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ml_workers.corpora.rows import CAPTION_NAMES, URL_NAMES, BadRow, CorpusRow, Rows, checked_row, named

PICTURES = frozenset({"jpg", "jpeg", "png", "webp", "gif"})
TEXTS = ("txt", "caption", "text")
# A picture or a text beyond this is passed over.
LARGEST_PICTURE = 100 * 1024**2
LARGEST_TEXT = 1 << 20


@dataclass(slots=True)
class Sample:
    """The files of one key: small ones read, of the picture only what was asked for."""

    key: str
    texts: dict[str, bytes] = field(default_factory=dict)
    picture: bytes | None = None
    problem: str = ""
    breaks_off: bool = False

    @property
    def caption(self) -> str | None:
        """The text beside the picture, where there is one; raises UnicodeDecodeError."""
        for ending in TEXTS:
            if ending in self.texts:
                return self.texts[ending].decode()
        return None


def _split(name: str) -> tuple[str, str]:
    """Return key and ending as webdataset does: all up to the first dot of the last part, and all after it."""
    path = PurePosixPath(name)
    stem, _dot, ending = path.name.partition(".")
    return str(path.parent / stem), ending.lower()


def samples(path: Path, *, with_pictures: bool = False, start: int = 0) -> Iterator[Sample]:
    """Yield the samples of a shard from number `start` on, one in memory at a time.

    A shard that breaks off yields what came before, and then one sample with the problem.
    """
    current: Sample | None = None
    number = -1
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                # What tarfile remembers of every file would grow with the archive.
                archive.members = []  # type: ignore[attr-defined]
                if not member.isfile() or PurePosixPath(member.name).name.startswith("."):
                    continue
                key, ending = _split(member.name)
                if current is None or key != current.key:
                    if current is not None and number >= start:
                        yield current
                    number += 1
                    current = Sample(key)
                if number >= start:
                    _take(archive, member, ending, current, with_pictures=with_pictures)
    except (tarfile.TarError, OSError, EOFError) as error:
        yield Sample(
            current.key if current else "",
            problem=f"The archive breaks off here ({type(error).__name__}).",
            breaks_off=True,
        )
        return
    if current is not None and number >= start:
        yield current


def _take(
    archive: tarfile.TarFile, member: tarfile.TarInfo, ending: str, sample: Sample, *, with_pictures: bool
) -> None:
    is_picture = ending in PICTURES
    if is_picture and not with_pictures:
        return
    if not is_picture and ending != "json" and ending not in TEXTS:
        return
    if member.size > (LARGEST_PICTURE if is_picture else LARGEST_TEXT):
        sample.problem = f"Its file .{ending} is too large ({member.size:,} bytes)."
        return
    source = archive.extractfile(member)
    content = source.read() if source else b""
    if len(content) < member.size:
        raise EOFError
    if is_picture:
        sample.picture = content
    else:
        sample.texts[ending] = content


def count_samples(path: Path) -> int:
    """Return how many samples `samples` yields: only the headers of the archive are read."""
    return sum(1 for _sample in samples(path))


def read_webdataset(path: Path, start: int = 0) -> Rows:
    """Yield the rows of a shard: caption from .txt, else from .json, which also says link and key."""
    for number, sample in enumerate(samples(path, start=start), start):
        if sample.problem:
            yield BadRow(number, path.name, number + 1, sample.problem, takes_more=sample.breaks_off)
        else:
            yield row_of(sample, number, path.name)


def row_of(sample: Sample, number: int, file: str) -> CorpusRow | BadRow:
    """Return the row that a sample is: caption from .txt, else from .json, which also says link and key."""
    try:
        known = json.loads(sample.texts.get("json", b"{}"))
    except (ValueError, RecursionError):
        # No UTF-8, no JSON, or a number of thousands of digits.
        known = {}
    told = known if isinstance(known, dict) else {}
    link = named(told, URL_NAMES)
    name = named(told, CAPTION_NAMES)
    try:
        caption = sample.caption if sample.caption is not None else told.get(name or "")
    except UnicodeDecodeError:
        return BadRow(number, file, number + 1, "The caption is not UTF-8.")
    return checked_row(number, file, number + 1, (caption, told.get(link or ""), sample.key))
