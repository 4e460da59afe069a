"""Workers killed in a search of a corpus, its clusters, a filling and a cleaning: all is as it would have been."""

import random
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import webdataset
from django.conf import settings

from annotation.captions.cleaning import ask_for_cleaning
from annotation.importing.pooling import PoolCaption, PoolSource, add_pool_captions
from annotation.machine.corpora.neighbours import kept_hashes, kept_json
from annotation.machine.corpora.pool_clusters import ask_for_clusters
from annotation.machine.corpora.pool_requests import ask_for_neighbours, ask_for_pools
from annotation.models import Caption, CaptionVersion, CleaningItem, Embedding, NeighbourFileKind
from projects.models import Job, Project
from tests import factories as make
from tests.faults.killing import Assassin, ended
from tests.live import LiveProgram

pytestmark = [pytest.mark.faults, pytest.mark.models, pytest.mark.django_db(transaction=True)]

MODEL = "shipped:lite0"
IMAGES, SHARDS, PER_SHARD = 3, 6, 12


@pytest.fixture
def corpus() -> Iterator[Path]:
    """A corpus of archives without features: its pictures are embedded part by part."""
    folder = settings.CORPORA_DIR / f"corpus-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    chance = random.Random(3)
    for shard in range(SHARDS):
        with webdataset.TarWriter(str(folder / f"{shard:05d}.tar")) as target:
            for place in range(PER_SHARD):
                colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
                target.write(
                    {
                        "__key__": f"{shard}-{place}",
                        "jpg": make.picture_bytes(colour),
                        "txt": f"A square number {place} of shard {shard} with its own colour",
                    }
                )
    yield folder
    rmtree(folder)


def a_project() -> Project:
    """Return a project whose images have the same keys and pictures each time."""
    project = make.make_project(seed=7)
    for number in range(IMAGES):
        make.add_image(project, f"image-{number}", content=make.picture_bytes((90 * number, 120, 200)))
    return project


def search(project: Project, corpus: Path) -> Job:
    return ask_for_neighbours(
        project=project,
        actor=None,
        parameters={"corpus": corpus.name, "encoder": MODEL, "radius": SHARDS * PER_SHARD},
    )


def found(job: Job) -> tuple[Any, ...]:
    """Return what a search left: the content of its neighbours, and what it told."""
    told = kept_json(job, NeighbourFileKind.SUMMARY)
    return kept_hashes(job, NeighbourFileKind.MERGED), told, job.result, Embedding.objects.count()


def cluster(search: Job) -> Job:
    """Ask for clusters of a search whose corpus has no features: its pictures are embedded part by part."""
    assert search.project is not None
    parameters = {
        "search": str(search.public_id),
        "min_cluster_size": 3,
        "min_samples": 2,
        "cluster_selection_epsilon": 0.2,
    }
    return ask_for_clusters(project=search.project, actor=None, parameters=parameters)


def clustered(job: Job) -> tuple[Any, ...]:
    """Return what clusters left: the content of their table, what it told, and that no part of it stayed."""
    told = kept_json(job, NeighbourFileKind.SUMMARY)
    parts = [kept_hashes(job, kind) for kind in (NeighbourFileKind.PART, NeighbourFileKind.FEATURES)]
    return kept_hashes(job, NeighbourFileKind.MERGED), told, job.result, parts


def fill(job: Job) -> Job:
    assert job.project is not None
    return ask_for_pools(project=job.project, actor=None, search=str(job.public_id), threshold=-1.0)


def pool(project: Project) -> list[tuple[Any, ...]]:
    """Return what came into the pools, with its provenance."""
    rows = Caption.objects.filter(project=project).order_by("key")
    return list(
        rows.values_list(
            "key", "verbatim", "source_key", "neighbour_similarity", "neighbour_rank", "pool_rank"
        )
    )


def a_dirty_pool(n_captions: int) -> Project:
    """Return a project with captions to repair and to drop in each pool."""
    project = a_project()
    job = Job.objects.create(project=project, kind="pools", queue="cpu", fingerprint=uuid.uuid4().hex)
    ends = (" | Flickr", "", " #tag", "")
    for image in project.images.order_by("pk"):
        rows = [
            PoolCaption(
                image.pk,
                f"Boat {n} lies at pier {n // 5} of the harbour{ends[n % 4]}" if n % 7 else f"Boat {n}",
                "https://example.org/page",
                str(n),
                0.5,
                n + 1,
            )
            for n in range(n_captions)
        ]
        add_pool_captions(job=job, project=project, source=PoolSource("web", "", "none"), captions=rows)
    return project


def cleaned(project: Project) -> list[tuple[Any, ...]]:
    """Return every caption with the text that annotators are given, why it is out, and what was noted."""
    items = {
        caption: (outcome, step, reason, sorted(repairs), hold)
        for caption, outcome, step, reason, repairs, hold in CleaningItem.objects.filter(
            project=project
        ).values_list("caption", "outcome", "step", "reason", "changed_by", "hold")
    }
    bases = CaptionVersion.objects.filter(project=project, state="base").order_by("caption__key")
    return [
        (key, text, dropped, items.get(caption))
        for key, text, dropped, caption in bases.values_list(
            "caption__key", "text", "caption__drop_reason", "caption"
        )
    ]


def clean(project: Project) -> Job:
    return ask_for_cleaning(project=project, actor=None, parameters={"sources": "*"})


def play(assassin: Assassin, corpus: Path, *, rounds: int, n_captions: int) -> None:
    """Run each job undisturbed, then disturbed in projects of the same content, and compare."""
    undisturbed = ended(search(a_project(), corpus))
    expected = found(undisturbed)
    assert undisturbed.project is not None
    ended(fill(undisturbed))
    expected_pool = pool(undisturbed.project)
    assert len(expected_pool) == IMAGES * SHARDS * PER_SHARD
    dirty = a_dirty_pool(n_captions)
    ended(clean(dirty))
    expected_texts = cleaned(dirty)
    assert CleaningItem.objects.filter(project=dirty).values("outcome").distinct().count() == 2
    for _round in range(rounds):
        project = a_project()
        Embedding.objects.all().delete()
        disturbed = assassin.disturb(search(project, corpus), longest=2.0)
        assert found(disturbed) == expected
        assassin.disturb(fill(disturbed), longest=0.5)
        assert pool(project) == expected_pool
        again = a_dirty_pool(n_captions)
        assassin.disturb(clean(again), longest=1.0)
        assert cleaned(again) == expected_texts


def test_a_search_a_filling_and_a_cleaning_end_as_undisturbed_though_their_worker_was_killed(
    live_workers: Mapping[str, LiveProgram], corpus: Path
) -> None:
    play(Assassin(live_workers["ml"], most=2, whole=False), corpus, rounds=1, n_captions=800)


@pytest.mark.soak
def test_the_same_at_many_points_and_with_whole_workers_killed(
    live_workers: Mapping[str, LiveProgram], corpus: Path
) -> None:
    play(Assassin(live_workers["ml"], most=8, whole=True), corpus, rounds=8, n_captions=3_000)


@pytest.mark.soak
def test_clusters_end_as_undisturbed_though_their_worker_was_killed_at_many_points(
    live_workers: Mapping[str, LiveProgram], corpus: Path
) -> None:
    searched = ended(search(a_project(), corpus))
    undisturbed = ended(cluster(searched))
    expected = clustered(undisturbed)
    assert undisturbed.result["clusters"]["in_a_cluster"] > 0
    assassin = Assassin(live_workers["ml"], most=6, whole=True)
    for _round in range(3):
        assert clustered(assassin.disturb(cluster(searched), longest=2.0)) == expected
