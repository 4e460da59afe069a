"""Retrieval and binary figures beside those of clip_benchmark, eccv_caption, pytrec_eval and torchmetrics."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from measures import binary, ranking

ORACLES = Path(__file__).parents[1] / "fixtures" / "benchmark" / "oracles.json"
TOLD: dict[str, Any] = json.loads(ORACLES.read_text())


def found(scores: str) -> ranking.RelevantRanks:
    return ranking.ranks_from_scores(np.array(TOLD[scores]), TOLD["relevant"])


def test_recall_equals_that_of_clip_benchmark():
    for k in (1, 5, 10):
        assert ranking.recall_at_k(found("distinct"), k) == pytest.approx(TOLD["clip_benchmark"][f"R@{k}"])


def test_map_at_r_and_recall_at_one_equal_those_of_eccv_caption():
    told = TOLD["eccv_caption"]
    assert ranking.mean_average_precision_at_r(found("distinct")) == pytest.approx(told["eccv_map_at_r"])
    assert ranking.recall_at_k(found("distinct"), 1) == pytest.approx(told["eccv_r1"])


@pytest.mark.parametrize("scores", ["tied", "distinct"])
def test_map_reciprocal_rank_and_recall_equal_those_of_trec_eval_even_among_ties(scores):
    told, ours = TOLD[f"pytrec_eval_{scores}"], found(scores)
    assert ranking.mean_average_precision(ours) == pytest.approx(told["map"])
    assert np.mean(1 / ranking.nearest_ranks(ours)) == pytest.approx(told["recip_rank"])
    for k in (1, 5, 10):
        assert ranking.recall_at_k(ours, k) == pytest.approx(told[f"success_{k}"])


@pytest.mark.parametrize("case", TOLD["torchmetrics"])
def test_average_precision_and_auroc_equal_those_of_torchmetrics(case):
    pairs = binary.scored(case["positive"], case["negative"])
    assert binary.average_precision(pairs) == pytest.approx(case["average_precision"], abs=1e-6)
    assert binary.auroc(pairs) == pytest.approx(case["auroc"], abs=1e-6)
