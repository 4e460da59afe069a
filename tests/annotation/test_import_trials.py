"""A trial of an import: it says what the import then does, and brings nothing in."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from annotation.importing.requesting import (
    IMPORT,
    TRIAL,
    GivenFile,
    files_of_folder,
    import_for_good,
    request_import,
)
from annotation.importing.running import ImportRunner
from annotation.importing.trial_running import TrialRunner
from annotation.models import Caption, Image
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Job, Project, Role, StoredFile
from projects.running import register_runner, run_job
from tests import factories as make

FIXTURES = Path(__file__).parent.parent / "fixtures" / "import"
pytestmark = pytest.mark.django_db
register_runner(IMPORT, ImportRunner())
register_runner(TRIAL, TrialRunner())


@pytest.fixture
def project() -> Project:
    return make.make_project("here")


def ended(job: Job) -> Job:
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return job


def tried(project: Project, **given: object) -> Job:
    return ended(request_import(project=project, actor=None, is_trial=True, **given))  # type: ignore[arg-type]


def table(name: str, *rows: str) -> GivenFile:
    return GivenFile(name, "\n".join(rows).encode())


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return out.getvalue()


def told(job: Job) -> set[tuple[str, str]]:
    return set(job.failures.values_list("item", "reason"))


def folder_with_tables() -> dict[str, object]:
    return {
        "images": files_of_folder(FIXTURES / "images"),
        "metadata": table("images.csv", "file,key,licence", "cat.jpg,cat,CC0", "none.jpg,none,CC0"),
        "captions": GivenFile("captions.csv", FIXTURES / "captions_with_errors.csv"),
    }


def test_a_trial_says_what_the_import_then_does_and_brings_nothing_in(project: Project) -> None:
    trial = tried(project, **folder_with_tables())
    assert not Image.objects.exists()
    assert not Caption.objects.exists()
    assert not StoredFile.objects.filter(media_type__startswith="image/").exists(), "nothing was examined in"
    actor = make.add_member(project, Role.HEAD)
    real = ended(import_for_good(project=project, actor=actor, trial=trial))
    for what in ("images", "captions"):
        counts, came = trial.result[what], real.result[what]
        assert counts["would_be_added"] == came["added"] > 0
        assert {name: counts[name] for name in ("given", "already_there", "refused")} == {
            name: came[name] for name in ("given", "already_there", "refused")
        }
    assert told(trial) == told(real)


def test_a_second_trial_finds_everything_there(project: Project) -> None:
    ended(request_import(project=project, actor=None, **folder_with_tables()))  # type: ignore[arg-type]
    trial = tried(project, **folder_with_tables())
    assert trial.result["images"]["would_be_added"] == 0
    assert trial.result["images"]["already_there"] == 2
    assert trial.result["captions"]["would_be_added"] == 0
    assert trial.result["captions"]["already_there"] == 8
    assert trial.result["captions"]["examples"] == []


def test_a_trial_compares_pictures_and_rows_with_what_is_there(project: Project) -> None:
    first = {"cat.jpg": make.picture_bytes((1, 1, 1)), "cup.jpg": make.picture_bytes((2, 2, 2))}
    ended(
        request_import(
            project=project,
            actor=None,
            images=[GivenFile("first.zip", archive(first))],
            captions=table("c.csv", "image_key,caption_key,text", "cat,k1,A cat."),
        )
    )
    trial = tried(
        project,
        images=[
            GivenFile(
                "second.zip",
                archive(
                    {
                        "cat.jpg": make.picture_bytes((9, 9, 9)),
                        "cup.jpg": first["cup.jpg"],
                        "dog.jpg": make.picture_bytes((3, 3, 3)),
                        "other/dog.jpg": make.picture_bytes((4, 4, 4)),
                    }
                ),
            )
        ],
        captions=table(
            "c.csv",
            "image_key,caption_key,text,paraphrase_of",
            "cat,k1,Another cat.,",
            "cat,k1,A cat.,",
            "dog,k2,A dog.,",
            "dog,k2,Another dog.,",
            "dog,k3,A hound.,k2",
            "cow,k4,A cow.,",
        ),
    )
    assert trial.result["images"] == {
        "given": 4,
        "would_be_added": 1,
        "already_there": 1,
        "refused": 2,
        "examples": [{"image": "dog", "file": "dog.jpg"}],
    }
    assert {item for item, _reason in told(trial)} == {
        "cat.jpg",
        "other/dog.jpg",
        "c.csv line 2",
        "c.csv line 5",
        "c.csv line 7",
    }
    counts = trial.result["captions"]
    assert (counts["would_be_added"], counts["already_there"], counts["refused"]) == (2, 1, 3)
    assert [row["text"] for row in counts["examples"]] == ["A dog.", "A hound."]


def test_rows_that_contradict_each_other_are_told_wherever_they_stand_in_the_table(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.importing.trying.ROWS_AT_ONCE", 3)
    make.add_image(project, "cat")
    rows = [f"cat,k{n},A cat of number {n}.," for n in range(10)]
    last = ["cat,k0,Another one.,", "cat,k1,A cat of number 1.,", "cat,p,Said otherwise.,k2"]
    trial = tried(project, captions=table("c.csv", "image_key,caption_key,text,paraphrase_of", *rows, *last))
    counts = trial.result["captions"]
    assert (counts["would_be_added"], counts["already_there"], counts["refused"]) == (11, 1, 1)
    assert {item for item, _reason in told(trial)} == {"c.csv line 12"}


def test_only_a_trial_that_has_ended_can_be_imported(project: Project) -> None:
    actor = make.add_member(project, Role.HEAD)
    given = table("c.csv", "image_key,text", "cat,A cat.")
    waiting = request_import(project=project, actor=actor, captions=given, is_trial=True)
    with pytest.raises(Conflict, match="trial_active"):
        import_for_good(project=project, actor=actor, trial=waiting)
    real = request_import(project=project, actor=actor, captions=given)
    with pytest.raises(Invalid, match="no_trial"):
        import_for_good(project=project, actor=actor, trial=real)
    assert real.pk != waiting.pk


def test_the_page_shows_a_trial_and_one_button_does_it(client: Client, project: Project) -> None:
    client.force_login(make.add_member(project, Role.HEAD))
    upload = SimpleUploadedFile("pictures.zip", archive({"cat.jpg": make.picture_bytes(), "no.jpg": b"no"}))
    captions = SimpleUploadedFile("c.csv", b"image_key,text\ncat,A cat.\ncow,A cow.\n")
    answer = client.post("/p/here/import/", {"images": upload, "captions": captions, "act": "trial"})
    job = Job.objects.get(kind=TRIAL)
    assert answer["Location"] == f"/p/here/import/{job.public_id}/"
    assert "Waiting" in client.get(answer["Location"]).content.decode()
    ended(job)
    page = client.get(answer["Location"]).content.decode()
    assert "A cat." in page
    assert "Nothing was brought in" in page
    report = b"".join(client.get(f"{answer['Location']}errors.csv").streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(report)))
    assert [(row["file"], row["line"]) for row in rows] == [("no.jpg", ""), ("c.csv", "3")]
    client.post(f"{answer['Location']}for-good")
    ended(Job.objects.get(kind=IMPORT))
    assert list(Caption.objects.values_list("image__key", flat=True)) == ["cat"]
    assert "trial" in client.get("/p/here/import/").content.decode()


def test_a_script_and_a_command_try_as_well(project: Project, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(make.picture_bytes())
    said = io.StringIO()
    call_command("import_images", "here", str(tmp_path), "--trial", stdout=said)
    assert "images: 1 given, 1 would be added, 0 already there, 0 refused" in said.getvalue()
    assert not Image.objects.exists()
