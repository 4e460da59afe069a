"""Imports: what is good arrives, what is not is told by its line, and nothing comes twice."""

import csv
import io
import random
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image as Picture

from annotation.importing.requesting import IMPORT, GivenFile, files_of_folder, request_import
from annotation.importing.running import ImportRunner
from annotation.models import Caption, CaptionVersion, Image, ImageDerivative
from polyannot.kernel.errors import Invalid
from projects.models import Event, Job, JobChunk, Project
from projects.running import register_runner, run_job
from tests.factories import add_image, add_member, make_project, make_user, picture_bytes

FIXTURES = Path(__file__).parent.parent / "fixtures" / "import"
pytestmark = pytest.mark.django_db
register_runner(IMPORT, ImportRunner())


@pytest.fixture
def project() -> Project:
    return make_project()


def brought(project: Project, **given: object) -> Job:
    """Ask for an import and run it here."""
    job = request_import(project=project, actor=None, **given)  # type: ignore[arg-type]
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return job


def table(name: str, *rows: str) -> GivenFile:
    return GivenFile(name, "\n".join(rows).encode())


def told(job: Job) -> dict[str, str]:
    return dict(job.failures.values_list("item", "reason"))


def folder_and_captions(project: Project) -> Job:
    return brought(
        project,
        images=files_of_folder(FIXTURES / "images"),
        captions=GivenFile("captions.csv", FIXTURES / "captions_with_errors.csv"),
    )


def test_good_pictures_arrive_and_broken_ones_are_told_by_name(project: Project) -> None:
    job = folder_and_captions(project)
    assert set(project.images.values_list("key", flat=True)) == {"cat", "cup"}
    assert {item for item in told(job) if "line" not in item} == {"broken.jpg", "note.jpg"}
    assert job.result["images"] == {"given": 4, "added": 2, "already_there": 0, "refused": 2}
    cat = project.images.get(key="cat")
    assert (cat.width, cat.height, cat.file.media_type) == (48, 32, "image/jpeg")


def test_bad_rows_are_told_by_line_and_the_good_ones_arrive(project: Project) -> None:
    job = folder_and_captions(project)
    lines = {int(item.rsplit(" ", 1)[1]) for item in told(job) if item.startswith("captions.csv line ")}
    assert lines == {4, 5, 6, 7, 8, 9, 10, 14}
    arrived = set(project.captions.values_list("key", flat=True))
    assert arrived == {"ok-1", "ok-2", "markup", "formula", "formula-2", "decomposed", "two-lines", "ok-3"}
    assert job.result["captions"] == {"given": 16, "added": 8, "already_there": 0, "refused": 8}
    first = project.captions.get(key="ok-1")
    assert first.verbatim == "A striped cat looks to one side."


def test_the_base_version_is_tidy_and_the_given_text_is_kept_beside_it(project: Project) -> None:
    folder_and_captions(project)
    two_lines = project.captions.get(key="two-lines")
    assert two_lines.verbatim == "A cup of coffee\nover two lines."
    assert two_lines.versions.get().text == "A cup of coffee over two lines."
    decomposed = project.captions.get(key="decomposed")
    assert "e\N{COMBINING ACUTE ACCENT}" in decomposed.verbatim
    assert "caf\N{LATIN SMALL LETTER E WITH ACUTE}" in decomposed.versions.get().text


def test_a_paraphrase_names_its_original_of_the_same_image(project: Project) -> None:
    for key in ("cat", "cup"):
        add_image(project, key)
    brought(project, captions=table("first.csv", "image_key,caption_key,text", "cat,c1,A cat looks up"))

    job = brought(
        project,
        captions=table(
            "second.csv",
            "image_key,caption_key,text,paraphrase_of",
            "cat,p1,The cat raises its eyes,c1",
            "cat,p2,Eyes of a cat turn up,p3",
            "cat,p3,A cat lifts its gaze,",
            "cup,p4,A cup of another image,c1",
            "cup,p5,A cup that says itself again,p5",
            "cup,p6,A paraphrase of what was refused,p4",
        ),
    )

    of = dict(project.captions.values_list("key", "paraphrase_of__key"))
    assert of == {"c1": None, "p1": "c1", "p2": "p3", "p3": None}
    assert set(told(job)) == {"second.csv line 5", "second.csv line 6", "second.csv line 7"}


def test_a_row_that_is_not_utf8_is_refused_and_nothing_in_it_is_guessed(project: Project) -> None:
    add_image(project, "cat")
    add_image(project, "cup")
    job = brought(project, captions=GivenFile("c.csv", FIXTURES / "captions_not_utf8.csv"))
    assert set(project.captions.values_list("key", flat=True)) == {"utf8", "after"}
    assert "UTF-8" in told(job)["c.csv line 3"]


