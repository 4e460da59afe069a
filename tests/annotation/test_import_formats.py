"""Imports of what other tools write: image folders, COCO captions, webdataset shards, lists of addresses."""

import io
import ipaddress
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from annotation.importing.requesting import IMPORT, TRIAL, GivenFile, files_of_folder, request_import
from annotation.importing.running import ImportRunner
from annotation.importing.sources import told_place
from annotation.importing.trial_running import TrialRunner
from annotation.models import Image
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project
from projects.queue import cancel_job
from projects.running import register_runner, run_job
from tests import factories as make

pytestmark = pytest.mark.django_db
register_runner(IMPORT, ImportRunner())
register_runner(TRIAL, TrialRunner())

COLOURS = {"heron": (1, 2, 3), "owl": (4, 5, 6), "wren": (7, 8, 9)}
PICTURES = {f"{key}.jpg": make.picture_bytes(colour) for key, colour in COLOURS.items()}


@pytest.fixture
def project() -> Project:
    return make.make_project()


def run(project: Project, *, is_trial: bool = False, **given: Any) -> Job:
    job = request_import(project=project, actor=None, is_trial=is_trial, **given)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return job


def both(project: Project, **given: Any) -> Job:
    """Try an import, bring it in, bring it in again: the trial told the truth and the second time changed nothing."""
    trial = run(project, is_trial=True, **given)
    job = run(project, **given)
    for what, came in job.result.items():
        tried = trial.result[what]
        assert (tried["given"], tried["would_be_added"]) == (came["given"], came["added"]), what
        assert (tried["already_there"], tried["refused"]) == (came["already_there"], came["refused"]), what
    assert told(trial) == told(job)
    again = run(project, **given)
    assert {part["added"] for part in again.result.values()} == {0}
    return job


def told(job: Job) -> dict[str, str]:
    return dict(job.failures.values_list("item", "reason"))


def texts(project: Project) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, text in project.captions.order_by("pk").values_list("image__key", "verbatim"):
        found.setdefault(key, []).append(text)
    return found


def zipped(files: dict[str, bytes]) -> list[GivenFile]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return [GivenFile("set.zip", out.getvalue())]


def lines(*rows: object) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_an_image_folder_brings_pictures_facts_and_captions(project: Project) -> None:
    rows = (
        {"file_name": "heron.jpg", "text": "A heron.", "license": "CC0", "title": "Heron"},
        {"file_name": "owl.jpg", "captions": ["An owl.", "It looks."], "caption_ids": ["a", "b"]},
        {"file_name": "gone.jpg", "text": "Nobody."},
        {"text": "Nameless."},
    )
    files = {f"train/{name}": content for name, content in PICTURES.items()}
    job = both(project, images=zipped(files | {"train/metadata.jsonl": lines(*rows) + b"\n{broken\n"}))
    assert job.result["images"] == {"given": 3, "added": 3, "already_there": 0, "refused": 0}
    assert texts(project) == {"heron": ["A heron."], "owl": ["An owl.", "It looks."]}
    assert set(project.captions.values_list("source", flat=True)) == {"set"}
    heron = project.images.get(key="heron")
    assert (heron.licence, heron.title, heron.may_redistribute) == ("CC0", "Heron", False)
    assert set(project.captions.values_list("source_key", "verbatim")) == {
        ("", "A heron."),
        ("a", "An owl."),
        ("b", "It looks."),
    }
    assert {told_place(item) for item in told(job)} == {
        ("set.zip train/metadata.jsonl", "3"),
        ("set.zip train/metadata.jsonl", "4"),
        ("set.zip train/metadata.jsonl", "5"),
        ("captions of set.zip train/metadata.jsonl", "3"),
    }


def test_an_image_folder_that_datasets_reads_comes_in_with_its_csv(project: Project, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    for name, content in PICTURES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "metadata.csv").write_text('file_name,text\nheron.jpg,"A heron, still."\nowl.jpg,An owl.\n')
    read = datasets.load_dataset("imagefolder", data_dir=str(tmp_path), cache_dir=str(tmp_path / "cache"))
    expected = {row["text"] for row in read["train"] if row["text"]}
    folder = [GivenFile(path.name, path) for path in sorted(tmp_path.iterdir()) if path.is_file()]
    both(project, images=folder)
    assert {text for found in texts(project).values() for text in found} == expected


