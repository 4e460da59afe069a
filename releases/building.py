"""From a snapshot to the files of a release: pure, so that the same snapshot gives the same bytes anywhere."""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from releases import cards, codebook
from releases.cells import csv_bytes, json_bytes, json_lines
from releases.datasheet import datasheet
from releases.formats import croissant, gallery, pictured, retrieval
from releases.formats.parquet import parquet_bytes
from releases.rows import (
    Table,
    caption_rows,
    evaluation_rows,
    figure_path,
    image_path,
    negative_rows,
    tables_of,
)

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
# 2 added the formats of other tools, and a mark in files that hold no row; 3 went to
# Croissant 1.1 and added figures; 4 says on what coefficients rest and orders difficulties as people do.
MANIFEST_FORMAT = "polyannot-release/4"
# Every entry of the bundle carries this time, and nothing is compressed: compressors differ between machines.
ENTRY_TIME = (1980, 1, 1, 0, 0, 0)
CANARY = "canary"

# What the manifest calls the number of rows of a table that is there only when asked for.
EXTRA_COUNTS = {"free_text": "free_texts", "demographics": "demographics"}

Snapshot = Mapping[str, Any]
ReadBytes = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file of a release: its size in bytes, and its content in pieces that can be read once."""

    path: str
    size: int
    parts: Iterable[bytes]

    @property
    def content(self) -> bytes:
        """Return the whole content; of a large file rather read `parts`."""
        return b"".join(self.parts)


def whole(path: str, content: bytes) -> BuiltFile:
    """Return a file whose content is small enough to be at hand."""
    return BuiltFile(path, len(content), (content,))


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a release: its path, its size in bytes and its checksum."""

    path: str
    size: int
    sha256: str


def data_files(snapshot: Snapshot, *, canary: str, read_image: ReadBytes) -> Iterator[BuiltFile]:
    """Yield the files of a release except manifest and checksums, in their order in the bundle."""
    yield whole("README.md", cards.readme(snapshot, canary))
    yield whole("DATASHEET.md", datasheet(snapshot, canary))
    yield whole("CITATION.cff", cards.citation(snapshot, canary))
    yield whole("ATTRIBUTION.md", cards.attribution(snapshot, canary))
    yield whole("guidelines.md", cards.guidelines(snapshot, canary))
    yield whole("CODEBOOK.md", codebook.codebook(snapshot, canary))
    yield from (whole(f"{table.name}.csv", _csv(table, snapshot, canary)) for table in tables_of(snapshot))
    yield whole("captions.jsonl", json_lines({**row, CANARY: canary} for row in caption_rows(snapshot)))
    yield from _parquet_files(snapshot, canary)
    yield from _figure_files(snapshot, canary)
    yield whole("coco/captions.json", json_bytes(retrieval.coco(snapshot, canary)))
    yield whole("retrieval/karpathy.json", json_bytes(retrieval.karpathy(snapshot, canary)))
    yield whole("retrieval/relevant.json", json_bytes(retrieval.relevant(snapshot, canary)))
    yield whole("gallery.html", b"".join(gallery.gallery(snapshot, canary)))
    yield whole("agreement.json", json_bytes({CANARY: canary, "reports": snapshot["agreement"]}))
    yield whole("snapshot.json", json_bytes(snapshot))
    yield from _pictured_files(snapshot, canary, read_image)


def _csv(table: Table, snapshot: Snapshot, canary: str) -> bytes:
    """Return a table as CSV, marked in each row; where there is no row, the mark stands in the last column's name."""
    mark = CANARY if next(table.rows(snapshot), None) is not None else empty_mark(canary)
    return csv_bytes([*table.names, mark], ({**row, CANARY: canary} for row in table.rows(snapshot)))


def empty_mark(canary: str) -> str:
    """Return what the column of the mark is called in a table without rows."""
    return f"{CANARY}:{canary}"


def _parquet_files(snapshot: Snapshot, canary: str) -> Iterator[BuiltFile]:
    """Yield the tables that have rows as Parquet, then the metadata that describes them."""
    sums = {}
    for table in tables_of(snapshot):
        if rows := list(table.rows(snapshot)):
            path = croissant.table_path(table)
            content = parquet_bytes(table.columns, rows, metadata={CANARY: canary})
            sums[path] = hashlib.sha256(content).hexdigest()
            yield whole(path, content)
    yield whole("croissant.json", json_bytes(croissant.croissant(snapshot, canary, sums)))


