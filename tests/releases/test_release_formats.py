"""Each format of a release goes back through the library that people load it with."""

import csv
import hashlib
import io
import json
import tarfile
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import datasets
import mlcroissant
import pyarrow.parquet
import pytest
import rdflib
import webdataset
import yaml
from PIL import Image as Picture
from pycocotools.coco import COCO

from annotation.models import Image
from releases.building import build
from releases.cells import unescape_cell
from releases.codebook import MEANINGS
from releases.formats.pictured import shards
from releases.models import Release
from releases.rows import TABLES
from releases.verifying import verify
from tests import factories as make
from tests.releases.releasing import Small, choose, opened, saved

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small() -> Small:
    """Return a project of three images, two of them with bytes that may go out."""
    made = Small()
    third = make.add_image(
        made.project, "another", licence="CC-BY-4.0", may_redistribute=True, attribution="A. Author"
    )
    choose(made.project, third, [])
    return made


@pytest.fixture
def release(small: Small) -> Release:
    return small.release("1.0.0", with_shards=True)


@pytest.fixture
def folder(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the unpacked release; libraries keep what they cache beside it."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    with zipfile.ZipFile(saved(release, tmp_path)) as bundle:
        bundle.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def texts(small: Small) -> list[str]:
    return [version.text for version in [*small.versions, *small.others]]


def test_datasets_reads_the_tables_that_the_card_names(folder: Path, small: Small, tmp_path: Path) -> None:
    captions = datasets.load_dataset(str(folder), "captions", split="train", cache_dir=str(tmp_path / "c"))
    assert captions["text"] == texts(small)
    assert captions.features["n_good"].dtype == "int64"
    assert captions["is_edited"] == [False] * 6
    judgments = datasets.load_dataset(str(folder), "judgments", split="train", cache_dir=str(tmp_path / "c"))
    assert len(judgments) == 14


def test_datasets_reads_the_folder_of_images_with_captions_as_lists(
    folder: Path, small: Small, tmp_path: Path
) -> None:
    rows = datasets.load_dataset(
        "imagefolder", data_dir=str(folder / "images"), split="train", cache_dir=str(tmp_path / "c")
    )
    by_key = {row["key"]: row for row in rows}
    assert by_key.keys() == {"with-licence", "another"}
    assert by_key["with-licence"]["captions"] == texts(small)[:3]
    assert by_key["with-licence"]["image"].size == (64, 48)
    assert by_key["another"]["captions"] == []


def test_pycocotools_reads_the_captions(folder: Path, small: Small, tmp_path: Path) -> None:
    coco = COCO(str(folder / "coco/captions.json"))
    assert [row["caption"] for row in coco.loadAnns(coco.getAnnIds())] == texts(small)
    (first, *_rest) = coco.loadImgs(coco.getImgIds())
    assert (folder / "images" / first["file_name"]).exists() == first["is_included"]
    results = [{"image_id": number, "caption": "what a model says"} for number in coco.getImgIds()]
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert len(coco.loadRes(str(tmp_path / "results.json")).anns) == 3


def test_webdataset_reads_the_shards(folder: Path, small: Small) -> None:
    shard = str(folder / "webdataset/imp-000000.tar")
    samples = list(webdataset.WebDataset(shard, shardshuffle=False, empty_check=False).decode("pil"))
    assert [sample["__key__"] for sample in samples] == ["000000000", "000000001"]
    assert samples[0]["json"]["captions"] == texts(small)[:3]
    assert samples[0]["txt"] == texts(small)[0]
    assert samples[0]["jpg"].size == (64, 48)


def test_shards_are_plain_tar_without_owner_or_time_and_end_at_their_bound(release: Release) -> None:
    files = opened(release)
    with tarfile.open(fileobj=io.BytesIO(files["webdataset/imp-000000.tar"])) as shard:
        entries = shard.getmembers()
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries} == {(0, 0, 0, "")}
    snapshot = json.loads(files["snapshot.json"])
    each = list(shards(snapshot, "mark", most_bytes=1))
    assert [shard.path for shard in each] == ["webdataset/imp-000000.tar", "webdataset/imp-000001.tar"]
    by_hash = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    assert all(len(b"".join(s.parts(by_hash.__getitem__))) == s.size for s in each)


