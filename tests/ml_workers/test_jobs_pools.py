"""From a corpus to candidate pools: the nearest images are found, and their captions go in once, with provenance."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from shutil import rmtree

import numpy as np
import pyarrow as pa
import pytest
import webdataset
from django.conf import settings
from pyarrow import parquet

from annotation.importing.pooling import PoolCaption, PoolSource, add_pool_captions
from annotation.machine.corpora.neighbours import images_to_search, kept_hashes, kept_json, picture_features
from annotation.machine.corpora.pool_clusters import ask_for_clusters, completed_clusters
from annotation.machine.corpora.pool_requests import ask_for_neighbours, ask_for_pools, completed_neighbours
from annotation.machine.corpora.pools_showing import shown_clusters
from annotation.models import Caption, CaptionVersion, Encoder, NeighbourFileKind
from ml_workers.corpora.layout import open_corpus
from ml_workers.corpora.pieces import blocks_to_compute, features_of_rows, pictures_of, pieces_to_search
from ml_workers.corpora.rows import CorpusRefused
from ml_workers.pools.counts import proposals, threshold_counts
from ml_workers.runners.neighbours import PICTURES, NeighboursRunner, planned
from polyannot.kernel.errors import Invalid, Missing
from projects.models import Job, Project
from projects.models.jobs import JobState
from projects.queue import enqueue
from tests import factories as make
from tests.live import LiveProgram
from tests.ml_workers.working import ended

MODEL = "shipped:lite0"
# Columns of its features.
WIDTH = 384
COLOURS = [(230, 20, 20), (20, 230, 20), (20, 20, 230), (230, 230, 20)]


@pytest.fixture
def corpus_folder() -> Iterator[Path]:
    """A folder of this server's corpora, gone after the test."""
    folder = settings.CORPORA_DIR / f"corpus-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    yield folder
    rmtree(folder)


def write_archives(folder: Path, n_shards: int = 2, *, broken: bool = True) -> None:
    """Write shards of coloured pictures; in the first one a picture is broken and a caption is missing."""
    for shard in range(n_shards):
        with webdataset.TarWriter(str(folder / f"{shard:05d}.tar")) as target:
            for place, colour in enumerate(COLOURS):
                red, green, blue = (min(255, part + 3 * shard) for part in colour)
                spoiled = broken and shard == 0
                content = make.picture_bytes((red, green, blue))
                target.write(
                    {
                        "__key__": f"{shard}-{place}",
                        "jpg": content[:200] if spoiled and place == 3 else content,
                        "txt": "" if spoiled and place == 2 else f"colour {place} of shard {shard}",
                        "json": {"url": f"https://example.org/{shard}/{place}"},
                    }
                )


def searched(project: Project, folder: Path, **parameters: object) -> Job:
    job = ask_for_neighbours(
        project=project, actor=None, parameters={"corpus": folder.name, "encoder": MODEL, **parameters}
    )
    return ended(job)


def filled(search: Job, threshold: float) -> Job:
    assert search.project is not None
    return ended(
        ask_for_pools(project=search.project, actor=None, search=str(search.public_id), threshold=threshold)
    )


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_pictures_of_an_archive_are_embedded_and_their_captions_enter_once_with_provenance(
    live_workers: Mapping[str, LiveProgram], corpus_folder: Path
) -> None:
    write_archives(corpus_folder)
    (corpus_folder / "corpus.json").write_text(json.dumps({"name": "Colours", "licence": "CC0"}))
    project = make.make_project()
    images = [make.add_image(project, content=make.picture_bytes(colour)) for colour in COLOURS[:2]]
    search = searched(project, corpus_folder, radius=5)
    assert (search.state, search.error) == (JobState.DONE, "")
    assert search.result == {"search": {"images": 2, "rows": 8, "neighbours": 10}}
    assert [failure.item for failure in search.failures.all()] == ["00000.tar, sample 4"]
    assert not Caption.objects.filter(project=project).exists()
    assert set(kept_hashes(search, NeighbourFileKind.MERGED)) == {0}
    assert not kept_hashes(search, NeighbourFileKind.PART)
    assert not kept_hashes(search, NeighbourFileKind.FEATURES)
    told = kept_json(search, NeighbourFileKind.SUMMARY)
    assert (told["index"], told["recall"]) == ("exact", None)
    assert told["thresholds"][0]["pairs"] == 10

    job = filled(search, -1.0)
    assert (job.state, job.error) == (JobState.DONE, "")
    captions = Caption.objects.filter(project=project).order_by("image_id", "neighbour_rank")
    assert job.result == {"captions": {"added": captions.count()}}
    nearest = captions.get(image=images[0], neighbour_rank=1)
    assert (nearest.verbatim, nearest.source, nearest.licence) == ("colour 0 of shard 0", "Colours", "CC0")
    assert nearest.source_key.endswith("0-0")
    assert nearest.source_url == "https://example.org/0/0"
    assert nearest.neighbour_similarity == pytest.approx(1.0, abs=0.01)
    assert nearest.neighbour_encoder == MODEL
    assert nearest.imported_by == job
    assert CaptionVersion.objects.get(caption=nearest).text == "colour 0 of shard 0"
    assert [failure.reason for failure in job.failures.all()] == ["There is no caption."]

    again = filled(search, -1.0)
    assert again.result == {"captions": {"added": 0}}
    assert captions.count() == job.result["captions"]["added"]


