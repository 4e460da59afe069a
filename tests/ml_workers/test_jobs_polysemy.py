"""A project beside a corpus on a real model worker with a shipped encoder, drawn by a real default worker."""

import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
from django.conf import settings
from django.test import Client

from annotation.machine.corpora.drawing_polysemy import draw_polysemy
from annotation.machine.corpora.polysemy import ask_for_polysemy, completed_polysemy
from annotation.machine.drawings import DRAWING
from annotation.models import CaptionVersion, MachineDrawing, MachineReport
from measures.bert_score import co_caption_bert_scores
from ml_workers.loading import registered, registered_image_encoder
from ml_workers.runners.polysemy import PolysemyRunner
from ml_workers.runners.polysemy_captions import token_layer
from ml_workers.sentences import SentenceEncoder
from polyannot.kernel.errors import Invalid
from projects.models import Job, Role
from projects.models.jobs import JobState
from tests.factories import add_member, make_project
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
    live_workers: Mapping[str, LiveProgram], corpus_folder: Path, client: Client
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
    assert told["tokens"]["encoder"] == "sentence:minilm-l6"
    assert (told["tokens"]["layer"], told["tokens"]["layers"]) == (6, 6)
    for whose in ("project", "corpus"):
        scores, cosines = told["bert_scores"][whose]["spread"], told["co_captions"][whose]["spread"]
        assert (scores["n"], scores["n_images"]) == (cosines["n"], cosines["n_images"]), "of the same pairs"
    versions = CaptionVersion.objects.filter(project=project).order_by("image_id", "pk")
    by_image: dict[int, list[str]] = {}
    for version in versions:
        by_image.setdefault(version.image_id, []).append(version.text)
    tokens = [SentenceEncoder().encode_tokens(texts, layer=6) for texts in by_image.values()]
    alone = np.concatenate([co_caption_bert_scores(of_image) for of_image in tokens])
    assert told["bert_scores"]["project"]["spread"]["mean"] == pytest.approx(alone.mean(), abs=1e-4)
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
    assert list(names) == ["image-cosine", "geodesic", "co-captions", "bert-scores", "pairs"]
    see_reports_with_and_without_bert_score(client, MachineReport.objects.get(job=job))


def see_reports_with_and_without_bert_score(client: Client, report: MachineReport) -> None:
    """Look at the page and the CSV of a report; of one whose encoder has no tokens; of one from before BERTScore."""
    client.force_login(add_member(report.project, Role.RESEARCHER))
    address = f"/p/{report.project.slug}/difficulty/polysemy/"

    def seen() -> tuple[str, str]:
        page, table = client.get(address), client.get(f"{address}figures.csv")
        assert (page.status_code, table.status_code) == (200, 200)
        return page.content.decode(), b"".join(table.streaming_content).decode()  # type: ignore[attr-defined]

    page, table = seen()
    assert "sentence:minilm-l6, layer 6 of 6" in page
    assert "Captions of one image, BERTScore" in page
    assert "bert_scores,project,,mean," in table
    report.figures["tokens"] |= {"layer": None, "layers": None}
    report.save()
    page, table = seen()
    assert "none: sentence:minilm-l6 gives no states of its tokens" in page
    assert "bert_scores" not in table
    del report.figures["tokens"], report.figures["bert_scores"]
    report.save()
    page, table = seen()
    assert "none: this comparison is from before it was computed" in page
    assert "Captions of one image, BERTScore" not in page
    assert "co_captions,project,,mean," in table
    assert [one.name for one in draw_polysemy(report.job)][2:] == ["co-captions", "pairs"]


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


def test_an_encoder_without_token_states_is_told_and_a_layer_that_is_not_there_refused() -> None:
    assert token_layer(Job(parameters={"sentences": MODEL}))["layer"] is None
    asked = {"sentences": "sentence:minilm-l6"}
    assert token_layer(Job(parameters={**asked, "token_layer": 3}))["layer"] == 3
    with pytest.raises(Invalid, match="has 6 layers and BERTScore was asked for at layer 7"):
        token_layer(Job(parameters={**asked, "token_layer": 7}))
