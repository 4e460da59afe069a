"""Where an import finds its pictures: a zip, a tar, or single files in the store. Nothing is unpacked to disk.

The pictures of a source have a fixed order, so that a part of a job is a list of places in it. Names inside archives
are only words here: the key of a picture is the file's name without folder and ending.
"""

import csv
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Protocol

from django.utils.translation import gettext as _

from projects.models import StoredFile
from projects.storage import open_stored, read_stored

# Limits that keep a hostile or mistaken archive from filling a machine (docs/algorithms/import.md).
MOST_PICTURES = 200_000
LARGEST_PICTURE = 100 * 1024 * 1024
LARGEST_SUM = 500 * 1024**3
# Files that systems put into archives by themselves.
LITTER_FOLDERS = frozenset({"__MACOSX"})
LITTER_FILES = frozenset({"Thumbs.db", "desktop.ini"})

ARCHIVE_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
)


class SourceRefused(ValueError):
    """The whole source cannot be used; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a source: its place, its name, its bytes where they were asked for, or why it has none."""

    index: int
    name: str
    content: bytes | None = None
    problem: str = ""

    @property
    def stem(self) -> str:
        """Return the name without folders and ending: the key where no other is given."""
        return PurePosixPath(self.name).stem


def walk_source(kind: str, stored: StoredFile, wanted: Container[int] = ()) -> Iterator[Found]:
    """Yield every file of the source in its order, with bytes for the `wanted` places.

    `kind` is zip, tar or files. Raises SourceRefused for a damaged archive and above the limits on count and sum.
    """
    walk = {"zip": _walk_zip, "tar": _walk_tar, "files": _walk_files}[kind]
    size, index = 0, -1
    try:
        for index, (name, length, read) in enumerate(walk(stored)):
            size += length
            if index >= MOST_PICTURES or size > LARGEST_SUM:
                raise SourceRefused(
                    _("The archive holds more than %(n)d files or %(size)d GiB; send it in parts.")
                    % {"n": MOST_PICTURES, "size": LARGEST_SUM // 1024**3}
                )
            yield _found(index, name, length, read) if index in wanted else Found(index, name)
    except ARCHIVE_DAMAGE as error:
        raise SourceRefused(_("The archive is damaged or not of a known kind.")) from error


class _Reader(Protocol):
    """Reads the bytes of one file of a source, at most one more than the limit."""

    def read(self) -> bytes:
        """Return the bytes."""


@dataclass(frozen=True, slots=True)
class _FromZip:
    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    def read(self) -> bytes:
        with self.archive.open(self.member) as source:
            return source.read(LARGEST_PICTURE + 1)


@dataclass(frozen=True, slots=True)
class _FromTar:
    archive: tarfile.TarFile
    member: tarfile.TarInfo

    def read(self) -> bytes:
        source = self.archive.extractfile(self.member)
        if source is None:
            raise tarfile.ReadError(self.member.name)
        with source:
            return source.read(LARGEST_PICTURE + 1)


@dataclass(frozen=True, slots=True)
class _FromStore:
    sha256: str

    def read(self) -> bytes:
        return read_stored(StoredFile(sha256=self.sha256))


def _found(index: int, name: str, length: int, reader: _Reader) -> Found:
    too_large = _("The file is larger than %(n)d MiB.") % {"n": LARGEST_PICTURE // 1024**2}
    if length > LARGEST_PICTURE:
        return Found(index, name, problem=too_large)
    try:
        content = reader.read()
    except ARCHIVE_DAMAGE:
        return Found(
            index, name, problem=_("The file cannot be read from the archive: damaged or encrypted.")
        )
    if len(content) > LARGEST_PICTURE:
        return Found(index, name, problem=too_large)
    return Found(index, name, content)


def is_litter(name: str) -> bool:
    """Say whether a system put this file there by itself: hidden files and the like."""
    parts = PurePosixPath(name).parts
    return (
        not parts
        or parts[-1] in LITTER_FILES
        or any(part.startswith(".") and part not in {".", ".."} for part in parts)
        or bool(LITTER_FOLDERS & set(parts))
    )


def _walk_zip(stored: StoredFile) -> Iterator[tuple[str, int, _Reader]]:
    with open_stored(stored) as source, zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            is_link = stat.S_ISLNK(member.external_attr >> 16)
            if not (member.is_dir() or is_link or is_litter(member.filename)):
                yield member.filename, member.file_size, _FromZip(archive, member)


def _walk_tar(stored: StoredFile) -> Iterator[tuple[str, int, _Reader]]:
    with open_stored(stored) as source, tarfile.open(fileobj=source, mode="r:*") as archive:
        for member in archive:
            if member.isfile() and not is_litter(member.name):
                yield member.name, member.size, _FromTar(archive, member)


def _walk_files(stored: StoredFile) -> Iterator[tuple[str, int, _Reader]]:
    with open_stored(stored) as source:
        for name, size, sha256 in csv.reader(io.TextIOWrapper(_plain(source), "utf-8", newline="")):
            yield name, int(size), _FromStore(sha256)


def _plain(source: IO[bytes]) -> io.BytesIO:
    return io.BytesIO(source.read())


def archive_kind(name: str, first_bytes: bytes) -> str:
    """Return zip or tar for an archive's name and beginning, empty for anything else."""
    low = name.lower()
    if low.endswith(".zip") or first_bytes.startswith(b"PK\x03\x04"):
        return "zip"
    return "tar" if low.endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")) else ""
