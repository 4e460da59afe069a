"""An image beside other data sets: the nearest of those sets that the person may see, with their captions."""

import itertools

import pytest
from django.test import Client
from pgvector import HalfVector

from annotation.machine.search.beside import beside_corpora, beside_sets, described, encoders_that_saw
from annotation.models import Embedding, Encoder, Image
from annotation.models.machine import Modality
from projects.access import projects_as
from projects.models import Project, Role
from tests.factories import add_caption, add_image, add_member, make_project, picture_bytes
from tests.ml_workers.working import find_good

pytestmark = pytest.mark.django_db


DRAWN = itertools.count()


def an_encoder(name: str = "look") -> Encoder:
    return Encoder.objects.create(name=name, weights_hash=name, source="made here", dimension=2)


def see(encoder: Encoder, image: Image, x: float, y: float) -> None:
    Embedding.objects.get_or_create(
        encoder=encoder, modality=Modality.IMAGE, content_hash=image.file.sha256,
        defaults={"vector": HalfVector([x, y])},
    )  # fmt: skip


def a_set(encoder: Encoder, *looks: tuple[float, float]) -> Project:
    """A project with an image for each look, and a caption of each that nobody judged."""
    project = make_project()
    for number, look in enumerate(looks):
        place = next(DRAWN)  # far apart, or JPEG makes one picture of two
        image = add_image(project, content=picture_bytes((place % 8 * 32, place // 8 % 8 * 32, 99)))
        see(encoder, image, *look)
        add_caption(image, f"Picture {number} of {project.slug}")
    return project


def test_the_nearest_images_of_each_set_come_with_their_captions_the_nearest_set_first() -> None:
    encoder = an_encoder()
    own, far, near = a_set(encoder, (1, 0)), a_set(encoder, (0, 1)), a_set(encoder, (0.6, 0.8), (0.8, 0.6))
    image = Image.objects.get(project=own)
    find_good([add_caption(image, "A good one")])
    found, n_farther = beside_sets(image, encoder, [far, near, make_project()])
    assert n_farther == 0
    assert [one.project for one in found] == [near, far]
    assert [beside.cosine for beside in found[0].found] == pytest.approx([0.8, 0.6], abs=1e-3)
    assert found[0].n_there == 2
    assert found[0].found[0].captions.texts == [f"Picture 1 of {near.slug}"]
    assert not found[0].found[0].captions.are_good, "nobody judged it there"
    assert described(image).texts == ["A good one"], "the others of its pool are not known to be good"


def test_of_many_sets_the_nearest_are_shown_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotation.machine.search.beside.SETS_SHOWN", 1)
    encoder = an_encoder()
    own, far, near = a_set(encoder, (1, 0)), a_set(encoder, (0, 1)), a_set(encoder, (0.8, 0.6))
    found, n_farther = beside_sets(Image.objects.get(project=own), encoder, [far, near])
    assert [one.project for one in found] == [near]
    assert n_farther == 1


def test_the_same_picture_in_another_set_is_called_so_and_a_blind_encoder_finds_nothing() -> None:
    encoder, blind = an_encoder(), an_encoder("blind")
    own, other = make_project(), make_project()
    images = [add_image(project, content=picture_bytes((7, 7, 7))) for project in (own, other)]
    see(encoder, images[0], 1, 0)
    (found,), _n_farther = beside_sets(images[0], encoder, [other])
    assert [one.is_same_file for one in found.found] == [True]
    assert beside_sets(images[0], blind, [other]) == ([], 0)
    assert encoders_that_saw(images[0]) == [encoder]


def test_captions_of_the_nearest_corpus_picture_alone_are_shown() -> None:
    image = add_image(make_project())
    for number, cosine in enumerate((0.7, 0.9, 0.9)):
        caption = add_caption(image, f"Corpus {number}").caption
        caption.neighbour_similarity, caption.neighbour_encoder, caption.source = cosine, "look", "cc3m"
        caption.save()
    add_caption(image, "From no corpus")
    (one,) = beside_corpora(image)
    assert one.source == "cc3m"
    assert one.cosine == pytest.approx(0.9)
    assert [caption.verbatim for caption in one.captions] == ["Corpus 1", "Corpus 2"]


def test_only_sets_of_a_role_that_sees_images_are_shown() -> None:
    encoder = an_encoder()
    own, led, judged, foreign = (a_set(encoder, (1, 0)) for _one in range(4))
    head = add_member(own, Role.HEAD)
    led.memberships.create(user=head, role=Role.RESEARCHER)
    judged.memberships.create(user=head, role=Role.ANNOTATOR)
    assert projects_as(head, Role.HEAD, Role.RESEARCHER) == sorted([own, led], key=lambda one: one.name)
    client = Client()
    client.force_login(head)
    image = Image.objects.get(project=own)
    address = f"/p/{own.slug}/find/{image.public_id}/beside/"
    shown = client.get(address).text
    assert f"Picture 0 of {led.slug}" in shown
    assert f"Picture 0 of {judged.slug}" not in shown
    assert f"Picture 0 of {foreign.slug}" not in shown
    led.memberships.all().delete()
    assert "You work in no other project" in client.get(address).text
    assert address in client.get(f"/p/{own.slug}/images/{image.public_id}/").text
