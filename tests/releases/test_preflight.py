"""What the preflight lists, with a link to each; what may be personal data."""

import re

import pytest
from django.test import Client

from annotation.models import Image
from annotation.models.images import ImageState
from annotation.progress.tallying import settle_tallies
from releases.personal import possible_personal_data
from releases.preflight import preflight
from releases.taking_down import take_down_image
from tests import factories as make
from tests.releases.releasing import Small, choose

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Write to ann.lee+x@example.org for the print", ("e-mail",)),
        ("Call +49 (0)30 1234567 before noon", ("phone",)),
        ("Taken on 2024-11-22 with 1,000,000 birds above 12 houses", ()),
        ("Follow @river_walks for more", ("handle",)),
        ("A dog named Bello waits", ("name",)),
        ("Dr. Ilse runs", ("name",)),
        ("We met Grace M. Hopper at sea", ("name",)),
        ("Jean-Luc de Witte looks on", ("name",)),
        ("The heron stands in Water", ()),
        ("The Lake At Night In Winter", ()),
        ("SALE TODAY ONLY HERE", ()),
        ("one quiet morning, no names at all", ()),
        ("", ()),
    ],
)
def test_texts_that_may_hold_personal_data_are_found_by_kind(text: str, kinds: tuple[str, ...]) -> None:
    assert possible_personal_data(text) == kinds


def codes(small: Small) -> dict[str, int]:
    settle_tallies(small.project)
    return {finding.code: finding.count for finding in preflight(small.project)}


def test_personal_data_in_chosen_captions_is_listed_and_in_others_is_not(small: Small) -> None:
    assert "personal_data" not in codes(small)
    told = make.add_caption(small.image, "Ask Maria Huber at +49 30 1234567")
    make.add_caption(small.image, "Ask Jan Beispiel at +49 30 1234567")
    choose(small.project, small.image, [*small.versions[:2], told])
    found = {finding.code: finding for finding in preflight(small.project)}["personal_data"]
    assert found.count == 1
    assert found.text == "1 chosen caption may hold personal data (phone 1, name 1)."


def test_what_is_out_of_date_and_what_was_taken_down_is_listed(small: Small) -> None:
    small.release("1.0.0")
    assert codes(small).keys().isdisjoint({"taken_down", "stale_choices"})
    take_down_image(project=small.project, key="without-licence", actor=small.admin, why="Asked to")
    choose(small.project, small.image, small.versions[:2])
    found = codes(small)
    assert found["taken_down"] == 1
    assert found["stale_choices"] == 2, "the choice saw two good captions of three"


def test_every_finding_links_to_a_page_that_shows_its_rows(small: Small, client: Client) -> None:
    make.add_image(small.project, "new-one")
    small.release("0.1.0")
    told = make.add_caption(small.image, "Maria Huber again")
    choose(small.project, small.image, [*small.versions[:2], told])
    take_down_image(project=small.project, key="without-licence", actor=small.admin, why="Asked to")
    client.force_login(small.admin)
    base = f"/p/{small.project.slug}/releases/"
    page = client.get(f"{base}new/").text
    checks = page.split('<ul class="checks">')[1].split("</ul>")[0]
    links = re.findall(r'<a href="([^"]+)"', checks)
    findings = preflight(small.project)
    assert len(links) == len(findings) >= 6
    for finding, link in zip(findings, links, strict=True):
        shown = client.get(link)
        assert shown.status_code == 200, link
        if finding.has_rows:
            rows = re.findall(r'<li class="row--pictured">', shown.text)
            assert len(rows) == finding.count, finding.code
    assert client.get(f"{base}preflight/nothing/").status_code == 404


def test_the_form_begins_with_the_patch_version_that_a_takedown_offers(small: Small, client: Client) -> None:
    small.release("1.0.0")
    client.force_login(small.admin)
    page = client.get(f"/p/{small.project.slug}/releases/new/", {"as": "patch"}).text
    assert re.search(r'value="1\.0\.1"[^>]*checked', page)


def test_images_out_of_the_work_are_not_among_the_incomplete(small: Small) -> None:
    make.add_image(small.project, "waits", state=ImageState.RESERVE)
    assert "images_incomplete" not in codes(small)
    Image.objects.filter(key="waits").update(state=ImageState.ACTIVE)
    assert codes(small)["images_incomplete"] == 1
