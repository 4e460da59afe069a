"""Leakage: images of the project in a corpus are found by file, hash and embedding; their rows leave the pools."""

import io
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
import webdataset
from django.conf import settings
from django.test import Client
from django.urls import reverse
from PIL import Image as Picture

from annotation.machine.corpora.leakage import (
    FoundLeak,
    ask_for_leakage,
    completed_leakage,
    dismiss_leak,
    drop_leaked,
    leaked_rows,
    undo_leakage,
    write_leaks,
)
from annotation.machine.corpora.pool_requests import ask_for_neighbours, ask_for_pools
from annotation.models import Caption, Cleaning, Image, Leak, LeakCheck
from ml_workers.picture_hash import BITS, as_rows, difference_hash, near_pictures
from polyannot.kernel.errors import Conflict, Invalid, Missing
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from releases.preflight import preflight
from tests import factories as make
from tests.live import LiveProgram
from tests.ml_workers.working import ended

# Neighbours and leakage need no texts.
MODEL = "image:lite0"


def scene(seed: int, size: tuple[int, int] = (240, 180)) -> Picture.Image:
    """Return a picture of coloured patches."""
    patches = np.random.default_rng(seed).integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
    return Picture.fromarray(patches).resize(size, Picture.Resampling.BICUBIC)