def test_a_second_import_of_the_same_files_changes_nothing(project: Project) -> None:
    folder_and_captions(project)
    before = [
        list(rows.order_by("pk").values())
        for rows in (Image.objects, Caption.objects, CaptionVersion.objects)
    ]
    job = folder_and_captions(project)
    after = [
        list(rows.order_by("pk").values())
        for rows in (Image.objects, Caption.objects, CaptionVersion.objects)
    ]
    assert before == after
    assert job.result["images"]["already_there"] == 2
    assert job.result["captions"]["already_there"] == 8


def test_placeholders_for_persons_are_written_in_one_way(project: Project) -> None:
    add_image(project, "cat")
    brought(project, captions=table("c.tsv", "image_key\ttext", "cat\t<PERSON> feeds < Person > a cat"))
    assert CaptionVersion.objects.get().text == "<person> feeds <person> a cat"


def test_captions_without_keys_get_keys_from_their_text_and_come_once(project: Project) -> None:
    add_image(project, "cat")
    rows = ("image_key;text", "cat;A cat.", "cat;A cat.", "cat;Another cat.")
    brought(project, captions=table("pool.csv", *rows))
    brought(project, captions=table("again.csv", *rows))
    assert sorted(CaptionVersion.objects.values_list("text", flat=True)) == ["A cat.", "Another cat."]
    assert set(project.captions.values_list("source", flat=True)) == {"pool"}


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row_only(project: Project) -> None:
    add_image(project, "cat")
    more = [f"cat,k{n},A cat of number {n}." for n in range(40)]
    job = brought(project, captions=table("c.csv", "image_key,caption_key,text", 'cat,bad,"A cat', *more))
    assert project.captions.count() == 40
    assert list(told(job)) == ["c.csv line 2"]


def test_tables_without_a_needed_column_are_refused_at_once(project: Project) -> None:
    with pytest.raises(Invalid, match="table_refused"):
        request_import(project=project, actor=None, captions=table("c.csv", "image,text", "cat,A cat."))
    with pytest.raises(Invalid, match="table_refused"):
        request_import(
            project=project, actor=None, captions=GivenFile("c.csv", "image_key,text".encode("utf-16"))
        )
    assert not Job.objects.exists()


def test_a_table_of_images_gives_keys_and_facts_and_names_rows_without_a_picture(project: Project) -> None:
    listing = table(
        "images.csv",
        "file,key,title,author,source_url,licence,may_redistribute",
        "photos/one.jpg,first,One,A person,https://example.org/1,CC0-1.0,yes",
        "photos/two.jpg,second,Two,A person,javascript:alert(1),CC0-1.0,yes",
        "photos/three.jpg,third,Three,A person,,CC0-1.0,",
    )
    job = brought(
        project,
        images=[GivenFile("one.jpg", picture_bytes()), GivenFile("two.jpg", picture_bytes((1, 2, 3)))],
        metadata=listing,
    )
    first = project.images.get(key="first")
    assert (first.title, first.licence, first.may_redistribute) == ("One", "CC0-1.0", True)
    assert project.images.get(key="second").source_url == ""
    assert set(told(job)) == {"images.csv line 3", "images.csv line 4"}


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_archives_are_read_without_unpacking_and_their_names_are_only_words(
    project: Project, kind: str, tmp_path: Path
) -> None:
    files = {
        "../../outside.jpg": picture_bytes((5, 5, 5)),
        "a/same.jpg": picture_bytes((6, 6, 6)),
        "b/same.jpg": picture_bytes((7, 7, 7)),
        "__MACOSX/._same.jpg": b"litter",
    }
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    job = brought(project, images=[GivenFile(f"pictures.{kind}", out.getvalue())])
    assert set(project.images.values_list("key", flat=True)) == {"outside", "same"}
    assert list(told(job)) == ["b/same.jpg"]


def test_an_archive_that_is_none_fails_with_a_clear_word(project: Project) -> None:
    job = request_import(project=project, actor=None, images=[GivenFile("x.zip", b"PK\x03\x04 no zip")])
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "damaged" in job.error


def test_too_many_pixels_are_refused_before_they_are_decoded(project: Project, settings: object) -> None:
    settings.IMAGE_PIXEL_LIMIT = 1_000_000  # type: ignore[attr-defined]
    large = picture_bytes(size=(1200, 1000))
    job = brought(project, images=[GivenFile("large.jpg", large), GivenFile("small.jpg", picture_bytes())])
    assert list(project.images.values_list("key", flat=True)) == ["small"]
    assert "1 million pixels" in told(job)["large.jpg"]


