"""A release holds what was decided when it was frozen, checks itself, and can be built again to the byte."""

import json
import random
import tracemalloc
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from annotation.captions.editing import decide_edit
from annotation.models import Image
from annotation.working.judging import GivenEdit
from annotation.working.reporting import report_pair
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Job
from projects.queue import cancel_job, retry_job
from projects.running import run_job
from projects.storage import read_stored
from releases import tasks  # noqa: F401  registers the runner as a worker does
from releases.building import build
from releases.comparing import compare_releases
from releases.freezing import ask_for_release, build_release, freeze
from releases.preflight import preflight
from releases.snapshot import _rater_shuffler
from releases.verifying import verify
from tests import factories as make
from tests.releases.releasing import Small, choose, opened, saved

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small() -> Small:
    return Small()


def test_a_release_holds_captions_negatives_judgments_and_checksums(small: Small) -> None:
    files = opened(small.release("1.0.0"))
    manifest = json.loads(files["manifest.json"])
    assert manifest["counts"] == {
        "images": 2,
        "image_files": 1,
        "captions": 6,
        "negatives": 1,
        "judgments": 14,
        "tombstones": 0,
        "figures": 2,
        "human_evaluations": 0,
        "human_evaluations_withheld": 0,
    }
    rows: list[dict[str, Any]] = [json.loads(line) for line in files["captions.jsonl"].splitlines()]
    assert [row["text"] for row in rows[:3]] == [version.text for version in small.versions]
    assert all(row["n_good"] == 2 for row in rows)


def test_bytes_of_an_image_without_a_licence_stay_out(small: Small) -> None:
    names = opened(small.release("1.0.0")).keys()
    assert [name for name in names if name.endswith(".jpg")] == [f"images/{small.image.public_id}.jpg"]


def test_annotators_appear_under_pseudonyms_and_without_names_times_or_notes(small: Small) -> None:
    files = opened(small.release("1.0.0"))
    told = b"".join(content for name, content in files.items() if not name.endswith(".jpg")).decode(
        errors="replace"
    )
    for annotator in small.annotators:
        assert annotator.username not in told
        assert str(annotator.public_id) not in told
    raters = {row["rater_id"] for row in json.loads(files["snapshot.json"])["ratings"]}
    assert raters == {"rater-001", "rater-002"}


def test_building_again_gives_the_same_bytes_even_after_the_project_moved_on(small: Small) -> None:
    release = small.release("1.0.0")
    first = release.bundle
    small.project.name = "Another name"
    small.project.save()
    Image.objects.filter(pk=small.image.pk).update(title="Another title")
    build_release(release)
    release.refresh_from_db()
    assert release.bundle == first


def test_a_sound_release_is_verified_and_a_changed_one_is_not(small: Small, tmp_path: Path) -> None:
    path = saved(small.release("1.0.0"), tmp_path)
    assert verify(path).problems == ()
    call_command("verify_release", str(path))
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"plain", b"plane") if name == "captions.csv" else content)
    assert verify(changed).problems == ("captions.csv differs from its checksum.",)
    with pytest.raises(CommandError, match="1 problems"):
        call_command("verify_release", str(changed))


def test_a_file_that_is_no_zip_is_one_clear_problem(tmp_path: Path) -> None:
    path = tmp_path / "not.zip"
    path.write_bytes(b"not a zip")
    assert len(verify(path).problems) == 1


def test_a_number_is_used_once_and_a_malformed_one_is_refused(small: Small) -> None:
    small.release("1.0.0")
    with pytest.raises(Conflict, match="number_used"):
        small.release("1.0.0")
    with pytest.raises(Invalid, match="number_malformed"):
        small.release("1.0")


def test_a_chosen_caption_that_is_no_longer_good_blocks_the_release(small: Small) -> None:
    assignment = small.batch.assignments.get(annotator=small.annotators[0], image=small.image)
    make.judge(assignment, small.versions[0], "bad")
    blocking = [finding.code for finding in preflight(small.project) if finding.is_blocking]
    assert blocking == ["choice_not_good"]
    with pytest.raises(Invalid, match="release_blocked"):
        small.release("1.0.0")


