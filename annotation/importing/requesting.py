"""Asking for an import: the files go into the store, a job on the default queue does the rest.

What is accepted, what makes a second import harmless and how errors are told: docs/algorithms/import.md.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.importing.reading_images import archive_kind, is_litter
from annotation.importing.reading_rows import Head, TableRefused, read_head
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Job, Project, StoredFile
from projects.queue import enqueue
from projects.storage import open_stored, store_bytes, store_path

IMPORT, TRIAL = "import", "import_trial"
IMAGE_COLUMNS = ("file", "key")
CAPTION_COLUMNS = ("image_key", "text")


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that somebody gave: its name and its bytes, or where they lie."""

    name: str
    content: bytes | Path

    def beginning(self) -> bytes:
        """Return the first bytes, by which an archive is known."""
        if isinstance(self.content, bytes):
            return self.content[:8]
        with self.content.open("rb") as source:
            return source.read(8)

    def stored(self, media_type: str) -> StoredFile:
        """Put the bytes into the store."""
        if isinstance(self.content, bytes):
            return store_bytes(self.content, media_type=media_type)
        return store_path(self.content, media_type=media_type)


def files_of_folder(folder: Path) -> list[GivenFile]:
    """Return the files of a folder and its sub-folders, in the order of their names; links and litter left out.

    Raises Invalid when there is no such folder.
    """
    if not folder.is_dir():
        raise Invalid("folder_missing", _("There is no folder %(name)s.") % {"name": folder})
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return [
        GivenFile(name, folder / name)
        for name in names
        if (folder / name).is_file() and not (folder / name).is_symlink() and not is_litter(name)
    ]


def request_import(
    *,
    project: Project,
    actor: User | None,
    images: Sequence[GivenFile] = (),
    metadata: GivenFile | None = None,
    captions: GivenFile | None = None,
    addresses: GivenFile | None = None,
    is_trial: bool = False,
) -> Job:
    """Store what was given and ask for its import, or for a trial that says what it would come to.

    The same files again while it runs are the same job.

    `images` is one archive or any number of picture files, `metadata` the table of images, `captions` the table of
    captions or COCO captions (.json) or a Hugging Face metadata.jsonl; `addresses` a list of web addresses of images,
    which brings its own table. Raises Invalid when nothing was given or a table lacks a column.
    """
    if not (images or metadata or captions or addresses):
        raise Invalid("import_empty", _("Choose images, a table of images or a table of captions."))
    if addresses is not None and (images or metadata):
        raise Invalid(
            "import_mixed",
            _("A list of addresses names its images itself; send files and tables by themselves."),
        )
    parameters: dict[str, Any] = {}
    if metadata is not None:
        parameters["metadata"] = _stored_table(metadata, IMAGE_COLUMNS)
    if addresses is not None:
        parameters["addresses"] = _stored_description(addresses, "addresses")
    if captions is not None and (kind := _tool_of(captions.name)):
        parameters["described"] = _stored_description(captions, kind)
    elif captions is not None:
        parameters["captions"] = _stored_table(captions, CAPTION_COLUMNS)
        if metadata is not None and metadata.name == captions.name:
            parameters["captions"]["name"] = f"captions of {captions.name}"
    if images:
        parameters["images"] = _stored_images(images)
    kind = TRIAL if is_trial else IMPORT
    return enqueue(kind=kind, project=project, parameters=parameters, asked_by=actor, seed=project.seed)


def import_for_good(*, project: Project, actor: User, trial: Job) -> Job:
    """Ask for the import that a trial tried. Raises Invalid for another job, Conflict while the trial is at work."""
    if trial.kind != TRIAL or trial.project_id != project.pk:
        raise Invalid("no_trial", _("This job is no trial of an import."))
    if trial.is_active:
        raise Conflict("trial_active", _("The trial is still at work; wait for what it comes to."))
    return enqueue(
        kind=IMPORT, project=project, parameters=trial.parameters, asked_by=actor, seed=project.seed
    )


def open_table(stored: StoredFile, required: Sequence[str]) -> tuple[Any, Head]:
    """Return the open file, standing after its first line, and its head. Raises Invalid."""
    source = open_stored(stored)
    try:
        return source, read_head(source, required=required)
    except TableRefused as error:
        source.close()
        raise Invalid("table_refused", str(error)) from error


def _stored_table(given: GivenFile, required: Sequence[str]) -> dict[str, str]:
    stored = given.stored("text/csv")
    try:
        source, _head = open_table(stored, required)
    except Invalid as error:
        raise Invalid("table_refused", f"{given.name}: {error.message}") from error
    source.close()
    return {"name": Path(given.name).name, "sha256": stored.sha256}


def _tool_of(name: str) -> str:
    """Return which tool's description a file's ending speaks of, nothing for a table."""
    return {".json": "coco", ".jsonl": "imagefolder"}.get(Path(name).suffix.lower(), "")


def _stored_description(given: GivenFile, kind: str) -> dict[str, str]:
    stored = given.stored("application/octet-stream")
    return {"name": Path(given.name).name, "sha256": stored.sha256, "kind": kind}


def _stored_images(images: Sequence[GivenFile]) -> dict[str, str]:
    """Store an archive as it is, or single files with a list that keeps their names."""
    kinds = [archive_kind(given.name, given.beginning()) for given in images]
    if any(kinds):
        if len(images) > 1:
            raise Invalid("import_mixed", _("Send one archive, or single pictures, not both at once."))
        stored = images[0].stored("application/octet-stream")
        return {"name": Path(images[0].name).name, "kind": kinds[0], "sha256": stored.sha256}
    listing = io.StringIO(newline="")
    writer = csv.writer(listing)
    for given in images:
        file = given.stored("application/octet-stream")
        writer.writerow([given.name, file.size, file.sha256])
    stored = store_bytes(listing.getvalue().encode(), media_type="text/csv")
    return {"name": _("%(n)d files") % {"n": len(images)}, "kind": "files", "sha256": stored.sha256}


def shuffled_rank(seed: int, key: str) -> int:
    """Return a caption's place in its pool until a worker ranks the pool: a seeded shuffle, stable under additions.

    A number below 2**31 that depends on the project's seed and the caption's key alone; ranked captions have small
    ranks, so captions imported later come after them.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:4], "big") >> 1
