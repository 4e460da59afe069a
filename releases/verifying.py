"""Checking a release that somebody downloaded: checksums, structure, counts, and whether it can be built again."""

import csv
import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releases import building
from releases.cells import unescape_cell
from releases.rows import TABLES


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what is wrong; a release is sound when `problems` is empty."""

    n_files: int
    problems: tuple[str, ...]


# What the manifest calls the number of rows of a table.
COUNTS = {
    "images": "images",
    "captions": "captions",
    "negatives": "negatives",
    "judgments": "judgments",
    "human_evaluation": "human_evaluations",
    "tombstones": "tombstones",
}


def verify(path: Path) -> Verification:
    """Check a release file. Every problem is a sentence; a file that is no release is one problem."""
    try:
        with zipfile.ZipFile(path) as bundle:
            if (damaged := bundle.testzip()) is not None:
                return Verification(0, (f"{damaged} is damaged inside the zip.",))
            files = {name: bundle.read(name) for name in bundle.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        return Verification(0, (f"{path.name} cannot be read as a zip: {error}.",))
    if building.MANIFEST not in files:
        return Verification(len(files), (f"{building.MANIFEST} is missing: this is not a release.",))
    try:
        told = json.loads(files[building.MANIFEST])
    except ValueError as error:
        return Verification(len(files), (f"{building.MANIFEST} is not JSON: {error}.",))
    problems = _checksum_problems(files, told)
    if not problems and told.get("format") != building.MANIFEST_FORMAT:
        return Verification(
            len(files),
            (
                (
                    f"The checksums hold, but this is format {told.get('format')}: what builds"
                    f" {building.MANIFEST_FORMAT} cannot look further into it."
                ),
            ),
        )
    problems += _table_problems(files, told) + _figure_problems(files, told)
    if not problems:
        problems = _rebuild_problems(files, told)
    return Verification(len(files), tuple(problems))


def _checksum_problems(files: dict[str, bytes], told: dict[str, Any]) -> list[str]:
    problems = []
    listed = {row["path"]: row["sha256"] for row in told.get("files", ())}
    for path, sha256 in sorted(listed.items()):
        if path not in files:
            problems.append(f"{path} is listed but missing.")
        elif hashlib.sha256(files[path]).hexdigest() != sha256:
            problems.append(f"{path} differs from its checksum.")
    extra = set(files) - set(listed) - {building.MANIFEST, building.SUMS}
    problems += [f"{path} is not listed in the manifest." for path in sorted(extra)]
    lines = [line for line in files.get(building.SUMS, b"").decode().splitlines() if line[:1] != "#"]
    sums = {path: sha256 for sha256, _gap, path in (line.partition("  ") for line in lines)}
    expected = listed | {building.MANIFEST: hashlib.sha256(files[building.MANIFEST]).hexdigest()}
    if sums != expected:
        problems.append(f"{building.SUMS} does not agree with the manifest.")
    return problems


def _table_problems(files: dict[str, bytes], told: dict[str, Any]) -> list[str]:
    problems = []
    for table in TABLES:
        path = f"{table.name}.csv"
        rows = list(csv.reader(io.StringIO(files.get(path, b"").decode(), newline="")))
        mark = building.CANARY if len(rows) > 1 else building.empty_mark(told["canary"])
        if not rows or rows[0] != [*table.names, mark]:
            problems.append(f"{path} does not have the columns of this format.")
            continue
        counted = told["counts"].get(COUNTS.get(table.name, ""), len(rows) - 1)
        if len(rows) - 1 != counted:
            problems.append(f"{path} has {len(rows) - 1} rows, the manifest says {counted}.")
        if any(unescape_cell(row[-1]) != told["canary"] for row in rows[1:]):
            problems.append(f"{path} has rows without the canary of this release.")
    return problems


def _figure_problems(files: dict[str, bytes], told: dict[str, Any]) -> list[str]:
    drawings = {path.removesuffix(".svg") for path in files if re.fullmatch(r"figures/[^/]+\.svg", path)}
    problems = [
        f"{name}.csv, the rows behind {name}.svg, is missing."
        for name in sorted(drawings)
        if f"{name}.csv" not in files
    ]
    if len(drawings) != (counted := told["counts"].get("figures", 0)):
        problems.append(f"figures/ has {len(drawings)} drawings, the manifest says {counted}.")
    return problems


def _rebuild_problems(files: dict[str, bytes], told: dict[str, Any]) -> list[str]:
    """Build every data file again from the snapshot inside and compare the bytes."""
    by_hash = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    snapshot = json.loads(files["snapshot.json"])
    rebuilt = building.data_files(snapshot, canary=told["canary"], read_image=by_hash.__getitem__)
    return [
        f"{file.path} cannot be rebuilt from the snapshot: its bytes differ."
        for file in rebuilt
        if files.get(file.path) != file.content
    ]
