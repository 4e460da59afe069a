"""What is near is found: exactly where there is little, by the index where there is much, never across projects."""

import random

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from pgvector import HalfVector

from annotation.captions.editing import content_hash
from annotation.machine.search import searching
from annotation.machine.search.indexing import index_embeddings, index_name
from annotation.machine.search.searching import cleaned_words, count_searchable, near_ids, searchable_encoders
from annotation.models import CaptionVersion, Embedding, Encoder, Image, Similarity
from annotation.models.machine import Modality
from annotation.progress.stocking import retire_image
from polyannot.kernel.errors import Invalid
from projects.models import Project, Role
from tests.factories import add_caption, add_image, add_member, make_project, picture_bytes

DIMENSION = 16


def an_encoder(name: str = "tiny") -> Encoder:
    return Encoder.objects.create(name=name, weights_hash=name, source="made here", dimension=DIMENSION)


def embed(encoder: Encoder, modality: Modality, contents: list[str], vectors: np.ndarray) -> None:
    Embedding.objects.bulk_create(
        [
            Embedding(encoder=encoder, modality=modality, content_hash=content, vector=HalfVector(vector))
            for content, vector in zip(contents, vectors, strict=True)
        ],
        ignore_conflicts=True,
    )


def directions(n: int, seed: int = 5) -> np.ndarray:
    found: np.ndarray = np.random.default_rng(seed).normal(size=(n, DIMENSION))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def a_seen_project(encoder: Encoder, n_images: int = 6) -> Project:
    """A project whose images and captions (one each) have features, with a cosine so that the encoder is known."""
    project = make_project()
    images = [
        add_image(project, content=picture_bytes((number % 8 * 32, number // 8 * 32, 9)))
        for number in range(n_images)
    ]
    versions = [
        add_caption(image, f"caption {number} of {project.slug}") for number, image in enumerate(images)
    ]
    vectors = directions(n_images)
    embed(encoder, Modality.IMAGE, [image.file.sha256 for image in images], vectors)
    embed(encoder, Modality.TEXT, [version.content_hash for version in versions], vectors)
    Similarity.objects.create(
        project=project, encoder=encoder, image=images[0], version=versions[0], cosine=1.0
    )
    return project


@pytest.mark.django_db
def test_the_nearest_come_first_with_their_cosines_and_only_those_of_the_project() -> None:
    encoder = an_encoder()
    project, _other = a_seen_project(encoder), a_seen_project(encoder)
    vectors = directions(6)
    n_there = count_searchable(project, encoder, Modality.IMAGE)
    assert n_there == 6
    near = near_ids(
        project=project,
        encoder=encoder,
        modality=Modality.IMAGE,
        vector=list(vectors[2]),
        n_there=n_there,
    )
    images = list(Image.objects.filter(project=project).order_by("pk"))
    cosines = vectors @ vectors[2]
    assert [row for row, _cosine in near] == [images[place].pk for place in np.argsort(-cosines)]
    assert [cosine for _row, cosine in near] == pytest.approx(sorted(cosines, reverse=True), abs=2e-3)


@pytest.mark.django_db
def test_what_left_the_work_is_not_found() -> None:
    encoder = an_encoder()
    project = a_seen_project(encoder)
    gone = Image.objects.filter(project=project).earliest("pk")
    retire_image(image=gone, actor=add_member(project, Role.HEAD), why="It is blurred.")
    for modality in Modality:
        assert count_searchable(project, encoder, modality) == 5
        near = near_ids(
            project=project,
            encoder=encoder,
            modality=modality,
            vector=list(directions(6)[0]),
            n_there=5,
        )
        assert len(near) == 5


@pytest.mark.django_db(transaction=True)
def test_the_index_is_made_once_made_again_when_broken_off_and_finds_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = an_encoder()
    project = a_seen_project(encoder, 40)
    name = index_name(encoder, "image")
    assert index_embeddings(from_rows=1_000) == []
    assert sorted(index_embeddings(from_rows=20)) == [name, index_name(encoder, "text")]
    assert index_embeddings(from_rows=20) == []
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")
    assert index_embeddings(from_rows=20) == [name]

    asked = {
        "project": project,
        "encoder": encoder,
        "modality": Modality.IMAGE,
        "vector": list(directions(1, seed=9)[0]),
        "n_there": 40,
        "most": 10,
    }
    exact = near_ids(**asked)  # type: ignore[arg-type]
    monkeypatch.setattr(searching, "EXACT_UP_TO", 10)
    assert [row for row, _cosine in near_ids(**asked)] == [row for row, _cosine in exact]  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}, {index_name(encoder, 'text')}")


@pytest.mark.django_db
def test_the_encoder_that_saw_the_project_last_is_offered_first() -> None:
    first, second = an_encoder("first"), an_encoder("second")
    project = a_seen_project(first)
    version = CaptionVersion.objects.filter(project=project).latest("pk")
    Similarity.objects.create(
        project=project, encoder=second, image=version.image, version=version, cosine=0.5
    )
    assert searchable_encoders(project) == [second, first]
    assert searchable_encoders(make_project()) == []


def test_words_are_needed_and_not_too_many() -> None:
    assert cleaned_words("  a  dog\n ") == "a dog"
    for wrong in ("  ", "w" * 301):
        with pytest.raises(Invalid):
            cleaned_words(wrong)


@pytest.mark.django_db
def test_words_that_were_encoded_before_are_answered_without_a_worker(client: Client) -> None:
    encoder = an_encoder()
    project = a_seen_project(encoder)
    embed(encoder, Modality.TEXT, [content_hash("a red boat")], directions(1))
    client.force_login(add_member(project, Role.HEAD))
    page = client.get(f"/p/{project.slug}/find/", {"q": " a  red boat "}).content.decode()
    assert "The 6 nearest of 6 images that tiny has seen" in page
    page = client.get(f"/p/{project.slug}/find/", {"q": "a red boat", "find": "captions"}).content.decode()
    assert "The 6 nearest of 6 captions that tiny has read" in page


@pytest.mark.django_db
def test_without_a_worker_the_page_asks_again_and_then_says_so(client: Client) -> None:
    encoder = an_encoder()
    project = a_seen_project(encoder)
    client.force_login(add_member(project, Role.HEAD))
    words = f"never asked before {random.random()}"
    page = client.get(f"/p/{project.slug}/find/", {"q": words}).content.decode()
    assert "reads your words" in page
    assert "hx-get" in page
    assert "asked=" in page
    page = client.get(f"/p/{project.slug}/find/", {"q": words, "asked": "1.0"}).content.decode()
    assert "No model worker answered within three seconds" in page
    assert "asked=" not in page


@pytest.mark.django_db
def test_captions_near_a_picture_are_found_and_a_picture_not_seen_is_named(client: Client) -> None:
    encoder = an_encoder()
    project = a_seen_project(encoder)
    client.force_login(add_member(project, Role.RESEARCHER))
    image = Image.objects.filter(project=project).earliest("pk")
    page = client.get(f"/p/{project.slug}/find/{image.public_id}/").content.decode()
    assert "The 6 nearest of 6 captions" in page
    assert "its own" in page
    unseen = add_image(project)
    page = client.get(f"/p/{project.slug}/find/{unseen.public_id}/").content.decode()
    assert "has not seen this picture" in page