def write_features(folder: Path, features: np.ndarray, *, files: int) -> None:
    """Write a clip-retrieval folder with these features over several files."""
    for number, part in enumerate(np.array_split(np.arange(len(features)), files)):
        np.save(folder / f"img_emb_{number}.npy", features[part].astype(np.float16))
        captions = [f"caption of row {row}" for row in part]
        urls = [f"https://example.org/{row}" for row in part]
        parquet.write_table(
            pa.table({"caption": captions, "url": urls}), folder / f"metadata_{number}.parquet"
        )


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_given_features_are_searched_by_lists_with_a_recall_that_has_its_n(
    live_workers: Mapping[str, LiveProgram], corpus_folder: Path
) -> None:
    chance = np.random.default_rng(4)
    features = chance.normal(size=(900, 128))
    project = make.make_project()
    for colour in COLOURS:
        make.add_image(project, content=make.picture_bytes(colour))
    write_features(corpus_folder, features, files=3)
    refused = searched(project, corpus_folder, radius=20)
    if refused.state == JobState.FAILED:
        width = int(refused.error.split(", not ")[1].split(":")[0])
        assert f"have 128 columns, not {width}: they are of another encoder" in refused.error
        write_features(corpus_folder, chance.normal(size=(900, width)), files=3)
    search = searched(project, corpus_folder, radius=20, index="lists", probes=2, recall_images=3)
    assert (search.state, search.error) == (JobState.DONE, "")
    measured = search.result["recall"]
    assert (measured["images"], measured["asked"]) == (3, 60)
    assert 0 < measured["found"] < 60
    exact = searched(project, corpus_folder, radius=20, index="exact")
    threshold = kept_json(exact, NeighbourFileKind.SUMMARY)["thresholds"][-3]
    job = filled(exact, threshold["threshold"])
    assert job.result == {"captions": {"added": threshold["pairs"]}}
    caption = Caption.objects.filter(project=project).order_by("pk").first()
    assert caption is not None
    row = int(caption.verbatim.rpartition(" ")[2])
    assert caption.source_key == f"metadata_{row // 300}.parquet#{row % 300}"


