"""The order of a pool: seeded, spread, and never changed once somebody has seen a part of it."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.machine.corpora.pool_ranks import images_not_shown, pool_captions, write_pool_ranks
from annotation.machine.ml_requests import ask_for_pool_ranking
from annotation.models import Caption, Image
from ml_workers.pools.order import pool_order
from projects.models.jobs import JobState
from tests import factories as make
from tests.live import LiveProgram
from tests.ml_workers.working import ended


def features(n: int, seed: int, d: int = 8) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@given(n=st.integers(0, 40), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_an_order_holds_every_caption_once_and_the_same_seed_gives_the_same(n: int, seed: int) -> None:
    rows = features(n, seed)
    order = pool_order(rows, seed=seed)
    assert sorted(order) == list(range(n))
    assert order == pool_order(rows, seed=seed)


def test_the_beginning_of_an_order_is_spread_over_the_pool() -> None:
    clusters = np.repeat(np.eye(6), 30, axis=0)
    for seed in range(20):
        first = pool_order(clusters, seed=seed)[:6]
        assert {place // 30 for place in first} == set(range(6))
    assert len({pool_order(clusters, seed=seed)[0] for seed in range(20)}) > 10


def test_each_next_caption_is_the_farthest_from_those_before_it() -> None:
    rows = features(30, 5)
    order = pool_order(rows, seed=5)
    cosines = rows @ rows.T
    for step in range(1, 29):
        nearest = {place: cosines[place, order[:step]].max() for place in order[step:]}
        assert nearest[order[step]] <= min(nearest.values()) + 1e-5


@pytest.mark.django_db
def test_a_pool_of_which_somebody_was_shown_a_part_keeps_its_order() -> None:
    project = make.make_project()
    images = [make.add_image(project) for _number in range(3)]
    for image in images:
        for rank in range(3):
            make.add_caption(image, key=f"{image.pk}-{rank}", pool_rank=rank)
    batch = make.make_batch(project, images[:2])
    make.claim(batch, make.add_member(project))
    assert images_not_shown(project) == [images[1].pk, images[2].pk]
    pools = pool_captions([image.pk for image in images])
    assert write_pool_ranks({image: versions[::-1] for image, versions in pools.items()}) == 2
    ranks = {image.pk: ranks_of(image) for image in images}
    assert ranks == {images[0].pk: [0, 1, 2], images[1].pk: [2, 1, 0], images[2].pk: [2, 1, 0]}


def ranks_of(image: Image) -> list[int]:
    return list(Caption.objects.filter(image=image).order_by("pk").values_list("pool_rank", flat=True))


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_a_worker_ranks_a_pool_so_that_its_beginning_differs(live_workers: Mapping[str, LiveProgram]) -> None:
    project = make.make_project()
    image = make.add_image(project)
    alike = [f"A cat sleeps on the {colour} sofa" for colour in ("red", "blue", "green", "grey")]
    others = ["Rain on the harbour at night", "Two children build a sandcastle", "An old tractor in a barn"]
    for text in [*alike, *others]:
        make.add_caption(image, text, pool_rank=1000)
    job = ended(ask_for_pool_ranking(project=project, actor=None, parameters={}, seed=3))
    assert (job.state, job.error, job.result) == (JobState.DONE, "", {"images": 1})
    first = Caption.objects.filter(image=image).order_by("pool_rank").values_list("verbatim", flat=True)[:4]
    assert sum(text in alike for text in first) == 1
    assert sorted(ranks_of(image)) == list(range(7))
