"""Checking a release that somebody downloaded: checksums, structure, counts, and whether it can be built again.

Members are read one after the other and in pieces, tables row by row: what is held at once is the snapshot, the file
that is being built from it, and one picture, however large the release is.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releases import building
from releases.cells import unescape_cell
from releases.rows import EXTRA_TABLES, TABLES, Table

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what is wrong; a release is sound when `problems` is empty."""

    n_files: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A release that is being checked: its zip, the SHA-256 of each file in it, and what its manifest says."""

    bundle: zipfile.ZipFile
    sums: Mapping[str, str]
    told: Mapping[str, Any]


# What the manifest calls the number of rows of a table.
COUNTS = {
    "images": "images",
    "captions": "captions",
    "negatives": "negatives",
    "judgments": "judgments",
    "human_evaluation": "human_evaluations",
    "tombstones": "tombstones",
    **building.EXTRA_COUNTS,
}


MANIFEST_HOLDS = {"format", "canary", "counts", "files"}
SNAPSHOT = "snapshot.json"


def verify(path: Path) -> Verification:
    """Check a release file. Every problem is a sentence; a file that is no release is one problem."""
    try:
        with zipfile.ZipFile(path) as bundle:
            return _verified(bundle)
    except (OSError, zipfile.BadZipFile) as error:
        return Verification(0, (f"{path.name} cannot be read as a zip: {error}.",))


def _verified(bundle: zipfile.ZipFile) -> Verification:
    sums: dict[str, str] = {}
    for name in bundle.namelist():
        try:
            sums[name] = _sha256(_pieces(bundle, name))
        except zipfile.BadZipFile:
            return Verification(0, (f"{name} is damaged inside the zip.",))
    if building.MANIFEST not in sums:
        return Verification(len(sums), (f"{building.MANIFEST} is missing: this is not a release.",))
    try:
        told = json.loads(bundle.read(building.MANIFEST))
    except ValueError as error:
        return Verification(len(sums), (f"{building.MANIFEST} is not JSON: {error}.",))
    if not isinstance(told, dict) or not told.keys() >= MANIFEST_HOLDS:
        return Verification(len(sums), (f"{building.MANIFEST} is not that of a release.",))
    return Verification(len(sums), tuple(_problems(_Opened(bundle, sums, told))))


def _problems(opened: _Opened) -> list[str]:
    problems = _checksum_problems(opened)
    if not problems and (found := opened.told["format"]) != building.MANIFEST_FORMAT:
        return [
            (
                f"The checksums hold, but this is format {found}: what builds"
                f" {building.MANIFEST_FORMAT} cannot look further into it."
            )
        ]
    extra = (table for table in EXTRA_TABLES if COUNTS[table.name] in opened.told["counts"])
    for table in (*TABLES, *extra):
        problems += _table_problems(opened, table)
    return problems + _figure_problems(opened) or list(_rebuild_problems(opened))


def _pieces(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield the content of a file in the zip; raises BadZipFile at its end when it does not fit its checksum there."""
    with bundle.open(name) as member:
        while piece := member.read(PIECE):
            yield piece


def _sha256(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _checksum_problems(opened: _Opened) -> list[str]:
    problems = []
    listed = {row["path"]: row["sha256"] for row in opened.told["files"]}
    for path, sha256 in sorted(listed.items()):
        if path not in opened.sums:
            problems.append(f"{path} is listed but missing.")
        elif opened.sums[path] != sha256:
            problems.append(f"{path} differs from its checksum.")
    extra = opened.sums.keys() - listed - {building.MANIFEST, building.SUMS}
    problems += [f"{path} is not listed in the manifest." for path in sorted(extra)]
    expected = listed | {building.MANIFEST: opened.sums[building.MANIFEST]}
    if _told_sums(opened) != expected:
        problems.append(f"{building.SUMS} does not agree with the manifest.")
    return problems


def _told_sums(opened: _Opened) -> dict[str, str]:
    if building.SUMS not in opened.sums:
        return {}
    lines = opened.bundle.read(building.SUMS).decode(errors="replace").splitlines()
    told = (line.partition("  ") for line in lines if line[:1] != "#")
    return {path: sha256 for sha256, _gap, path in told}


def _table_problems(opened: _Opened, table: Table) -> list[str]:
    path, canary = f"{table.name}.csv", opened.told["canary"]
    n_rows = n_unmarked = 0
    try:
        rows = _rows(opened, path)
        header = next(rows, [])
        for row in rows:
            n_rows += 1
            n_unmarked += [unescape_cell(cell) for cell in row[-1:]] != [canary]
    except (UnicodeDecodeError, csv.Error) as error:
        return [f"{path} cannot be read as a table: {error}."]
    mark = building.CANARY if n_rows else building.empty_mark(canary)
    if header != [*table.names, mark]:
        return [f"{path} does not have the columns of this format."]
    problems = []
    counted = opened.told["counts"].get(COUNTS.get(table.name, ""), n_rows)
    if n_rows != counted:
        problems.append(f"{path} has {n_rows} rows, the manifest says {counted}.")
    if n_unmarked:
        problems.append(f"{path} has rows without the canary of this release.")
    return problems


def _rows(opened: _Opened, path: str) -> Iterator[list[str]]:
    if path in opened.sums:
        with opened.bundle.open(path) as member:
            yield from csv.reader(io.TextIOWrapper(member, encoding="utf-8", newline=""))


def _figure_problems(opened: _Opened) -> list[str]:
    paths = opened.sums
    drawings = {path.removesuffix(".svg") for path in paths if re.fullmatch(r"figures/[^/]+\.svg", path)}
    problems = [
        f"{name}.csv, the rows behind {name}.svg, is missing."
        for name in sorted(drawings)
        if f"{name}.csv" not in paths
    ]
    if len(drawings) != (counted := opened.told["counts"].get("figures", 0)):
        problems.append(f"figures/ has {len(drawings)} drawings, the manifest says {counted}.")
    return problems


def _rebuild_problems(opened: _Opened) -> list[str]:
    if SNAPSHOT not in opened.sums:
        return [f"{SNAPSHOT} is missing: the files cannot be built again."]
    try:
        return list(_differing(opened))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return [f"{SNAPSHOT} is not one that this format is built from ({type(error).__name__}: {error})."]


def _differing(opened: _Opened) -> Iterator[str]:
    """Build every data file again from the snapshot inside and compare the bytes by their SHA-256."""
    names = {sha256: name for name, sha256 in opened.sums.items()}
    with opened.bundle.open(SNAPSHOT) as member:
        snapshot = json.load(member)
    for file in building.data_files(
        snapshot,
        canary=opened.told["canary"],
        read_image=lambda sha256: opened.bundle.read(names[sha256]),
    ):
        if opened.sums.get(file.path) != _sha256(iter(file.parts)):
            yield f"{file.path} cannot be rebuilt from the snapshot: its bytes differ."