@pytest.mark.django_db
def test_a_picture_that_images_share_is_embedded_once_and_every_image_is_searched_for(
    corpus_folder: Path,
) -> None:
    write_features(corpus_folder, np.eye(9, WIDTH), files=1)
    project = make.make_project()
    images = [
        make.add_image(project, content=make.picture_bytes(COLOURS[place])).pk for place in (0, 1, 0, 2, 1)
    ]
    asked = completed_neighbours({"corpus": corpus_folder.name, "encoder": MODEL})
    job = Job.objects.create(
        project=project, kind="neighbours", queue="gpu", fingerprint=uuid.uuid4().hex, parameters=asked
    )
    embedded = [list(chunk.items) for chunk in NeighboursRunner().plan(job) if chunk.phase == PICTURES]
    assert embedded == [[images[0], images[1], images[3]]]
    assert planned(job)[1] == images


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_captions_of_the_cluster_of_each_image_come_in_and_others_do_not(
    live_workers: Mapping[str, LiveProgram], corpus_folder: Path
) -> None:
    project = make.make_project()
    for colour in COLOURS[:2]:
        make.add_image(project, content=make.picture_bytes(colour))
    chance = np.random.default_rng(8)
    write_features(corpus_folder, chance.normal(size=(9, WIDTH)), files=1)
    near_images = pictures_of_project(searched(project, corpus_folder, radius=9))
    # Twelve rows about each image, and eight that are near to nothing.
    groups = np.repeat(near_images, 12, axis=0) + 0.002 * chance.normal(size=(24, WIDTH))
    write_features(corpus_folder, np.vstack([groups, chance.normal(size=(8, WIDTH))]), files=1)
    search = searched(project, corpus_folder, radius=32)
    parameters = {"search": str(search.public_id), "space": "features", "min_cluster_size": 6}
    clusters = ended(ask_for_clusters(project=project, actor=None, parameters=parameters))
    assert (clusters.state, clusters.error) == (JobState.DONE, "")
    assert clusters.result == {"clusters": {"images": 2, "in_a_cluster": 2, "captions": 24}}
    assert clusters.seed == project.seed
    assert set(kept_hashes(clusters, NeighbourFileKind.MERGED)) == {0}
    assert not kept_hashes(clusters, NeighbourFileKind.PART)
    told = shown_clusters(clusters)
    assert (told.sizes, told.thresholds[0].pairs, told.neighbours) == ([12, 12, 12], 24, 64)
    assert told.cosine_inside is not None
    assert told.cosine_outside is not None
    assert told.cosine_inside > told.cosine_outside

    asked = {"search": str(search.public_id), "threshold": -1, "clusters": str(clusters.public_id)}
    job = ended(enqueue(kind="pools", project=project, parameters=asked, asked_by=None))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"captions": {"added": 24}}
    for place, image in enumerate(project.images.order_by("position")):
        rows = {int(text.rpartition(" ")[2]) for text in image.captions.values_list("verbatim", flat=True)}
        assert rows == set(range(12 * place, 12 * place + 12))
    with pytest.raises(Invalid, match="another search"):
        ask_for_pools(
            project=project,
            actor=None,
            search=str(searched(project, corpus_folder, radius=2).public_id),
            threshold=0.5,
            clusters=str(clusters.public_id),
        )


def pictures_of_project(search: Job) -> np.ndarray:
    """The features of the pictures of a project, which a search has embedded."""
    assert search.project is not None
    encoder = Encoder.objects.get(name=MODEL)
    return picture_features(encoder.pk, images_to_search(search.project), WIDTH)[0]


def a_job(project: Project) -> Job:
    return Job.objects.create(project=project, kind="pools", queue="cpu", fingerprint=uuid.uuid4().hex)


@pytest.mark.django_db(transaction=True)
def test_of_equal_texts_the_nearest_is_taken_and_what_is_there_stays() -> None:
    project = make.make_project()
    image = make.add_image(project, key="heron")
    source = PoolSource("CC3M", "", "model")
    rows = [
        PoolCaption(image.pk, "A  heron <PERSON>", "https://example.org/a", "a", 0.5, 9),
        PoolCaption(image.pk, "A heron <person>", "ftp://example.org/b", "b", 0.7, 2),
        PoolCaption(image.pk, "x" * 1001, "", "c", 0.6, 3),
        PoolCaption(image.pk, " \t ", "", "d", 0.6, 4),
    ]
    refused = add_pool_captions(job=a_job(project), project=project, source=source, captions=rows)
    assert [row for row, _reason in refused] == ["c", "d"]
    caption = Caption.objects.get(image=image)
    assert (caption.verbatim, caption.source_key, caption.source_url) == ("A heron <person>", "b", "")
    assert (caption.neighbour_similarity, caption.neighbour_rank) == (0.7, 2)
    assert caption.pool_rank > 0
    better = PoolCaption(image.pk, "A heron <person>", "https://example.org/e", "e", 0.9, 1)
    assert not add_pool_captions(job=a_job(project), project=project, source=source, captions=[better])
    assert Caption.objects.get(image=image).source_key == "b"
    assert CaptionVersion.objects.filter(image=image).count() == 1


@pytest.mark.django_db
def test_a_table_of_captions_with_the_same_text_is_already_there() -> None:
    project = make.make_project()
    image = make.add_image(project, key="heron")
    add_pool_captions(
        job=a_job(project),
        project=project,
        source=PoolSource("CC3M", "", "model"),
        captions=[PoolCaption(image.pk, "A heron", "", "1", 0.5, 1)],
    )
    key = Caption.objects.get(image=image).key
    assert key.startswith("heron-")
    assert len(key) == len("heron-") + 12