def coco(**more: Any) -> dict[str, Any]:
    return {
        "info": {},
        "licenses": [{"id": 4, "name": "CC BY 2.0", "url": "http://creativecommons.org/licenses/by/2.0/"}],
        "images": [
            {"id": 11, "file_name": "heron.jpg", "license": 4, "coco_url": "http://example.org/heron.jpg"},
            {"id": 12, "file_name": "owl.jpg", "width": 8, "height": 8},
            {"id": 13, "file_name": "gone.jpg"},
        ],
        "annotations": [
            {"id": 1, "image_id": 11, "caption": "A heron."},
            {"id": 2, "image_id": 11, "caption": "A grey bird."},
            {"id": 3, "image_id": 12, "caption": "An owl."},
            {"id": 4, "image_id": 13, "caption": "Nobody."},
            {"id": 5, "image_id": 99, "caption": "Of no image."},
            {"id": 6, "image_id": 12, "caption": " "},
            {"id": 7, "image_id": 12, "caption": 5},
            {"id": 8, "image_id": 12, "caption": "\ud800"},
        ],
    } | more


def test_coco_captions_come_in_for_pictures_beside_them_or_in_the_project(project: Project) -> None:
    make.add_image(project, "owl")
    job = both(
        project,
        images=[GivenFile("heron.jpg", PICTURES["heron.jpg"])],
        captions=GivenFile("captions_val.json", json.dumps(coco()).encode()),
    )
    assert texts(project) == {"heron": ["A heron.", "A grey bird."], "owl": ["An owl."]}
    heron = project.images.get(key="heron")
    assert (heron.licence, heron.source_url) == ("CC BY 2.0", "http://example.org/heron.jpg")
    assert heron.licence_url == "http://creativecommons.org/licenses/by/2.0/"
    assert set(project.captions.values_list("source_key", flat=True)) == {"1", "2", "3"}
    assert set(told(job)) == {
        "captions_val.json image 13",
        *(f"captions of captions_val.json annotation {number}" for number in (4, 5, 6, 7, 8)),
    }
    assert told_place("captions_val.json image 13") == ("captions_val.json", "image 13")


def test_a_coco_file_inside_the_archive_is_found_and_other_json_is_told(project: Project) -> None:
    files = {f"val/{name}": content for name, content in PICTURES.items()}
    files |= {"annotations/captions_val.json": json.dumps(coco()).encode(), "readme.json": b"{}"}
    job = run(project, images=zipped(files))
    assert texts(project)["heron"] == ["A heron.", "A grey bird."]
    assert job.result["images"]["added"] == 3
    assert "readme.json" in told(job)


def test_json_that_is_no_coco_fails_with_a_clear_word(project: Project) -> None:
    for content in (b"[1]", b"{}", b"\xff", b'{"images": 1, "annotations": []}'):
        job = request_import(project=project, actor=None, captions=GivenFile("c.json", content))
        run_job(job.pk)
        job.refresh_from_db()
        assert job.state == "failed"
        assert "COCO" in job.error or "JSON" in job.error