def jpeg(picture: Picture.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def hashed(content: bytes) -> np.ndarray:
    told = difference_hash(content, 10**7)
    assert told is not None
    return told


def bits_between(one: bytes, other: bytes) -> int:
    (near,) = near_pictures(as_rows([hashed(one)]), as_rows([hashed(other)]), BITS)
    return near.bits


def test_a_resized_recompressed_and_toned_copy_has_nearly_the_same_hash_and_another_picture_has_not() -> None:
    for seed in range(8):
        picture = scene(seed)
        original = jpeg(picture)
        assert bits_between(original, original) == 0
        for copy in (
            jpeg(picture.resize((120, 90))),
            jpeg(picture, quality=40),
            jpeg(picture.point(lambda value: min(255, int(value * 1.1)))),
        ):
            assert bits_between(original, copy) <= 10
        assert bits_between(original, jpeg(scene(seed + 100))) > 30


def test_a_flat_picture_has_no_hash_and_a_large_one_is_refused() -> None:
    assert difference_hash(make.picture_bytes((90, 90, 90)), 10**7) is None
    with pytest.raises(ValueError, match="pixels"):
        difference_hash(jpeg(scene(1)), 100)
    assert near_pictures(as_rows([]), as_rows([hashed(jpeg(scene(1)))]), 10) == []


@pytest.fixture
def corpus_folder() -> Iterator[Path]:
    """A corpus of archives: an identical file, a recompressed copy, and pictures of its own."""
    folder = settings.CORPORA_DIR / f"corpus-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    pictures = [jpeg(scene(1)), jpeg(scene(2).resize((160, 120)), 60), jpeg(scene(50)), jpeg(scene(51))]
    with webdataset.TarWriter(str(folder / "0.tar")) as target:
        for place, content in enumerate(pictures):
            target.write(
                {"__key__": f"row{place}", "jpg": content, "txt": f"Patches in colours of row {place}"}
            )
    (folder / "corpus.json").write_text(json.dumps({"name": "Patches"}))
    yield folder
    rmtree(folder)


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_copies_are_found_their_rows_leave_the_pools_and_come_in_no_more(
    live_workers: Mapping[str, LiveProgram], corpus_folder: Path, client: Client
) -> None:
    project = make.make_project()
    first, second, other = (
        make.add_image(project, f"image-{seed}", content=jpeg(scene(seed))) for seed in (1, 2, 3)
    )
    searched = ask_for_neighbours(
        project=project,
        actor=None,
        parameters={"corpus": corpus_folder.name, "encoder": MODEL, "radius": 4},
    )
    assert ended(searched).state == JobState.DONE
    search = str(searched.public_id)
    ended(ask_for_pools(project=project, actor=None, search=search, threshold=0.5))
    before = Caption.objects.in_pool().filter(project=project).count()
    assert before > 2
    head = make.add_member(project, Role.HEAD)
    job = ended(
        ask_for_leakage(project=project, actor=head, parameters={"search": search, "least_cosine": 0.995})
    )
    assert (job.state, job.error) == (JobState.DONE, "")
    found = {(leak.image_id, leak.row_key, leak.check_made) for leak in Leak.objects.filter(project=project)}
    assert {
        (first.pk, "./row0", "identical"),
        (first.pk, "./row0", "perceptual"),
        (second.pk, "./row1", "perceptual"),
        (first.pk, "./row0", "embedding"),
    } <= {(image, row if row.startswith("./") else f"./{row}", check) for image, row, check in found}
    assert {row.removeprefix("./") for _image, row, _check in found} == {"row0", "row1"}
    assert all(leak.picture is not None for leak in Leak.objects.filter(project=project))
    out = Caption.objects.filter(project=project, drop_reason="leakage")
    assert {key.removeprefix("./") for key in out.values_list("source_key", flat=True)} == {"row0", "row1"}
    assert job.result["leaks"]["images"] == 2
    assert job.result["captions"] == {"dropped": out.count(), "held": 0}

    again = ended(ask_for_pools(project=project, actor=None, search=search, threshold=-1.0))
    fresh = Caption.objects.filter(imported_by=again)
    assert {key.removeprefix("./") for key in fresh.values_list("source_key", flat=True)} <= {"row2", "row3"}

    client.force_login(head)
    page = client.get(reverse("leakage-report", args=[project.slug, job.public_id])).content.decode()
    assert "4 of 4 rows have a picture" in page
    picture = Leak.objects.filter(project=project).first()
    assert picture is not None
    answer = client.get(reverse("leakage-picture", args=[project.slug, picture.public_id]))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert "A corpus holds this image too" in detail(client, project, first)
    assert "A corpus holds this image too" not in detail(client, project, other)
    pools = client.get(reverse("pools", args=[project.slug])).content.decode()
    assert "2 images found" in pools


def detail(client: Client, project: Project, image: Image) -> str:
    return client.get(reverse("image-detail", args=[project.slug, image.public_id])).content.decode()


def a_finding(project: Project, image: Image, *rows: str) -> Cleaning:
    """Return a search for leakage that found these rows, with a caption of each in the pool."""
    job = Job.objects.create(
        project=project, kind="leakage", queue="cpu", fingerprint=uuid.uuid4().hex, state=JobState.DONE
    )
    cleaning = Cleaning.objects.create(job=job, project=project, sources=["C"], n_given=1, n_cleaned=1)
    for row in rows:
        caption = make.add_caption(image, f"Caption of {row}").caption
        Caption.objects.filter(pk=caption.pk).update(source="C", source_key=row)
    write_leaks(
        job, [FoundLeak(image.pk, row, "", "javascript:x", LeakCheck.EMBEDDING, 0.98) for row in rows]
    )
    drop_leaked(job)
    return cleaning


def in_pool(project: Project) -> set[str]:
    return set(Caption.objects.in_pool().filter(project=project).values_list("source_key", flat=True))


@pytest.mark.django_db
def test_a_pair_is_put_aside_alone_and_a_search_as_a_whole() -> None:
    project = make.make_project()
    image = make.add_image(project)
    cleaning = a_finding(project, image, "a", "b", "c")
    drop_leaked(cleaning.job)
    assert (in_pool(project), leaked_rows(project, "C")) == (set(), {"a", "b", "c"})
    assert Leak.objects.filter(url="").count() == 3, "what is no web address is not kept"
    assert "image_leaked" in {finding.code for finding in preflight(project)}
    person = make.make_user()
    leak = dismiss_leak(leak=Leak.objects.get(row_key="a"), actor=person)
    assert (leak.dismissed_by, in_pool(project)) == (person, {"a"})
    with pytest.raises(Conflict):
        dismiss_leak(leak=leak, actor=person)
    undone = undo_leakage(cleaning=cleaning, actor=person)
    assert (undone.n_undone, in_pool(project)) == (2, {"a", "b", "c"})
    assert leaked_rows(project, "C") == set()
    assert "image_leaked" not in {finding.code for finding in preflight(project)}


@pytest.mark.django_db
def test_a_judged_caption_of_a_leaked_row_stays_and_is_listed() -> None:
    project = make.make_project()
    image = make.add_image(project)
    version = make.add_caption(image)
    Caption.objects.filter(pk=version.caption_id).update(source="C", source_key="a")
    assignment = make.claim(make.make_batch(project, [image]), make.add_member(project))
    make.judge(assignment, version, "good")
    cleaning = a_finding(project, image, "a")
    held = cleaning.items.get(caption=version.caption_id)
    assert (held.outcome, held.hold, held.step) == ("held", "judged", "leakage")
    assert in_pool(project) == {"a"}


@pytest.mark.django_db
def test_what_cannot_be_asked_is_refused_with_the_reason() -> None:
    for parameters, reason in (
        ({"least_cosine": "2"}, "least_cosine is a number"),
        ({"most_bits": "many"}, "most_bits is a number"),
        ({"colour": 1}, "takes the parameters"),
    ):
        with pytest.raises(Invalid, match=reason):
            completed_leakage(parameters)
    with pytest.raises(Missing):
        ask_for_leakage(project=make.make_project(), actor=None, parameters={"search": "none"})