@pytest.mark.django_db
def test_what_cannot_be_searched_is_refused_with_the_reason(corpus_folder: Path) -> None:
    for parameters, reason in (
        ({"corpus": "../etc"}, "no corpus"),
        ({"corpus": corpus_folder.name, "radius": 0}, "radius is a whole number"),
        ({"corpus": corpus_folder.name, "index": "fast"}, "auto, exact, lists"),
        ({"corpus": corpus_folder.name, "colour": 1}, "takes the parameters"),
    ):
        with pytest.raises(Invalid, match=reason):
            completed_neighbours(parameters)
    for wrong, reason in (
        ({"min_cluster_size": 1}, "min_cluster_size is a whole number from 2"),
        ({"space": "circle"}, "plane, features"),
        ({"epsilon": 1}, "takes the parameters"),
        ({"cluster_selection_epsilon": "nan"}, "cluster_selection_epsilon is a number from 0 to 100"),
    ):
        with pytest.raises(Invalid, match=reason):
            completed_clusters(wrong)
    with pytest.raises(Missing):
        ask_for_pools(project=make.make_project(), actor=None, search="nothing", threshold=0.5)


def test_a_block_of_pictures_keeps_the_places_of_its_samples(tmp_path: Path) -> None:
    write_archives(tmp_path)
    corpus = open_corpus(tmp_path)
    assert [(block.shard, block.start, block.stop, block.first) for block in blocks_to_compute(corpus)] == [
        (0, 0, 4, 0),
        (1, 0, 4, 4),
    ]
    encode: Callable[..., np.ndarray] = lambda pictures: np.array(  # noqa: E731
        [[float(np.asarray(one)[0, 0, 0]), 1.0] for one in pictures]
    )
    features, failed = pictures_of(corpus, blocks_to_compute(corpus)[0], encode, 2, 10**6)
    assert [item for item, _reason in failed] == ["00000.tar, sample 4"]
    assert features[3].tolist() == [0.0, 0.0]
    assert features[0, 0] > 200 > 60 > features[1, 0]
    assert len(pictures_of(corpus, blocks_to_compute(corpus)[1], encode, 2, 1)[1]) == 4
    assert [len(piece) for piece in pieces_to_search(corpus)] == [2]
    some, failed = pictures_of(corpus, blocks_to_compute(corpus)[0], encode, 2, 10**6, {1})
    assert (some[[0, 2, 3]].tolist(), some[1].tolist(), failed) == (
        [[0.0, 0.0]] * 3,
        features[1].tolist(),
        [],
    )


def test_features_of_rows_are_the_given_ones_and_the_computed_ones_in_the_order_asked(tmp_path: Path) -> None:
    write_archives(tmp_path, 3, broken=False)
    numbers = np.arange(12, dtype=np.float16)[:, None] + np.array([0, 0.5], dtype=np.float16)
    np.save(tmp_path / "00001.features.npy", numbers[4:8])
    corpus = open_corpus(tmp_path)
    assert [block.first for block in blocks_to_compute(corpus)] == [0, 8]

    def computed(block: int) -> Path:
        path = tmp_path / f"block-{block}"
        with path.open("wb") as target:
            np.save(target, numbers[8 * block : 8 * block + 4])
        return path

    rows = [11, 5, 0, 4, 3]
    assert features_of_rows(corpus, rows, computed).tolist() == numbers[rows].tolist()
    assert features_of_rows(corpus, [7, 4]).tolist() == numbers[[7, 4]].tolist()
    with pytest.raises(CorpusRefused, match="lost features"):
        features_of_rows(corpus, rows)


def test_counts_say_what_each_threshold_brings() -> None:
    cosines = np.array([[0.904, 0.755, 0.5], [0.8, 0.75, -np.inf]], dtype=np.float32)
    counts = {one.threshold: one for one in threshold_counts(cosines)}
    assert set(counts) == {round(0.5 + step / 100, 2) for step in range(41)}
    assert (counts[0.5].pairs, counts[0.5].lowest, counts[0.5].median, counts[0.5].highest) == (5, 2, 2.5, 3)
    assert (counts[0.75].pairs, counts[0.9].pairs, counts[0.9].lowest) == (4, 1, 0)
    assert threshold_counts(np.full((2, 3), -np.inf, dtype=np.float32)) == []
    found = proposals(np.tile(np.linspace(0.9, 0.4, 100, dtype=np.float32), (3, 1)), 1000)
    assert [(one.rank, one.percentile) for one in found] == [(50, 95.0), (100, 90.0)]
    assert found[0].threshold == pytest.approx(0.65)
