"""A downloaded release is checked in pieces, and whatever is wrong with it is one clear sentence."""

import hashlib
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.build_release import made_up_snapshot
from releases.building import build
from releases.cells import json_bytes
from releases.verifying import verify

CANARY = "made-up"
Files = dict[str, bytes]


def made_up_files(snapshot: dict[str, Any], folder: Path, picture: bytes = b"") -> Files:
    path = folder / "built.zip"
    with path.open("wb") as out:
        build(snapshot, canary=CANARY, read_image=lambda _sha256: picture, out=out)
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def summed(files: Files) -> Files:
    """Return the files with sums that fit them, as somebody who wants to deceive would write them."""
    files = dict(files)
    told = json.loads(files.pop("manifest.json"))
    files.pop("SHA256SUMS")
    told["files"] = [
        {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in files.items()
    ]
    files["manifest.json"] = json_bytes(told)
    files["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in files.items()
    ).encode()
    return files


def problems_of(files: Files, folder: Path) -> tuple[str, ...]:
    path = folder / "changed.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return verify(path).problems


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return made_up_files(made_up_snapshot(3, seed=5) | {"figures": []}, tmp_path_factory.mktemp("sound"))


def without(path: str) -> Callable[[Files], Files]:
    return lambda files: {name: content for name, content in files.items() if name != path}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without("manifest.json"), "manifest.json is missing: this is not a release."),
        (lambda files: {**files, "manifest.json": b"{"}, "manifest.json is not JSON: "),
        (lambda files: {**files, "manifest.json": b"[]"}, "manifest.json is not that of a release."),
        (without("votes.csv"), "votes.csv is listed but missing."),
        (without("SHA256SUMS"), "SHA256SUMS does not agree with the manifest."),
        (lambda files: {**files, "more.txt": b""}, "more.txt is not listed in the manifest."),
        (
            lambda files: summed({**files, "votes.csv": files["votes.csv"].replace(b"model-0", b"model-9")}),
            "votes.csv cannot be rebuilt from the snapshot: its bytes differ.",
        ),
        (
            lambda files: summed({**files, "votes.csv": files["votes.csv"] + b"\n"}),
            "votes.csv has rows without the canary of this release.",
        ),
        (
            lambda files: summed({**files, "votes.csv": b"\xff\n"}),
            "votes.csv cannot be read as a table: ",
        ),
        (
            lambda files: summed(
                {**files, "captions.csv": b"".join(files["captions.csv"].splitlines(keepends=True)[:-1])}
            ),
            "captions.csv has 14 rows, the manifest says 15.",
        ),
        (
            lambda files: summed(without("snapshot.json")(files)),
            "snapshot.json is missing: the files cannot be built again.",
        ),
        (
            lambda files: summed({**files, "snapshot.json": b"{}"}),
            "snapshot.json is not one that this format is built from (KeyError: ",
        ),
    ],
)
def test_what_is_wrong_with_a_release_is_told_in_a_sentence(
    sound: Files, change: Callable[[Files], Files], told: str, tmp_path: Path
) -> None:
    problems = problems_of(change(sound), tmp_path)
    assert problems[0].startswith(told)


def test_a_release_whose_files_and_sums_hold_has_no_problem(sound: Files, tmp_path: Path) -> None:
    assert problems_of(sound, tmp_path) == ()


def test_a_damaged_member_is_named(sound: Files, tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in sound.items():
            bundle.writestr(name, content)
        place = bundle.getinfo("captions.jsonl").header_offset + 200
    changed = bytearray(path.read_bytes())
    changed[place] ^= 1
    path.write_bytes(changed)
    assert verify(path).problems == ("captions.jsonl is damaged inside the zip.",)


def test_pictures_are_checked_one_at_a_time(tmp_path: Path) -> None:
    snapshot = made_up_snapshot(12, seed=5) | {"figures": []}
    picture = bytes(4_000_000)
    for image in snapshot["images"]:
        image |= {
            "may_redistribute": True,
            "bytes": len(picture),
            "sha256": hashlib.sha256(picture).hexdigest(),
        }
    path = tmp_path / "pictures.zip"
    with path.open("wb") as out:
        build(snapshot, canary=CANARY, read_image=lambda _sha256: picture, out=out)
    tracemalloc.start()
    try:
        checked = verify(path)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert checked.problems == ()
    assert path.stat().st_size > 12 * len(picture)
    assert peak < 4 * len(picture)