def test_mlcroissant_validates_the_metadata_and_yields_the_records(
    folder: Path, small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not dataset.metadata.issues.errors
    assert not caplog.records, "a context that the library does not know is told there"
    assert dataset.metadata.ctx.is_v1_1()
    captions = list(dataset.records("captions"))
    assert [row["captions/text"].decode() for row in captions] == texts(small)
    assert {row["captions/n_good"] for row in captions} == {2}
    assert len(list(dataset.records("judgments"))) == 14
    assert dataset.metadata.annotations_per_item == "2 to 2 judgments of each released caption"
    assert str(dataset.metadata.license) == "['https://spdx.org/licenses/CC-BY-4.0.html']"


def test_croissant_tells_provenance_and_terms_as_linked_data(folder: Path, small: Small) -> None:
    """Read by an RDF library: what the file says is in the vocabularies, not only in its own keys."""
    graph = rdflib.Graph().parse(folder / "croissant.json", format="json-ld", publicID="http://release/")
    prov, schema = rdflib.Namespace("http://www.w3.org/ns/prov#"), rdflib.Namespace("https://schema.org/")
    (dataset,) = graph.subjects(rdflib.RDF.type, schema.Dataset)
    activities = list(graph.objects(dataset, prov.wasGeneratedBy))
    agents = {
        str(label)
        for activity in activities
        for agent in graph.objects(activity, prov.wasAssociatedWith)
        for label in graph.objects(agent, prov.label)
    }
    assert agents == {"2 annotators under pseudonyms", f"test (weights {'0' * 64})"}
    (judging,) = graph.subjects(prov.used, None)
    assert judging in activities
    terms = {
        str(name) for part in graph.objects(dataset, schema.usageInfo) for name in graph[part : schema.name]
    }
    assert terms == {"Captions and labels: CC-BY-4.0", "Images: CC-BY-4.0", "Images: CC0-1.0"}
    croissant = rdflib.Namespace("http://mlcommons.org/croissant/")
    (rater,) = graph.subjects(croissant.equivalentProperty, rdflib.Literal("prov:wasAttributedTo", lang="en"))
    assert str(rater) == "http://release/judgments/outcome/rater_id"
    assert json.loads((folder / "croissant.json").read_text())["conformsTo"][0].endswith("/1.1")


def test_a_later_release_says_which_one_it_follows(small: Small) -> None:
    first, second = small.release("1.0.0"), small.release("1.0.1")
    told = json.loads(opened(second)["croissant.json"])["prov:wasDerivedFrom"]
    assert told[0]["prov:label"] == f"Release 1.0.0 (canary {first.canary})"


def test_parquet_holds_what_the_tables_hold_and_the_mark(release: Release) -> None:
    files = opened(release)
    canary = str(release.canary)
    for name in ("images", "captions", "judgments", "negatives"):
        table = pyarrow.parquet.read_table(io.BytesIO(files[f"parquet/{name}.parquet"]))
        assert table.schema.metadata == {b"canary": canary.encode()}
        rows = list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode(), newline="")))
        assert table.num_rows == len(rows)
        for column, kind in zip(table.column_names, table.schema.types, strict=True):
            if kind == "string":
                told = [value or "" for value in table[column].to_pylist()]
                assert told == [unescape_cell(row[column]) for row in rows]


def test_retrieval_files_agree_with_each_other_and_with_coco(folder: Path) -> None:
    coco = json.loads((folder / "coco/captions.json").read_text())
    karpathy = json.loads((folder / "retrieval/karpathy.json").read_text())
    relevant = json.loads((folder / "retrieval/relevant.json").read_text())
    pairs = {(row["image_id"], row["id"]) for row in coco["annotations"]}
    assert pairs == {(image["imgid"], number) for image in karpathy["images"] for number in image["sentids"]}
    assert pairs == {(int(image), number) for image, numbers in relevant["i2t"].items() for number in numbers}
    assert pairs == {(image, int(number)) for number, images in relevant["t2i"].items() for image in images}
    first = karpathy["images"][0]["sentences"][0]
    assert first["tokens"] == ["sum", "a1", "is", "what", "the", "board", "says"]


