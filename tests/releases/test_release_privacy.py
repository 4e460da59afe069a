"""Every file of a release, looked through for whoever worked on it: no name, no time of day, no free text."""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow.parquet
import pytest

from accounts.models import User
from annotation.progress.verdicts import good_versions
from releases.datasheet import datasheet
from releases.judged import SMALLEST_CELL
from releases.snapshot import read_snapshot
from studies.models import Study
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.releases.releasing import Small, choose, opened
from tests.study_rows import make_judged_project, make_open_study

pytestmark = pytest.mark.django_db(transaction=True)

PICTURES = (".jpg", ".png", ".webp", ".gif")
TIME_OF_DAY = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
BINS = {"", "<1", "1-2", "2-5", "5-10", "10-30", "30-60", ">60"}
SECRETS = ("Batch of Quentin Quill", "a note about somebody", "quentin.quill@example.org")

TOLD: dict[str, Any] = {"note": SECRETS[1], "duration_ms": 2345}


@pytest.fixture
def small() -> Small:
    """Return a project whose people, batch and notes have names that appear nowhere else."""
    return quilled(Small(batch=SECRETS[0], told=lambda _number: TOLD))


def quilled(made: Small) -> Small:
    """Give everybody in the project a name that appears nowhere else."""
    for place, person in enumerate([*made.annotators, made.admin, made.head]):
        User.objects.filter(pk=person.pk).update(
            username=f"quentin-{place}-quill", display_name=f"Quentin {place} Quill"
        )
    return made


def inside(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file, and the files in it where it is an archive."""
    if name.endswith(".tar"):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for entry in archive.getmembers():
                member = archive.extractfile(entry)
                assert member is not None
                yield f"{name}/{entry.name}", member.read()
        return
    yield name, content


def every_file(small: Small) -> dict[str, bytes]:
    files = opened(small.release("1.0.0", with_shards=True))
    return dict(part for name, content in files.items() for part in inside(name, content))


def people(small: Small) -> list[str]:
    known = User.objects.filter(memberships__project=small.project)
    return [str(told) for row in known.values_list("username", "display_name", "public_id") for told in row]


def test_no_file_names_anybody_or_holds_free_text_or_a_time_of_day(small: Small) -> None:
    words = [*people(small), *SECRETS, "uentin", "2345"]
    found = []
    for name, content in every_file(small).items():
        if name.endswith(PICTURES):
            continue
        told = content.decode("utf-8", errors="replace")
        found += [(name, word) for word in words if word in told]
        found += [(name, word) for word in TIME_OF_DAY.findall(told)]
    assert found == []


def test_every_file_but_the_pictures_carries_the_mark(small: Small) -> None:
    files = every_file(small)
    (canary,) = {json.loads(files["manifest.json"])["canary"]}
    assert UUID(canary)
    without = [name for name, content in files.items() if canary.encode() not in content]
    assert [name for name in without if not name.endswith((*PICTURES, ".txt"))] == []


def test_durations_are_bins_and_times_days(small: Small) -> None:
    ratings = json.loads(every_file(small)["snapshot.json"])["ratings"]
    assert {row["duration_s"] for row in ratings} == {"2-5"} <= BINS
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["day"]) for row in ratings)
    assert {row["round"] for row in ratings} == {"round-001"}


def test_a_day_of_few_judgments_of_one_rater_is_withheld() -> None:
    early = datetime(2020, 1, 2, 3, 4, tzinfo=UTC)
    small = Small(told=lambda number: {"made_at": early} if number < SMALLEST_CELL - 1 else {})
    ratings = json.loads(every_file(small)["snapshot.json"])["ratings"]
    days = [row["day"] for row in ratings]
    assert days.count(None) == 7, "four on the early day, and the three that are left of the other"
    assert not any(str(day).startswith("2020") for day in days)


def test_raters_have_other_names_in_the_next_release(small: Small) -> None:
    def order(number: str) -> list[tuple[Any, ...]]:
        rows = json.loads(opened(small.release(number))["snapshot.json"])["ratings"]
        return [(row["item_id"], row["rater_id"], row["outcome"]) for row in rows]

    numbers = [order(f"1.{minor}.0") for minor in range(4)]
    assert {rater for _item, rater, _label in numbers[0]} == {"rater-001", "rater-002"}
    parquet = opened(small.release("2.0.0"))["parquet/judgments.parquet"]
    names = set(pyarrow.parquet.read_table(io.BytesIO(parquet))["rater_id"].to_pylist())
    assert names == {"rater-001", "rater-002"}


def test_a_share_of_few_participants_is_withheld_and_counted() -> None:
    project = make_judged_project(images=4, good=5)
    study = make_open_study(project, hard_pairs=4, target_participants=6)
    for image in project.images.all():
        choose(project, image, list(good_versions(project).filter(image=image)))
    Study.objects.filter(pk=study.pk).update(pay="5 euros", contact="quentin@example.org")
    told = []
    for n_people in (4, 6):
        while study.participants.count() < n_people:
            ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/").take_part(honest)
        snapshot = read_snapshot(project, number="1.0.0", seed=1)
        captions = [caption for image in snapshot["images"] for caption in image["captions"]]
        told.append(
            (
                sum(row["human_evaluations_withheld"] for row in captions),
                [share["n"] for row in captions for share in row["human_evaluation"]],
            )
        )
    assert told == [(4, []), (0, [6, 6, 6, 6])]
    (row,) = snapshot["studies"]
    assert (row["study"], row["pay"], row["seed"]) == (study.slug, "5 euros", study.seed)
    whole = {**snapshot, "licence": "", "notes": "", "frozen": "2026-01-01"}
    sheet = datasheet(whole, "mark").decode()
    assert f"Participants of {study.slug}: recruited by an open link; pay: 5 euros." in sheet
    assert "quentin@example.org" not in json.dumps(snapshot)