def test_two_releases_are_compared_caption_by_caption(small: Small, client: Client) -> None:
    first = small.release("1.0.0")
    assignment = small.batch.assignments.get(annotator=small.annotators[0], image=small.image)
    judgment = make.judge(
        assignment,
        small.versions[1],
        "good",
        edit=GivenEdit(text="A better caption of the picture", kinds=["other"]),
    )
    assert judgment is not None
    assert judgment.edited_version is not None
    decide_edit(version=judgment.edited_version, reviewer=small.head, accept=True)
    choose(small.project, small.image, [small.versions[0], judgment.edited_version, small.versions[2]])
    second = small.release("1.1.0")
    comparison = compare_releases(older=first, newer=second)
    assert comparison.n_unchanged == 5
    assert [(change.kind, change.after) for change in comparison.changes] == [
        ("text", "A better caption of the picture")
    ]
    client.force_login(small.admin)
    address = f"/p/{small.project.slug}/releases/{first.public_id}/"
    page = client.get(address, {"with": str(second.public_id)}).text
    assert '<span class="chip num">1 text changed</span>' in page
    assert f'<option value="{second.public_id}" selected>' in page
    assert "A better caption of the picture" in page


def test_a_worker_that_runs_the_job_twice_makes_one_release(small: Small) -> None:
    release = small.release("1.0.0")
    assert release.job is not None
    Job.objects.filter(pk=release.job.pk).update(state="running")
    run_job(release.job.pk)
    assert small.project.releases.count() == 1


def test_the_pages_show_preflight_files_and_download(small: Small, client: Client) -> None:
    client.force_login(small.admin)
    base = f"/p/{small.project.slug}/releases/"
    assert (
        b"caption names no terms" in client.get(f"{base}new/").content
        or client.get(f"{base}new/").status_code == 200
    )
    release = small.release("1.0.0")
    page = client.get(f"{base}{release.public_id}/")
    assert page.status_code == 200
    assert b"SHA256SUMS" in page.content
    assert "Beside these 1 picture of" in page.text
    assert ".jpg" not in page.text
    download = client.get(f"{base}{release.public_id}/download")
    assert download["Content-Disposition"].endswith('-1.0.0.zip"')
    client.force_login(small.annotators[0])
    assert client.get(base).status_code == 403


def test_raters_are_shuffled_anew_in_each_release_and_not_by_the_published_seed() -> None:
    project = make.make_project()
    orders = [
        [_rater_shuffler(project, number, 7).random() for _ in range(2)]
        for number in ("1.0.0", "1.0.0", "1.1.0")
    ]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][0] != random.Random(8).random()


def test_what_comes_to_block_between_asking_and_freezing_stops_the_release(small: Small) -> None:
    job = ask_for_release(
        project=small.project, number="1.0.0", licence="CC0-1.0", notes="", asked_by=small.admin
    )
    report_pair(caption=small.versions[0].caption, reporter=small.annotators[0], kind="private")
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, small.project.releases.count()) == ("failed", 0)
    assert "no longer good" in job.error


def test_a_release_whose_build_failed_is_built_by_asking_for_the_job_again(
    small: Small,
) -> None:
    job = ask_for_release(
        project=small.project, number="1.0.0", licence="CC0-1.0", notes="", asked_by=small.admin
    )
    freeze(job)
    cancel_job(job=job, actor=small.admin)
    job.refresh_from_db()
    again = retry_job(job=job, actor=small.admin)
    run_job(again.pk)
    again.refresh_from_db()
    assert again.state == "done", again.error
    release = small.project.releases.get()
    assert (release.state, release.job) == ("built", again)


def test_a_comparison_begins_with_the_older_release_whichever_page_asks(small: Small, client: Client) -> None:
    first, second = small.release("1.0.0"), small.release("1.1.0")
    client.force_login(small.admin)
    base = f"/p/{small.project.slug}/releases/"
    for shown, other in ((first, second), (second, first)):
        page = client.get(f"{base}{shown.public_id}/", {"with": str(other.public_id)})
        assert b"1.0.0 to 1.1.0: 6 captions unchanged." in page.content
        told = client.get(f"{base}{shown.public_id}/changes/{other.public_id}.json").json()
        assert told == {"older": "1.0.0", "newer": "1.1.0", "n_unchanged": 6, "changes": []}


def test_a_bundle_is_written_one_picture_at_a_time(small: Small, tmp_path: Path) -> None:
    snapshot = json.loads(read_stored(small.release("1.0.0").snapshot))
    image = next(image for image in snapshot["images"] if image["may_redistribute"])
    image["bytes"] = 2_000_000
    snapshot["images"] = [{**image, "id": str(uuid.uuid4()), "captions": []} for _ in range(10)]
    tracemalloc.start()
    try:
        with (tmp_path / "bundle.zip").open("wb") as out:
            files = build(snapshot, canary="none", read_image=lambda _sha256: bytes(2_000_000), out=out)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(file.size for file in files) > 20_000_000
    assert peak < 6_000_000
