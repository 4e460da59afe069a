"""A project beside a corpus on a real model worker with a shipped encoder, drawn by a real default worker."""

import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
from django.conf import settings

from annotation.machine.corpora.polysemy import ask_for_polysemy, completed_polysemy
from annotation.machine.drawings import DRAWING
from annotation.models import CaptionVersion, MachineDrawing, MachineReport
from ml_workers.loading import registered, registered_image_encoder
from ml_workers.runners.polysemy import PolysemyRunner
from polyannot.kernel.errors import Invalid
from projects.models import Job
from projects.models.jobs import JobState
from tests.factories import make_project
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended, find_good

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]
MODEL, LOOKS = "shipped:lite0", "image:lite0"


@pytest.fixture
def corpus_folder() -> Iterator[Path]:
    """A folder of this server's corpora, gone after the test."""
    folder = settings.CORPORA_DIR / f"corpus-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    yield folder
    rmtree(folder)


def write_corpus(folder: Path, dimension: int, n_rows: int = 60) -> None:
    """Write captions, two of each picture, with features of this dimension."""
    lines = [f"words of row {row}\thttps://example.org/{row // 2}" for row in range(n_rows)]
    (folder / "rows.tsv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    features = np.random.default_rng(0).normal(size=(n_rows, dimension))
    np.save(folder / "rows.features.npy", features.astype(np.float16))


def test_both_sets_have_curves_densities_and_drawings_with_their_n(
    live_workers: Mapping[str, LiveProgram], corpus_folder: Path
) -> None:
    project = a_pool(3, 4)
    find_good(list(CaptionVersion.objects.filter(project=project)))
    write_corpus(corpus_folder, registered(MODEL)[0].dimension)
    looks = np.random.default_rng(1).normal(size=(60, registered_image_encoder(LOOKS)[0].dimension))
    np.save(corpus_folder / "rows.looks.npy", looks.astype(np.float16))
    (corpus_folder / "corpus.json").write_text(
        json.dumps({"encoder": MODEL, "features": {LOOKS: ".looks.npy"}}), encoding="utf-8"
    )
    asked = {
        "corpus": corpus_folder.name,
        "encoder": MODEL,
        "image_encoder": LOOKS,
        "queries": 6,
        "sampled_pairs": 10,
    }
    job = ended(ask_for_polysemy(project=project, actor=None, parameters=asked))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"polysemy": {"images": 3, "pairs": 12, "corpus_images": 6}}
    told = MachineReport.objects.get(job=job).figures
    here, there = told["curves"]["project"], told["curves"]["corpus"]
    assert [(row["radius"], row["geodesic_n"]) for row in here][:2] == [(1, 3), (5, 0)]
    assert [(row["radius"], row["geodesic_n"]) for row in there][:4] == [(1, 6), (5, 6), (10, 6), (25, 6)]
    assert there[0]["image_cosine"] is None
    assert there[1]["image_cosine"] > there[3]["image_cosine"], "farther images come in as the radius grows"
    assert told["pairs"]["project"]["spread"]["n"] == 12
    assert told["pairs"]["corpus"]["spread"]["n"] == 10
    assert told["co_captions"]["project"]["spread"]["n"] == 18
    same = np.unique(np.arange(60) // 2, return_index=True)[1]
    units = looks[same] / np.linalg.norm(looks[same], axis=1, keepdims=True)
    nearest = np.sort(units @ units.T, axis=1)[:, -5:-1]
    assert nearest.min() < there[1]["image_cosine"] < nearest.max() + 0.01, (
        "the encoder of images says what is near"
    )
    pictures = told["co_captions"]["corpus"]["spread"]
    assert pictures["n"] == pictures["n_images"] > 0, "two captions of a picture make one pair"
    drawing = Job.objects.get(kind=DRAWING, parameters__job=str(job.public_id))
    assert ended(drawing).error == ""
    names = MachineDrawing.objects.filter(job=job).values_list("name", flat=True)
    assert list(names) == ["image-cosine", "geodesic", "co-captions", "pairs"]


def test_a_corpus_without_features_or_of_another_encoder_is_refused(corpus_folder: Path) -> None:
    project = make_project()
    write_corpus(corpus_folder, 8)
    asked = {"corpus": corpus_folder.name, "encoder": MODEL}
    with pytest.raises(Invalid, match="At least 2 images with good captions"):
        PolysemyRunner().plan(Job(project=project, parameters=asked))
    (corpus_folder / "corpus.json").write_text('{"encoder": "another"}', encoding="utf-8")
    with pytest.raises(Invalid, match="are of another, not of"):
        PolysemyRunner().plan(Job(project=project, parameters=asked))
    (corpus_folder / "corpus.json").write_text(json.dumps({"features": [LOOKS]}), encoding="utf-8")
    with pytest.raises(Invalid, match="names the ending of a file by encoder"):
        PolysemyRunner().plan(Job(project=project, parameters=asked))
    with pytest.raises(Invalid, match="image:lite0 knows images only"):
        completed_polysemy({**asked, "encoder": LOOKS})
