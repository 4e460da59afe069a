"""What is taken down after a release held it: a tombstone, the releases concerned, the next patch version."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.test import Client

from annotation.models import Caption, DropReason
from polyannot.kernel.errors import Conflict, Invalid, Missing
from projects.models import Event
from releases.comparing import compare_releases
from releases.concerned import taken_down
from releases.taking_down import take_down_caption, take_down_image, withdraw_release
from releases.verifying import verify
from tests.releases.releasing import Small, choose, opened, saved

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small() -> Small:
    return Small()


def take_down(small: Small, place: int = 0) -> Caption:
    """Take a chosen caption down and choose anew without it."""
    caption = small.versions[place].caption
    take_down_caption(
        project=small.project, key=caption.key, actor=small.admin, kind="private", why="It names somebody."
    )
    rest = [version for version in small.versions if version.caption_id != caption.pk]
    small.project.good_target = 2
    small.project.save()
    choose(small.project, small.image, rest)
    return caption


def test_a_caption_taken_down_names_its_releases_and_leaves_a_tombstone_in_the_next(
    small: Small, tmp_path: Path
) -> None:
    first, second = small.release("1.0.0"), small.release("1.0.1")
    caption = take_down(small)
    (gone,) = taken_down(small.project)
    assert (gone.kind, gone.key, gone.releases) == ("caption", caption.key, (first, second))
    assert gone.public_ids == (small.versions[0].public_id,)
    later = small.release("1.0.2")
    files = opened(later)
    (row,) = csv.DictReader(io.StringIO(files["tombstones.csv"].decode()))
    assert (row["id"], row["releases"]) == (str(small.versions[0].public_id), "1.0.0 1.0.1")
    assert row["day"] == json.loads(files["manifest.json"])["frozen"]
    assert small.versions[0].text.lstrip("=") not in files["captions.csv"].decode()
    assert b"names somebody" not in b"".join(files.values()), "reasons stay here"
    assert verify(saved(later, tmp_path)).problems == ()


def test_an_image_taken_down_is_a_tombstone_and_its_captions_are_gone(small: Small) -> None:
    release = small.release("1.0.0")
    take_down_image(
        project=small.project, key="without-licence", actor=small.admin, why="Asked by its author"
    )
    (gone,) = taken_down(small.project)
    assert (gone.kind, gone.why, gone.releases) == ("image", "Asked by its author", (release,))
    files = opened(small.release("1.0.1"))
    assert json.loads(files["manifest.json"])["counts"]["images"] == 1
    assert str(small.other.public_id) in files["tombstones.csv"].decode()


def test_a_comparison_shows_no_text_that_was_taken_down(small: Small) -> None:
    first = small.release("1.0.0")
    take_down(small, place=1)
    comparison = compare_releases(older=first, newer=small.release("1.0.1"))
    (change,) = comparison.changes
    assert (change.kind, change.before, change.after) == ("removed", "(taken down)", "")


def test_what_cannot_be_taken_down_is_said(small: Small) -> None:
    def caption(key: str, kind: str) -> None:
        take_down_caption(project=small.project, actor=small.admin, key=key, kind=kind, why="")

    bad = small.bad.caption
    with pytest.raises(Missing, match="caption_missing"):
        caption("nowhere", "legal")
    with pytest.raises(Missing, match="image_missing"):
        take_down_image(project=small.project, actor=small.admin, key="nowhere", why="x")
    with pytest.raises(Invalid, match="report_kind_needed"):
        caption(bad.key, "dull")
    Caption.objects.filter(pk=bad.pk).update(drop_reason=DropReason.CLEANED)
    with pytest.raises(Conflict, match="caption_out"):
        caption(bad.key, "legal")


def test_a_withdrawn_release_is_given_out_no_more_and_stays_listed(small: Small, client: Client) -> None:
    release = small.release("1.0.0")
    client.force_login(small.admin)
    page = f"/p/{small.project.slug}/releases/{release.public_id}/"
    assert client.post(f"{page}withdraw", {"why": " "}).status_code == 422
    assert client.post(f"{page}withdraw", {"why": "An image was not free"}).status_code == 302
    assert client.get(f"{page}download").status_code == 404
    shown = client.get(page).text
    assert "An image was not free" in shown
    assert "SHA256SUMS" in shown
    assert Event.objects.filter(act="release_withdrawn").count() == 1
    release.refresh_from_db()
    with pytest.raises(Conflict, match="release_not_built"):
        withdraw_release(release=release, actor=small.admin, why="Again")


def test_the_page_takes_down_lists_the_releases_and_offers_the_next_patch(
    small: Small, client: Client
) -> None:
    release = small.release("1.0.0")
    client.force_login(small.admin)
    base = f"/p/{small.project.slug}/releases/"
    assert "Nothing was taken down" in client.get(f"{base}taken-down/").text
    told = {"what": "caption", "key": small.versions[0].caption.key, "kind": "legal", "why": "No licence"}
    assert client.post(f"{base}taken-down/add", {**told, "why": ""}).status_code == 422
    assert client.post(f"{base}taken-down/add", told).status_code == 302
    page = client.get(f"{base}taken-down/").text
    assert "Make 1.0.1 without it" in page
    assert f'href="{base}{release.public_id}/">1.0.0</a>' in page
    assert "1 image or caption of it was taken down since" in client.get(f"{base}{release.public_id}/").text
    client.force_login(small.head)
    assert "Make 1.0.1" not in client.get(f"{base}taken-down/").text
    choose(small.project, small.image, small.versions[1:])
    later = small.release("1.0.1")
    client.force_login(small.admin)
    page = client.get(f"{base}taken-down/").text
    assert f'<a href="{base}{later.public_id}/">1.0.1</a>, holds none of it' in page
    assert "Make 1.0.2" not in page
    client.force_login(small.head)
    assert client.post(f"{base}taken-down/add", told).status_code == 403
