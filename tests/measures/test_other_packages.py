"""Retrieval and telling pairs apart as other packages compute them, over drawn scores and over spiteful ones."""

from collections.abc import Callable

import numpy as np
import pytest
import pytrec_eval
import torch
from eccv_caption._metrics import compute_eccv_metrics, compute_r_at_k
from numpy.typing import NDArray

from measures import binary, ranking
from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before torchmetrics, which loads torchvision

from torchmetrics.functional import classification, retrieval  # isort: skip

pytestmark = pytest.mark.models

Scores = NDArray[np.float64]
N_QUERIES, N_ITEMS = 40, 60


def drawn(rng: np.random.Generator) -> Scores:
    return rng.standard_normal((N_QUERIES, N_ITEMS))


def with_many_ties(rng: np.random.Generator) -> Scores:
    return rng.integers(0, 4, (N_QUERIES, N_ITEMS)).astype(np.float64)


def all_equal(rng: np.random.Generator) -> Scores:
    return np.zeros((N_QUERIES, N_ITEMS))


def nearly_equal(rng: np.random.Generator) -> Scores:
    """Scores that differ in their last bits alone: rounding would make them equal."""
    steps = rng.permuted(np.tile(np.arange(N_ITEMS), (N_QUERIES, 1)), axis=1)
    return np.asarray(0.3 + np.spacing(0.3) * steps, dtype=np.float64)


KINDS: tuple[Callable[[np.random.Generator], Scores], ...] = (drawn, with_many_ties, all_equal, nearly_equal)


def some_relevant(rng: np.random.Generator) -> list[list[int]]:
    """From one relevant item a query to all of them."""
    sizes = [1, N_ITEMS, *rng.integers(1, 12, N_QUERIES - 2)]
    return [sorted(rng.choice(N_ITEMS, size, replace=False).tolist()) for size in sizes]


def ranked(scores: Scores, relevant: list[list[int]]) -> dict[int, list[int]]:
    """The items of each query in order; among equal scores the irrelevant ones come first, as measures says."""
    return {
        query: np.lexsort((np.isin(np.arange(N_ITEMS), relevant[query]), -row)).tolist()
        for query, row in enumerate(scores)
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_retrieval_is_that_of_eccv_caption(kind: Callable[[np.random.Generator], Scores], seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, relevant = kind(rng), some_relevant(rng)
    found = ranking.ranks_from_scores(scores, relevant)
    order, known = ranked(scores, relevant), dict(enumerate(relevant))
    theirs = compute_eccv_metrics(order, known)
    assert ranking.mean_average_precision_at_r(found) == pytest.approx(theirs["eccv_map_at_r"], abs=1e-12)
    for k in (1, 5, 10):
        assert ranking.recall_at_k(found, k) == pytest.approx(compute_r_at_k(order, known, K=k), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_retrieval_is_that_of_trec_eval(kind: Callable[[np.random.Generator], Scores], seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, relevant = kind(rng), some_relevant(rng)
    # trec_eval keeps scores in single precision and takes the later name first where they are equal: it is told each
    # item's place among the different scores, and irrelevant items have the later names.
    places = [np.unique(row, return_inverse=True)[1] for row in scores]
    names = [
        [f"{'a' if item in relevant[query] else 'b'}{item}" for item in range(N_ITEMS)]
        for query in range(N_QUERIES)
    ]
    run = {
        str(query): {name: float(place) for name, place in zip(names[query], places[query], strict=True)}
        for query in range(N_QUERIES)
    }
    wanted = {str(query): {names[query][item]: 1 for item in relevant[query]} for query in range(N_QUERIES)}
    theirs = pytrec_eval.RelevanceEvaluator(wanted, {"map", "success_1,5,10", "recip_rank"}).evaluate(run)

    def mean(name: str) -> float:
        return float(np.mean([figures[name] for figures in theirs.values()]))

    found = ranking.ranks_from_scores(scores, relevant)
    assert ranking.mean_average_precision(found) == pytest.approx(mean("map"), abs=1e-9)
    assert float(np.mean(1 / ranking.nearest_ranks(found))) == pytest.approx(mean("recip_rank"), abs=1e-9)
    for k in (1, 5, 10):
        assert ranking.recall_at_k(found, k) == pytest.approx(mean(f"success_{k}"), abs=1e-9)


@pytest.mark.parametrize("kind", [drawn, nearly_equal])
def test_retrieval_is_that_of_torchmetrics_where_no_scores_are_equal(
    kind: Callable[[np.random.Generator], Scores],
) -> None:
    rng = np.random.default_rng(7)
    scores, relevant = kind(rng), some_relevant(rng)
    target = torch.zeros((N_QUERIES, N_ITEMS), dtype=torch.bool)
    for query, items in enumerate(relevant):
        target[query, items] = True
    # torchmetrics takes an item of a score of 0 or less for irrelevant, which cosines may have: it is told places.
    places = np.stack([np.unique(row, return_inverse=True)[1] for row in scores]) + 1.0
    rows = list(zip(torch.from_numpy(places), target, strict=True))
    found = ranking.ranks_from_scores(scores, relevant)
    average = np.mean([retrieval.retrieval_average_precision(*row).item() for row in rows])
    assert ranking.mean_average_precision(found) == pytest.approx(average, abs=1e-6)
    for k in (1, 5, 10):
        hits = np.mean([retrieval.retrieval_hit_rate(*row, top_k=k).item() for row in rows])
        assert ranking.recall_at_k(found, k) == pytest.approx(hits, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_negative", [1, 7, N_ITEMS])
def test_telling_pairs_apart_is_that_of_torchmetrics(
    kind: Callable[[np.random.Generator], Scores], n_negative: int
) -> None:
    scores = kind(np.random.default_rng(n_negative))
    positive, negative = scores[0] + 0.5 * (kind is drawn), scores[1][:n_negative]
    pairs = binary.scored(positive, negative)
    # Whether equal scores meet is the matter, not their size: beyond 0 to 1 torchmetrics takes scores for logits.
    places = np.unique(np.concatenate([positive, negative]), return_inverse=True)[1]
    given = (
        torch.from_numpy(places / max(places.max(), 1)),
        torch.cat([torch.ones(N_ITEMS), torch.zeros(n_negative)]).long(),
    )
    average = classification.binary_average_precision(*given).item()
    area = classification.binary_auroc(*given).item()
    assert binary.average_precision(pairs) == pytest.approx(average, abs=1e-6)
    assert binary.auroc(pairs) == pytest.approx(area, abs=1e-6)
