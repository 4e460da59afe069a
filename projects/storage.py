"""The file store: bytes under their SHA-256, the same for every machine; nothing half-written is ever found there."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils.deconstruct import deconstructible

from projects.models import StoredFile


@deconstructible(path="projects.storage.ContentStorage")
class ContentStorage(FileSystemStorage):
    """A local folder where a name appears only once its content is complete and on disk."""

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as out:
                for part in content.chunks():
                    out.write(part)
                out.flush()
                os.fsync(out.fileno())
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name itself: the same name is the same content."""
        return name


def storage_name(sha256: str) -> str:
    """Return where the content with this hash lies inside the store."""
    return f"{sha256[:2]}/{sha256}"


def _is_there(name: str, size: int) -> bool:
    """Whether the store has the whole content: one that was damaged on disk is written anew, and so heals."""
    return default_storage.exists(name) and default_storage.size(name) == size


def store_bytes(content: bytes, *, media_type: str) -> StoredFile:
    """Store the content once and return its row; storing the same content again returns the same row."""
    sha256 = hashlib.sha256(content).hexdigest()
    name = storage_name(sha256)
    if not _is_there(name, len(content)):
        default_storage.save(name, ContentFile(content))
    row, _ = StoredFile.objects.get_or_create(
        sha256=sha256, defaults={"size": len(content), "media_type": media_type}
    )
    return row


def store_path(path: Path, *, media_type: str) -> StoredFile:
    """Store a file of any size, read in parts; the file itself is left where it is."""
    digest, size = hashlib.sha256(), path.stat().st_size
    with path.open("rb") as source:
        while part := source.read(1 << 20):
            digest.update(part)
    sha256 = digest.hexdigest()
    name = storage_name(sha256)
    if not _is_there(name, size):
        with path.open("rb") as source:
            default_storage.save(name, File(source))
    row, _ = StoredFile.objects.get_or_create(
        sha256=sha256, defaults={"size": size, "media_type": media_type}
    )
    return row


def open_stored(row: StoredFile) -> IO[bytes]:
    """Open the content for reading."""
    return default_storage.open(storage_name(row.sha256), "rb")


def read_stored(row: StoredFile) -> bytes:
    """Return the whole content."""
    with open_stored(row) as source:
        return source.read()