def test_shards_that_webdataset_writes_come_in(project: Project, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    path = tmp_path / "set-000000.tar"
    with webdataset.TarWriter(str(path)) as sink:
        for number, (name, content) in enumerate(PICTURES.items()):
            sample = {"__key__": f"{number:09d}", "jpg": content, "txt": f"Caption of {name}"}
            sink.write(sample | ({"json": {"caption": f"Caption of {name}"}} if number else {}))
    both(project, images=[GivenFile(path.name, path)])
    assert texts(project) == {f"{n:09d}": [f"Caption of {name}"] for n, name in enumerate(PICTURES)}


def test_a_tar_of_pictures_with_broken_descriptions_tells_them(project: Project) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in {
            "a.json": b"{no",
            "a.jpg": PICTURES["heron.jpg"],
            "b.jpg": PICTURES["owl.jpg"],
            "b.txt": b"\xff\xfe",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    job = both(project, images=[GivenFile("set.tar", out.getvalue())])
    assert job.result["images"]["added"] == 2
    assert set(told(job)) == {"captions of set.tar a", "captions of set.tar b"}


class Pictures(BaseHTTPRequestHandler):
    """Serves the pictures by name and counts what was asked for."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        content = PICTURES.get(self.path.strip("/"))
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.wfile.write(content or b"")


@pytest.fixture
def server(settings: Any) -> Iterator[str]:
    settings.FETCH_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]
    Pictures.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_a_list_of_addresses_is_fetched_once_and_told_by_line(project: Project, server: str) -> None:
    rows = [
        "key,url,licence,attribution,caption",
        f"first,{server}/heron.jpg,CC0,Somebody,A heron.",
        f",{server}/owl.jpg,,,",
        f"none,{server}/none.jpg,,,",
        "private,http://10.0.0.1/a.jpg,,,",
        "ftp,ftp://example.org/a.jpg,,,",
        f"first,{server}/wren.jpg,,,",
        f"long,{server}/wren.jpg,{'x' * 200},,",
    ]
    given = GivenFile("list.csv", "\n".join(rows).encode())
    trial = run(project, is_trial=True, addresses=given)
    assert Pictures.asked == []
    assert trial.result["images"]["would_be_added"] == 4, "nothing is known yet of two that cannot be fetched"
    job = run(project, addresses=given)
    assert job.result["images"] == {"given": 7, "added": 2, "already_there": 0, "refused": 5}
    assert {told_place(item) for item in told(job)} == {("list.csv", str(line)) for line in range(4, 9)}
    assert "private network" in told(job)["list.csv line 5"]
    first = project.images.get(key="first")
    assert (first.licence, first.attribution) == ("CC0", "Somebody")
    assert (first.fetched_from, first.source_url) == (f"{server}/heron.jpg", "")
    assert texts(project) == {"first": ["A heron."]}
    Pictures.asked.clear()
    again = run(project, addresses=given)
    assert again.result["images"] == {"given": 7, "added": 0, "already_there": 2, "refused": 5}
    assert Pictures.asked == ["/none.jpg"], "what is there is not asked for again"


def test_the_order_of_the_list_is_the_order_of_the_images(project: Project, server: str) -> None:
    run(project, addresses=GivenFile("l.txt", "\n".join(f"{server}/{name}" for name in PICTURES).encode()))
    assert [image.key for image in Image.objects.order_by("position")] == ["heron", "owl", "wren"]


def test_a_list_that_is_stopped_is_gone_on_with(
    project: Project, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.importing.running.PER_PART", 1)
    given = GivenFile("l.txt", "\n".join(f"{server}/{name}" for name in PICTURES).encode())
    job = request_import(project=project, actor=None, addresses=given)
    actor = make.add_member(project, "admin")
    plain = ImportRunner.run

    def stopped(self: ImportRunner, job: Job, chunk: Any) -> Any:
        outcome = plain(self, job, chunk)
        cancel_job(job=job, actor=actor)
        return outcome

    monkeypatch.setattr(ImportRunner, "run", stopped)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert len(Pictures.asked) == project.images.count() == 1
    monkeypatch.setattr(ImportRunner, "run", plain)
    run(project, addresses=given)
    assert sorted(Pictures.asked) == sorted(f"/{name}" for name in PICTURES), "each was asked for once"
    assert project.images.count() == 3


def test_photos_of_unsplash_bring_photographer_and_licence(project: Project, server: str) -> None:
    columns = (
        "photo_id\tphoto_url\tphoto_image_url\tphotographer_first_name\tphotographer_last_name\tphoto_width"
    )
    row = f"abc-1\thttps://unsplash.com/photos/abc-1\t{server}/owl.jpg\tAda\tLight\t4000"
    run(project, addresses=GivenFile("photos.tsv000", f"{columns}\n{row}\n".encode()))
    image = project.images.get(key="abc-1")
    assert (image.author, image.attribution) == ("Ada Light", "Photo by Ada Light on Unsplash")
    assert (image.licence, image.may_redistribute) == ("Unsplash License", False)
    assert image.source_url == "https://unsplash.com/photos/abc-1"


def test_tasks_of_label_studio_come_as_images_and_captions(project: Project, server: str) -> None:
    tasks = [
        {"id": 5, "data": {"image": f"{server}/owl.jpg", "text": "An owl."}},
        {"id": 6, "data": {"image": f"{server}/owl.jpg", "text": "It looks."}},
        {"id": 7, "data": {"image": "/data/upload/1/heron.jpg"}},
        {"id": 8, "data": {"image": f"{server}/wren.jpg", "image_key": "small-bird"}},
        "no task",
    ]
    job = run(project, addresses=GivenFile("tasks.json", json.dumps(tasks).encode()))
    assert set(project.images.values_list("key", flat=True)) == {"owl", "small-bird"}
    assert texts(project) == {"owl": ["An owl.", "It looks."]}
    assert set(told(job)) == {"tasks.json task 7", "tasks.json task 5"}


def test_a_list_without_addresses_or_beside_pictures_is_refused(project: Project) -> None:
    listed = GivenFile("l.csv", b"key,name\na,b\n")
    with pytest.raises(Invalid, match="import_mixed"):
        run(project, addresses=listed, images=[GivenFile("heron.jpg", PICTURES["heron.jpg"])])
    job = request_import(project=project, actor=None, addresses=listed)
    run_job(job.pk)
    job.refresh_from_db()
    assert "no column url" in job.error


def test_pictures_with_notes_that_describe_nobody_stay_as_they_were(project: Project, tmp_path: Path) -> None:
    (tmp_path / "heron.jpg").write_bytes(PICTURES["heron.jpg"])
    (tmp_path / "readme.txt").write_text("About these pictures.")
    job = run(project, images=files_of_folder(tmp_path))
    assert project.captions.count() == 0
    assert set(told(job)) == {"readme.txt"}