def test_citation_and_card_are_yaml_that_names_the_release(folder: Path) -> None:
    citation = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert (citation["cff-version"], citation["type"], citation["version"]) == ("1.2.0", "dataset", "1.0.0")
    card = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    assert card["license"] == "cc-by-4.0"
    assert [config["config_name"] for config in card["configs"]] == [
        "images",
        "captions",
        "negatives",
        "judgments",
        "labels",
    ]


def test_the_datasheet_marks_what_only_the_authors_know(folder: Path) -> None:
    sheet = (folder / "DATASHEET.md").read_text()
    for question in ("recruited and paid", "consent, and how can they withdraw", "ask for a takedown"):
        answer = sheet.split(question)[1].split("**")[1]
        assert "(to be filled in by the authors)" in answer
    assert "2 annotators gave 14 judgments that hold." in sheet


class Gallery(HTMLParser):
    """What the gallery shows: addresses of pictures and of anything else, and its items of text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.outside: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "img":
            self.pictures.append(str(told["src"]))
        elif tag in {"script", "link", "iframe"}:
            self.outside.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_gallery_shows_each_caption_and_loads_nothing_from_elsewhere(folder: Path, small: Small) -> None:
    page = Gallery((folder / "gallery.html").read_text())
    assert page.outside == []
    drawings = [name for name in page.pictures if name.startswith("figures/")]
    assert drawings == ["figures/flow-images.svg", "figures/flow-captions.svg"]
    assert all((folder / name).exists() for name in drawings)
    photographs = [name for name in page.pictures if name not in drawings]
    assert len(photographs) == 2
    for name in photographs:
        with Picture.open(folder / name) as picture:
            assert picture.size == (64, 48)
    assert set(texts(small)) <= set(page.words)


def test_a_release_with_every_format_is_verified_and_built_again_alike(
    release: Release, tmp_path: Path
) -> None:
    path = saved(release, tmp_path)
    assert verify(path).problems == ()
    files = opened(release)
    by_hash = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    out = io.BytesIO()
    build(
        json.loads(files["snapshot.json"]),
        canary=str(release.canary),
        read_image=by_hash.__getitem__,
        out=out,
    )
    assert out.getvalue() == path.read_bytes()


def test_shards_are_left_out_unless_asked_for(small: Small) -> None:
    assert not any(name.endswith(".tar") for name in opened(small.release("1.0.0")))


def test_a_release_without_any_picture_has_no_folder_of_images(small: Small) -> None:
    Image.objects.filter(project=small.project).update(may_redistribute=False)
    files = opened(small.release("1.0.0", with_shards=True))
    assert not any(name.startswith(("images/", "webdataset/")) for name in files)


def test_a_release_of_another_format_is_told_so_once_its_checksums_hold(
    release: Release, tmp_path: Path
) -> None:
    files = opened(release)
    told: dict[str, Any] = json.loads(files["manifest.json"])
    told["format"] = "polyannot-release/1"
    files["manifest.json"] = json.dumps(told).encode()
    sums = [f"{row['sha256']}  {row['path']}\n" for row in told["files"]]
    sums.append(f"{hashlib.sha256(files['manifest.json']).hexdigest()}  manifest.json\n")
    files["SHA256SUMS"] = "".join(sums).encode()
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    (problem,) = verify(tmp_path / "old.zip").problems
    assert problem.startswith("The checksums hold, but this is format polyannot-release/1")


def test_the_codebook_tells_every_column_of_every_table(folder: Path) -> None:
    told = (folder / "CODEBOOK.md").read_text()
    for table in TABLES:
        assert MEANINGS[table.name].keys() == set(table.names), table.name
        section = told.split(f"## {table.name}\n")[1].split("\n## ")[0]
        with (folder / f"{table.name}.csv").open(newline="") as source:
            header = next(csv.reader(source))
        assert all(f"| {name} |" in section for name in header[:-1])
