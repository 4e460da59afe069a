"""Words that somebody looks for, encoded by a real model worker of the interactive queue."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from django.test import Client

from annotation.machine.ml_requests import ask_for_similarities
from annotation.machine.search.searching import ask_for_words, vector_of_words
from annotation.models import CaptionVersion, Embedding, Encoder, Image
from projects.models import Role
from tests.factories import add_member
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]


def test_a_worker_encodes_the_words_once_and_the_page_finds_by_them(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path, client: Client
) -> None:
    project = a_pool(4, 2)
    ended(ask_for_similarities(project=project, actor=None, encoders=[tiny_clip(tmp_path, 1)]))
    encoder = Encoder.objects.get()
    client.force_login(add_member(project, Role.RESEARCHER))

    asked = {"q": "two coloured squares"}
    page = client.get(f"/p/{project.slug}/find/", asked).content.decode()
    deadline = time.monotonic() + 30
    while "reads your words" in page and time.monotonic() < deadline:
        page = client.get(
            f"/p/{project.slug}/find/", {**asked, "asked": f"{time.time():.2f}"}
        ).content.decode()
    assert f"nearest of {Image.objects.count()} images" in page

    words = vector_of_words(encoder, "two coloured squares")
    assert words is not None
    assert np.linalg.norm(words) == pytest.approx(1.0, abs=1e-3)
    n_texts = Embedding.objects.filter(modality="text").count()
    known = CaptionVersion.objects.earliest("pk").text
    assert ask_for_words(encoder, known)
    assert vector_of_words(encoder, known) is not None, "a caption is words that were read already"
    assert Embedding.objects.filter(modality="text").count() == n_texts
