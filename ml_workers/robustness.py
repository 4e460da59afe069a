"""How much difficulty depends on who votes: draws of some models, and how far their assignments agree (IMP §4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.assignments import assignment_kappa
from ml_workers.difficulty import Difficulty, DifficultyRule, assign_difficulty

Booleans = NDArray[np.bool_]
Levels = NDArray[np.int64]

LEVELS = tuple(Difficulty)


def drawn_sets(n_models: int, size: int, *, draws: int, seed: int) -> list[tuple[int, ...]]:
    """Different sets of `size` out of n models, drawn with the seed; all there are where they are fewer than asked for.

    Raises ValueError where a set would be larger than what there is.
    """
    if not 1 <= size <= n_models:
        raise ValueError(f"Sets of {size} cannot be drawn from {n_models} models.")
    if comb(n_models, size) <= draws:
        return list(combinations(range(n_models), size))
    rng = np.random.default_rng(seed)
    sets: dict[tuple[int, ...], None] = {}
    while len(sets) < draws:
        drawn = rng.choice(n_models, size=size, replace=False)
        sets[tuple(sorted(int(place) for place in drawn))] = None
    return list(sets)


def levels_of_sets(cast: Booleans, sets: Sequence[tuple[int, ...]], rule: DifficultyRule) -> list[Levels]:
    """The level (0 easy, 1 medium, 2 hard) of each pair under each set, from votes (pairs, models)."""
    return [
        np.array(
            [LEVELS.index(level) for level in assign_difficulty(cast[:, list(chosen)], rule).difficulty],
            dtype=np.int64,
        )
        for chosen in sets
    ]


def robustness(
    cast: Booleans,
    names: Sequence[str],
    rule: DifficultyRule,
    *,
    draws: int,
    seed: int,
    reference: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """All figures from votes (pairs, models), as plain JSON; `reference` is the level of a pair, by its row.

    `kappas` hold every pair of draws with the models that they share, `to_reference` each draw with the reference over
    the pairs that it has. The range of the kappas is told as lowest and highest: it is no interval.
    """
    sets = drawn_sets(len(names), rule.voters, draws=draws, seed=seed)
    levels = levels_of_sets(cast, sets, rule)
    kappas, to_reference = _kappas(sets, levels), _to_reference(levels, reference or {})
    return {
        "n_pairs": len(cast),
        "n_models": len(names),
        "size": rule.voters,
        "easy_min_votes": rule.easy_min_votes,
        "hard_max_votes": rule.hard_max_votes,
        "models": list(names),
        "draws": [
            {
                "number": number,
                "models": [names[place] for place in chosen],
                "levels": {str(level): int((one == place).sum()) for place, level in enumerate(LEVELS)},
            }
            for number, (chosen, one) in enumerate(zip(sets, levels, strict=True), 1)
        ],
        "kappas": kappas,
        "to_reference": to_reference,
        "summary": {
            name: {weights: _summary([one[weights] for one in rows]) for weights in ("plain", "quadratic")}
            for name, rows in (("pairs", kappas), ("reference", to_reference))
        },
    }


def _kappas(sets: Sequence[tuple[int, ...]], levels: Sequence[Levels]) -> list[dict[str, Any]]:
    """How far every two draws agree, and how many models they share."""
    return [
        {
            "first": first + 1,
            "second": second + 1,
            "shared": len(set(sets[first]) & set(sets[second])),
            **asdict(assignment_kappa(levels[first], levels[second])),
        }
        for first, second in combinations(range(len(sets)), 2)
    ]


def _to_reference(levels: Sequence[Levels], reference: Mapping[int, str]) -> list[dict[str, Any]]:
    """How far each draw agrees with the reference over the pairs that it has; nothing without any."""
    if not reference:
        return []
    rows = sorted(reference)
    known = np.array([LEVELS.index(Difficulty(reference[row])) for row in rows], dtype=np.int64)
    return [
        {"draw": number, **asdict(assignment_kappa(one[rows], known))} for number, one in enumerate(levels, 1)
    ]


def _summary(values: Sequence[Any]) -> dict[str, Any]:
    """Lowest, mean and highest of the values that are defined, with how many they are."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return {"n": 0, "lowest": None, "mean": None, "highest": None}
    return {"n": len(known), "lowest": min(known), "mean": sum(known) / len(known), "highest": max(known)}