def _figure_files(snapshot: Snapshot, canary: str) -> Iterator[BuiltFile]:
    """Yield each figure as SVG and the rows that it was drawn from as CSV."""
    from releases.formats.drawn import drawn  # noqa: PLC0415  dear to load, and not for the web

    for figure in snapshot["figures"]:
        yield whole(figure_path(figure), drawn(figure, canary))
        rows = [dict(zip(figure["columns"], row, strict=True)) | {CANARY: canary} for row in figure["rows"]]
        yield whole(figure_path(figure, "csv"), csv_bytes([*figure["columns"], CANARY], rows))


def _pictured_files(snapshot: Snapshot, canary: str, read_image: ReadBytes) -> Iterator[BuiltFile]:
    images = pictured.pictured(snapshot)
    if images:
        yield whole("images/metadata.jsonl", json_lines(pictured.folder_rows(snapshot, canary)))
    for image in images:
        yield BuiltFile(image_path(image), image["bytes"], _read(image["sha256"], read_image))
    if snapshot.get("with_shards"):
        for shard in pictured.shards(snapshot, canary):
            yield BuiltFile(shard.path, shard.size, shard.parts(read_image))


def _read(sha256: str, read_image: ReadBytes) -> Iterator[bytes]:
    yield read_image(sha256)


def manifest(snapshot: Snapshot, *, canary: str, files: Sequence[ListedFile]) -> BuiltFile:
    """Return the manifest: what the release is, its counts, and size and checksum of each file."""
    captions = list(caption_rows(snapshot))
    return whole(
        MANIFEST,
        json_bytes(
            {
                "format": MANIFEST_FORMAT,
                "name": snapshot["project"]["name"],
                "project": snapshot["project"]["id"],
                "version": snapshot["number"],
                "licence": snapshot["licence"],
                "frozen": snapshot["frozen"],
                "contains_demo": snapshot["project"]["is_demo"],
                "canary": canary,
                "counts": {
                    "images": len(snapshot["images"]),
                    "image_files": sum(bool(image_path(image)) for image in snapshot["images"]),
                    "captions": len(captions),
                    "negatives": sum(1 for _ in negative_rows(snapshot)),
                    "judgments": len(snapshot["ratings"]),
                    "tombstones": len(snapshot["tombstones"]),
                    "figures": len(snapshot["figures"]),
                    "human_evaluations": sum(1 for _ in evaluation_rows(snapshot)),
                    "human_evaluations_withheld": sum(
                        caption["human_evaluations_withheld"]
                        for image in snapshot["images"]
                        for caption in image["captions"]
                    ),
                    **{
                        name: len(snapshot[table])
                        for table, name in EXTRA_COUNTS.items()
                        if table in snapshot
                    },
                },
                "files": [{"path": file.path, "bytes": file.size, "sha256": file.sha256} for file in files],
            }
        ),
    )


def checksums(files: Sequence[ListedFile], canary: str) -> BuiltFile:
    """Return the file that `sha256sum --check` reads; lines that begin with # it passes over."""
    lines = [f"# canary {canary}\n", *(f"{file.sha256}  {file.path}\n" for file in files)]
    return whole(SUMS, "".join(lines).encode())


def build(snapshot: Snapshot, *, canary: str, read_image: ReadBytes, out: IO[bytes]) -> list[ListedFile]:
    """Write the bundle (a zip) to `out`, one file after the other, and return what is in it.

    `read_image` gives the bytes with a SHA-256; `out` can be sought in.
    """
    listed: list[ListedFile] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        made = data_files(snapshot, canary=canary, read_image=read_image)
        listed.extend(_written(bundle, file) for file in made)
        listed.append(_written(bundle, manifest(snapshot, canary=canary, files=listed)))
        listed.append(_written(bundle, checksums(listed, canary)))
    return listed


def _written(bundle: zipfile.ZipFile, file: BuiltFile) -> ListedFile:
    entry = zipfile.ZipInfo(file.path, ENTRY_TIME)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    # Told beforehand, so that a file of more than 4 GiB gets the wide form of sizes, and every other one does not.
    entry.file_size = file.size
    digest, size = hashlib.sha256(), 0
    with bundle.open(entry, "w") as target:
        for part in file.parts:
            digest.update(part)
            size += target.write(part)
    return ListedFile(file.path, size, digest.hexdigest())
