"""Figures of a release: what they show is frozen with it, drawn to the same bytes anywhere, and adds up."""

import csv
import io
import itertools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from annotation.models import Caption, DropReason, ImageState
from benchmarks.build_release import made_up_snapshot
from releases.figures import MOST_PAIRS, figure_data
from releases.flow import DROPPED, OUT_OF_WORK
from releases.formats.drawn import drawn
from releases.known import difficulties
from releases.models import Release
from releases.verifying import verify
from tests import factories as make
from tests.releases.releasing import Small, opened, saved

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
DRAW = """
import json, sys
from releases.formats.drawn import drawn
from releases.known import difficulties
for figure in json.load(sys.stdin)["figures"]:
    sys.stdout.buffer.write(drawn(figure, "mark"))
"""


@pytest.fixture
def small(transactional_db: None) -> Small:
    made = Small()
    reserve = make.add_image(made.project, "waits", state="reserve")
    make.add_caption(reserve)
    Caption.objects.filter(pk=make.add_caption(made.image).caption_id).update(drop_reason=DropReason.CLEANED)
    make.add_caption(made.image)
    return made


@pytest.fixture
def release(small: Small) -> Release:
    return small.release("1.0.0")


def by_name(snapshot: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {figure["name"]: figure for figure in figure_data(snapshot, smallest_cell=5)}


def rows(figure: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(figure["columns"], row, strict=True)) for row in figure["rows"]]


def test_each_stage_of_the_flow_and_what_was_left_out_make_the_stage_before(release: Release) -> None:
    flow = json.loads(opened(release)["snapshot.json"])["flow"]
    for before, stage in itertools.pairwise(flow):
        if before["of"] == stage["of"]:
            assert stage["n"] + sum(row["n"] for row in stage["left_out"]) == before["n"], stage
    told = {stage["step"]: (stage["n"], stage["left_out"]) for stage in flow}
    assert told["images in the work"] == (2, [{"why": "reserve", "n": 1}])
    assert told["captions after cleaning"] == (9, [{"why": "dropped by cleaning", "n": 1}])
    assert told["captions in the pool"] == (8, [{"why": "of images that are not in the work", "n": 1}])
    assert told["captions shown"] == (7, [{"why": "not shown", "n": 1}])
    assert told["captions found good"] == (6, [{"why": "found bad", "n": 1}])
    assert told["captions released"] == (6, [])


def test_every_reason_that_takes_an_image_or_a_caption_out_has_words() -> None:
    assert DROPPED.keys() == set(DropReason) - {DropReason.NONE}
    assert OUT_OF_WORK.keys() == set(ImageState) - {ImageState.ACTIVE}


def test_every_figure_is_a_drawing_with_words_and_the_rows_behind_it(
    release: Release, tmp_path: Path
) -> None:
    files = opened(release)
    snapshot = json.loads(files["snapshot.json"])
    assert [figure["name"] for figure in snapshot["figures"]] == ["flow-images", "flow-captions"]
    assert json.loads(files["manifest.json"])["counts"]["figures"] == 2
    for figure in snapshot["figures"]:
        svg = files[f"figures/{figure['name']}.svg"]
        root = ET.fromstring(svg)
        assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == (figure["title"], figure["alt"])
        assert str(release.canary).encode() in svg
        assert not any(word in svg for word in (b"<style", b"<script", b"<metadata", b"style="))
        table = list(csv.reader(io.StringIO(files[f"figures/{figure['name']}.csv"].decode())))
        assert table[0] == [*figure["columns"], "canary"]
        assert [row[:-1] for row in table[1:]] == [[str(cell) for cell in row] for row in figure["rows"]]
        for page in ("gallery.html", "DATASHEET.md", "README.md"):
            assert f"figures/{figure['name']}.svg" in files[page].decode()
    assert verify(saved(release, tmp_path)).problems == ()


def test_a_drawing_that_is_missing_is_noticed(release: Release, tmp_path: Path) -> None:
    whole, less = saved(release, tmp_path), tmp_path / "less.zip"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(less, "w") as new:
        for name in old.namelist():
            if name != "figures/flow-images.svg":
                new.writestr(name, old.read(name))
    assert "figures/ has 1 drawings, the manifest says 2." in verify(less).problems


def test_another_process_with_other_settings_draws_the_same_bytes() -> None:
    snapshot = made_up_snapshot(12, seed=2)
    told = subprocess.run(
        [sys.executable, "-c", DRAW],
        cwd=ROOT,
        input=json.dumps(snapshot).encode(),
        capture_output=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "MPLBACKEND": "svg"},
    ).stdout
    assert told == b"".join(drawn(figure, "mark") for figure in snapshot["figures"])


def test_shares_of_fewer_people_than_the_smallest_cell_are_in_no_figure() -> None:
    snapshot = made_up_snapshot(4, seed=3)
    for place, image in enumerate(snapshot["images"]):
        for caption in image["captions"]:
            caption["human_evaluation"][0]["n"] = 3 + place
    shown = rows(by_name(snapshot)["human-evaluation-1"])
    assert sorted(row["n"] for row in shown) == [5] * 5 + [6] * 5


def test_of_many_pairs_so_many_are_drawn_with_the_lowest_and_the_highest() -> None:
    snapshot = made_up_snapshot(200, seed=4)
    for image in snapshot["images"]:
        for caption in image["captions"]:
            caption["human_evaluation"][0]["share_good"] = 0.5
    lowest, highest = (snapshot["images"][at]["captions"][0] for at in (17, 90))
    lowest["human_evaluation"][0]["share_good"], highest["human_evaluation"][0]["share_good"] = 0.1, 1.0
    figure = by_name(snapshot)["human-evaluation-1"]
    shown = [row["caption_id"] for row in rows(figure)]
    assert len(shown) == MOST_PAIRS
    assert (shown[0], shown[-1]) == (lowest["id"], highest["id"])
    assert "1000 pairs" in figure["alt"]
    assert f"{MOST_PAIRS} of them are drawn" in figure["alt"]


def test_densities_and_shares_come_to_one() -> None:
    found = by_name(made_up_snapshot(40, seed=5))
    assert sum(row["share"] for row in rows(found["difficulty"])) == pytest.approx(1, abs=1e-5)
    densities = rows(found["similarity-1"])
    assert sum(row["density"] * (row["high"] - row["low"]) for row in densities) == pytest.approx(1, abs=1e-3)
    assert sum(row["captions"] for row in densities) == 200


def test_difficulties_are_counted_from_the_easiest_on() -> None:
    levels = ["hard", None, "easy", "hard"]
    captions = [{"difficulty": {"level": level} if level else None} for level in levels]
    counted = difficulties({"images": [{"captions": captions}]})
    assert list(counted.items()) == [("easy", 1), ("hard", 2), ("not voted", 1)]