def test_another_picture_under_a_known_key_is_refused(project: Project) -> None:
    brought(project, images=[GivenFile("cat.jpg", picture_bytes((1, 1, 1)))])
    before = project.images.get().file_id
    job = brought(project, images=[GivenFile("cat.jpg", picture_bytes((200, 1, 1)))])
    assert project.images.get().file_id == before
    assert "another picture" in told(job)["cat.jpg"]


def test_pages_get_upright_small_pictures_without_location(project: Project, client: Client) -> None:
    out = io.BytesIO()
    exif = Picture.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    Picture.new("RGB", (2400, 1200), (200, 10, 10)).save(out, "JPEG", exif=exif)
    brought(project, images=[GivenFile("wide.jpg", out.getvalue())])
    image = project.images.get()
    assert (image.width, image.height) == (1200, 2400)
    sizes = {row.kind: (row.width, row.height) for row in image.derivatives.all()}
    assert sizes == {"display": (800, 1600), "thumbnail": (200, 400)}
    annotator = add_member(project)
    client.force_login(annotator)
    answer = client.get(f"/p/{project.slug}/images/{image.public_id}/display")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    with Picture.open(io.BytesIO(content)) as shown:
        assert shown.size == (800, 1600)
        assert not dict(shown.getexif())


def test_pictures_are_kept_by_the_browser_and_shown_to_members_alone(client: Client) -> None:
    project = make_project()
    image = add_image(project)
    address = f"/p/{project.slug}/images/{image.public_id}/original"
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    client.force_login(add_member(project))
    first = client.get(address)
    assert first.status_code == 200
    assert "immutable" in first["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    stand_in = client.get(f"/p/{project.slug}/images/{image.public_id}/thumbnail")
    assert stand_in.status_code == 200
    assert "immutable" not in stand_in["Cache-Control"]
    assert client.get(f"/p/{project.slug}/images/{image.public_id}/poster").status_code == 404


def test_an_import_that_was_cut_off_goes_on_without_doubles(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.importing.running.ROWS_PER_PART", 7)
    add_image(project, "cat")
    rows = [f"cat,k{n},A cat of number {n}." for n in range(30)]
    listing = table("c.csv", "image_key,caption_key,text", *rows)
    job = request_import(project=project, actor=None, captions=listing)
    runner = ImportRunner()
    run_job(job.pk)
    job.refresh_from_db()
    for chunk in job.chunks.all():
        assert not runner.run(job, chunk).failures
    assert project.captions.count() == 30
    assert runner.finish(job)["captions"] == job.result["captions"]


def test_derivatives_that_an_earlier_import_did_not_come_to_are_made_by_the_next(project: Project) -> None:
    add_image(project, "left")
    brought(project, images=[GivenFile("new.jpg", picture_bytes())])
    assert ImageDerivative.objects.filter(image__project=project).count() == 4


def test_the_history_says_who_imported(project: Project) -> None:
    head = add_member(project, "head")
    job = request_import(project=project, actor=head, images=[GivenFile("a.jpg", picture_bytes())])
    run_job(job.pk)
    assert set(Event.objects.filter(actor=head, row_id=job.pk).values_list("act", flat=True)) >= {
        "job_asked",
        "import_finished",
    }


def test_windows_of_a_long_table_find_their_lines(project: Project) -> None:
    """Rows are found again by the line they begin on, whatever stands before them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["image_key", "caption_key", "text"])
    for number in range(50):
        writer.writerow(["cat", f"k{number}", "two\nlines" if number % 3 == 0 else f"one line {number}"])
    add_image(project, "cat")
    job = brought(project, captions=GivenFile("c.csv", out.getvalue().encode()))
    assert project.captions.count() == 50
    assert not told(job)


def test_a_part_of_an_archive_holds_one_picture_in_memory_at_a_time(project: Project) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        for number in range(12):
            noise = random.Random(number).randbytes(900_000)
            with bundle.open(f"noise-{number}.png", "w") as entry:
                Picture.frombytes("RGB", (600, 500), noise).save(entry, "PNG")
    job = request_import(project=project, actor=None, images=[GivenFile("noise.zip", archive.getvalue())])
    part = JobChunk(job=job, position=0, items=list(range(12)), phase=0)
    tracemalloc.start()
    try:
        ImportRunner().run(job, part)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert Image.objects.filter(project=project).count() == 12
    assert peak < 6 * 900_000
