"""Computes every figure of a study again from its answers, and compares them with the published ones.

    python reproduce.py            in the folder of the export; exit code 1 where a figure differs
    python reproduce.py --json     also prints the figures computed here

Needs Python 3.11, NumPy and SciPy, and nothing of polyannot: it is written apart from the program that made the
export, so that the two check each other. It reads answers.csv, people.csv and pairs.csv; of figures.json it takes the
declared numbers (seed, resamples, rules, sets of pairs) and then compares.
"""

import csv
import json
import math
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import betaln
from scipy.stats import beta, norm, rankdata

Array = npt.NDArray[np.float64]
Row = dict[str, str]
TOLERANCE = 1e-9
BLOCK = 100  # resamples of one random stream in the coefficients of agreement


# --- Shares -------------------------------------------------------------------------------------------------------


def wilson(k: float, n: float, level: float = 0.95) -> dict[str, float]:
    z = float(norm.isf((1 - level) / 2))
    if n == 0:
        return {"low": 0.0, "high": 1.0}
    share = k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"low": 0.0 if k == 0 else centre - half, "high": 1.0 if k == n else centre + half}


def counted(marks: list[bool]) -> dict[str, Any]:
    k, n = sum(marks), len(marks)
    return {"k": k, "n": n, "share": k / n if n else None, "interval": wilson(k, n)}


def shrunken(good: Array, size: Array) -> tuple[Array, Array, Array]:
    """Beta-binomial by maximum likelihood: posterior mean, 2.5% and 97.5% of every share."""
    k, n = good[size > 0].astype(int), size[size > 0].astype(int)
    mean, strength = (k.sum() + 0.5) / (n.sum() + 1), 1e5
    if k.sum() not in (0, n.sum()):
        mean, strength = likeliest(k.tolist(), n.tolist())
    a, b = mean * strength + good, (1 - mean) * strength + size - good
    return a / (a + b), beta.ppf(0.025, a, b), beta.isf(0.025, a, b)


def likeliest(k: list[int], n: list[int]) -> tuple[float, float]:
    """Mean and strength of the beta-binomial that make these counts likeliest, the strength from 0.001 to 100,000."""
    bad = [size - each for each, size in zip(k, n, strict=True)]

    def rise(counts: list[int], at: float) -> float:
        """The slope of log gamma(count + at) - log gamma(at) over at, summed."""
        return math.fsum(1 / (at + j) for j in range(max(counts)) for count in counts if count > j)

    def best_mean(strength: float) -> float:
        def slope(logit: float) -> float:
            return rise(k, strength / (1 + math.exp(-logit))) - rise(bad, strength / (1 + math.exp(logit)))

        return 1 / (1 + math.exp(-brentq(slope, -30, 30, xtol=1e-14)))

    def slope(log_strength: float) -> float:
        strength = math.exp(log_strength)
        a = best_mean(strength) * strength
        b = strength - a
        return a * rise(k, a) + b * rise(bad, b) - strength * rise(n, strength)

    def likelihood(log_strength: float) -> float:
        strength = math.exp(log_strength)
        a = best_mean(strength) * strength
        return math.fsum(
            betaln(each + a, other + strength - a) - betaln(a, strength - a)
            for each, other in zip(k, bad, strict=True)
        )

    grid = np.log(np.geomspace(1e-3, 1e5, 65)).tolist()
    slopes = [slope(at) for at in grid]
    tops = [
        brentq(slope, grid[at], grid[at + 1], xtol=1e-13)
        for at in range(64)
        if slopes[at] > 0 >= slopes[at + 1]
    ]
    tops += [grid[0]] * (slopes[0] <= 0) + [grid[-1]] * (slopes[-1] > 0)
    strength = math.exp(max(tops, key=likelihood))
    return best_mean(strength), strength


def pair_shares(table: "Table") -> list[dict[str, Any]]:
    good, size = table.good.sum(axis=0), table.size.sum(axis=0)
    answered = int((size > 0).sum())
    together = 0.95 ** (1 / max(1, answered))
    pulled = shrunken(good, size) if answered > 1 else None
    return [
        {
            "pair": number,
            "good": int(k),
            "n": int(n),
            "share": k / n if n else None,
            "interval": wilson(k, n),
            "simultaneous": wilson(k, n, together),
            "shrunken": float(pulled[0][place]) if pulled else None,
            "shrunken_interval": {"low": float(pulled[1][place]), "high": float(pulled[2][place])}
            if pulled
            else None,
        }
        for place, (number, k, n) in enumerate(zip(table.pairs, good.tolist(), size.tolist(), strict=True))
    ]


def expected_minimum(sizes: list[int], share: float) -> float:
    """The expectation of the smallest of independent binomial shares under one common probability: exact."""
    values = sorted({k / n for n in sizes for k in range(n + 1)})
    above = [1.0]
    for value in values:
        chance = 1.0
        for n in sizes:
            reached = math.floor(value * n + 1e-9)
            tail = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(reached + 1, n + 1)]
            chance *= math.fsum(tail)
        above.append(chance)
    return math.fsum(value * (above[at] - above[at + 1]) for at, value in enumerate(values))


# --- Sets of pairs, resampled over participants -------------------------------------------------------------------


class Table:
    """Participants x pairs, people in the order of what they were shown and then of what they said."""

    def __init__(self, rows: list[Row], pairs: list[int], role: str = "target") -> None:
        cells: dict[str, dict[int, bool]] = defaultdict(dict)
        for row in rows:
            if row["role"] == role and int(row["pair"]) in pairs:
                cells[row["person"]][int(row["pair"])] = row["answer"] == "good"
        lines = sorted(
            ([float(pair in own) for pair in pairs], [float(own.get(pair, False)) for pair in pairs])
            for own in cells.values()
        )
        self.pairs = pairs
        self.size = np.array([line[0] for line in lines]).reshape(len(lines), len(pairs))
        self.good = np.array([line[1] for line in lines]).reshape(len(lines), len(pairs))


def over_pairs(good: Array, size: Array) -> Array:
    shares = np.divide(good, size, out=np.zeros(good.shape), where=size > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(shares.sum(axis=1) / (size > 0).sum(axis=1))


def pooled(good: Array, size: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(good.sum(axis=1) / size.sum(axis=1))


def clustered(table: Table, statistic: Any, declared: dict[str, Any]) -> dict[str, Any]:
    """A statistic with its percentile interval over participants, drawn with everything they answered."""
    people, n = len(table.size), int(table.size.sum())
    if not n:
        return {"value": None, "interval": None, "n": 0, "participants": people}
    value = float(statistic(table.good.sum(axis=0, keepdims=True), table.size.sum(axis=0, keepdims=True))[0])
    told: dict[str, Any] = {"value": value, "interval": None, "n": n, "participants": people}
    if math.isnan(value):
        return told | {"value": None}
    if people > 1:
        rng = np.random.default_rng(declared["seed"])
        weights = rng.multinomial(people, np.full(people, 1 / people), size=declared["replicates"])
        drawn = statistic(weights @ table.good, weights @ table.size)
        low, high = np.quantile(drawn[~np.isnan(drawn)], [0.025, 0.975])
        told["interval"] = {"low": float(low), "high": float(high)}
    return told


def set_figures(name: str, rows: list[Row], pairs: list[int], declared: dict[str, Any]) -> dict[str, Any]:
    table = Table(rows, pairs)
    good, size = table.good.sum(axis=0), table.size.sum(axis=0)
    answered = [(k / n, -n, pair) for k, n, pair in zip(good, size, pairs, strict=True) if n]
    minimum = None
    if answered:
        share, minus_n, pair = min(answered)
        n = int(-minus_n)
        k = round(float(share) * n)
        minimum = {
            "share": float(share),
            "pair": pair,
            "good": k,
            "n": n,
            "interval": wilson(k, n),
            "simultaneous": wilson(k, n, 0.95 ** (1 / len(answered))),
            "expected": expected_minimum(
                [int(each) for each in size if each], float(good.sum() / size.sum())
            ),
            "ties": sum(bool(each[0] == share) for each in answered),
        }
    return {
        "name": name,
        "pairs": len(pairs),
        "unanswered": len(pairs) - len(answered),
        "ratings": int(size.sum()),
        "fewest": int(size.min()),
        "most": int(size.max()),
        "mean": clustered(table, over_pairs, declared),
        "pooled": clustered(table, pooled, declared),
        "minimum": minimum,
    }


def subset_minima(table: list[dict[str, Any]]) -> dict[str, Any] | None:
    found = [line for line in table if line["name"].startswith("subset ")]
    if not found:
        return None
    lowest = [line["minimum"] for line in found if line["minimum"]]
    whole = len(lowest) == len(found)
    return {
        "count": len(found),
        "size": found[0]["pairs"],
        "lowest": [each["share"] for each in lowest],
        "mean": sum(each["share"] for each in lowest) / len(lowest) if whole else None,
        "expected": sum(each["expected"] for each in lowest) / len(lowest) if whole else None,
    }


def difference(rows: list[Row], first: list[int], second: list[int], declared: dict[str, Any]) -> Any:
    cut = len(first)

    def gap(good: Array, size: Array) -> Array:
        return over_pairs(good[:, :cut], size[:, :cut]) - over_pairs(good[:, cut:], size[:, cut:])

    return clustered(Table(rows, [*first, *second]), gap, declared)


# --- Agreement between participants -------------------------------------------------------------------------------


def coefficients(good: Array, bad: Array, copies: Array, items: Array) -> dict[str, float | None]:
    """Raw agreement, alpha, AC1 and specific agreement; None where a formula has no value.

    `good` and `bad` count the answers to each pair, `items` how often the pair was drawn. Somebody drawn m times counts
    m times in the answers, and m * m of the ordered pairs of answers are theirs with themselves: `copies` holds those
    of the good and of the bad answers, and they are left out everywhere.
    """
    size = good + bad
    met = size * size - copies.sum(axis=0)
    paired, rated = np.where(met > 0.5, items, 0.0), np.where(size > 0.5, items, 0.0)
    share_of_met = paired / np.maximum(met, 1)
    both_good, both_bad = good * good - copies[0], bad * bad - copies[1]
    raw = _ratio((share_of_met * (both_good + both_bad)).sum(), paired.sum())
    share = _ratio((rated * good / np.maximum(size, 1)).sum(), rated.sum())
    chance = None if share is None else 2 * share * (1 - share)
    weight = share_of_met * size
    of_good, of_bad = (weight * (both_good + good * bad)).sum(), (weight * (both_bad + good * bad)).sum()
    ratings, own = of_good + of_bad, (paired * copies.sum(axis=0)).sum()
    observed = _ratio((weight * 2 * good * bad).sum(), ratings)
    disagreement = _ratio(2 * of_good * of_bad, ratings**2 - own)
    surplus = None if observed is None else _ratio(observed, disagreement or 0.0)
    mixed = (items * good * bad).sum()
    return {
        "raw_agreement": raw,
        "krippendorff_alpha_nominal": None if surplus is None else 1 - surplus,
        "gwet_ac1": None if raw is None or chance is None else _ratio(raw - chance, 1 - chance),
        "positive_agreement": _ratio((items * both_good).sum(), (items * both_good).sum() + mixed),
        "negative_agreement": _ratio((items * both_bad).sum(), (items * both_bad).sum() + mixed),
    }


def _ratio(above: float, below: float) -> float | None:
    return float(above / below) if below > 0 else None


def drawn_counts(rng: np.random.Generator, units: int, many: int) -> Array:
    """How often each unit comes up when as many are drawn with replacement: units x resamples.

    Draws are first dealt to stretches of 2,048 units, then inside each stretch.
    """
    edges = [*range(0, units, 2048), units]
    sizes = np.diff(edges)
    dealt = rng.multinomial(units, sizes / units, size=many)
    counts = np.zeros((units, many))
    for part, (start, size) in enumerate(zip(edges[:-1], sizes.tolist(), strict=True)):
        of_sample = np.repeat(np.arange(many), dealt[:, part])
        if size == 2048:
            place = np.frombuffer(rng.bytes(2 * len(of_sample)), dtype="<u2").astype(np.int64) & 2047
        else:
            place = rng.integers(0, size, len(of_sample))
        np.add.at(counts, (start + place, of_sample), 1)
    return counts


def agreement(rows: list[Row], pairs: list[int], declared: dict[str, Any]) -> dict[str, Any]:
    """The coefficients over the answered pairs, with intervals over participants and over participants and pairs."""
    table = Table(rows, pairs)
    marks = [bool(good) for good, size in zip(table.good.flat, table.size.flat, strict=True) if size]
    told: dict[str, Any] = {"good": counted(marks), "coefficients": []}
    if not marks:
        return told
    answered = table.size.sum(axis=0) > 0
    yes, no = table.good[:, answered], (table.size - table.good)[:, answered]
    people, items = yes.shape
    once, counts = np.ones(items), np.stack([yes.sum(axis=0), no.sum(axis=0)])
    seen = coefficients(counts[0], counts[1], counts, once)
    size = counts.sum(axis=0)
    varies = {
        "gwet_ac1": counts.sum(axis=1).all(),
        "krippendorff_alpha_nominal": counts[:, size > 1].sum(axis=1).all(),
    }
    drawn = {
        name: resampled(yes, no, stream, declared) if units >= 3 else []
        for name, stream, units in (("over_people", 1, people), ("over_both", 2, min(people, items)))
    }
    for key, value in seen.items():
        is_defined = people > 1 and bool((size > 1).any()) and bool(varies.get(key, True))
        row: dict[str, Any] = {"key": key, "value": value if is_defined else None}
        row |= {"pairs": int((size > 1).sum()), "answers": int(size[size > 1].sum())}
        row["people"] = int((table.size[:, answered][:, size > 1].sum(axis=1) > 0).sum())
        for name, resamples in drawn.items():
            row[name] = percentiles([each[key] for each in resamples]) if row["value"] is not None else None
        told["coefficients"].append(row)
    return told


def resampled(yes: Array, no: Array, stream: int, declared: dict[str, Any]) -> list[dict[str, float | None]]:
    """The coefficients of every resample of people (stream 1), or of people and pairs (stream 2)."""
    people, items = yes.shape
    found = []
    for block, start in enumerate(range(0, declared["replicates"], BLOCK)):
        many = min(BLOCK, declared["replicates"] - start)
        rng = np.random.Generator(np.random.SFC64([declared["seed"], stream, block]))
        chosen = drawn_counts(rng, people, many)
        weights = drawn_counts(rng, items, many) if stream == 2 else np.ones((items, many))
        good, bad = chosen.T @ yes, chosen.T @ no
        copies = np.stack([(chosen**2).T @ yes, (chosen**2).T @ no], axis=1)
        found += [coefficients(good[b], bad[b], copies[b], weights[:, b]) for b in range(many)]
    return found


def percentiles(values: list[float | None]) -> dict[str, float] | None:
    kept = [value for value in values if value is not None]
    if not kept or 2 * (len(values) - len(kept)) > len(values):
        return None
    low, high = np.quantile(kept, [0.025, 1.0 - 0.025])
    return {"low": float(low), "high": float(high)}


# --- Grades of paraphrases ----------------------------------------------------------------------------------------

GRADES = 6
CELLS = 24_000_000  # what one block of resamples may hold; many paraphrases make blocks smaller


def grading(rows: list[Row], pairs: list[int], graders: int, declared: dict[str, Any]) -> dict[str, Any]:
    """Perfect paraphrases, the spread of grades, their mean and the agreement of graders."""
    given: dict[int, list[int]] = {pair: [] for pair in pairs}
    for row in rows:
        if row["role"] == "target":
            given[int(row["pair"])].append(int(row["grade"]))
    every = [grade for grades in given.values() for grade in grades]
    graded = {pair: grades for pair, grades in given.items() if len(grades) >= graders}
    table = grade_table(rows, pairs)
    spread = [counted([each == grade for each in every]) for grade in range(GRADES)]
    return {
        "graders": graders,
        "pairs": [
            {
                "pair": pair,
                "counts": [grades.count(grade) for grade in range(GRADES)],
                "n": len(grades),
                "mean": sum(grades) / len(grades) if grades else None,
                "is_graded": pair in graded,
                "is_perfect": pair in graded and set(grades) == {5},
            }
            for pair, grades in given.items()
        ],
        "perfect": counted([set(grades) == {5} for grades in graded.values()]),
        "unfinished": len(given) - len(graded),
        "distribution": [{"grade": grade, "given": each} for grade, each in enumerate(spread)],
        "mean": clustered(table, pooled, declared),
        "coefficients": grade_agreement(table, declared) if every else [],
    }


def grade_table(rows: list[Row], pairs: list[int]) -> Table:
    """Participants x paraphrases with grades in place of good, people in the order that `Table` gives them."""
    cells: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        if row["role"] == "target":
            cells[row["person"]][int(row["pair"])] = float(row["grade"])
    lines = sorted(
        ([float(pair in own) for pair in pairs], [own.get(pair, 0.0) for pair in pairs])
        for own in cells.values()
    )
    table = Table([], pairs)
    table.size = np.array([line[0] for line in lines]).reshape(len(lines), len(pairs))
    table.good = np.array([line[1] for line in lines]).reshape(len(lines), len(pairs))
    return table


def grade_coefficients(given: Array, copies: Array, items: Array) -> dict[str, float | None]:
    """Raw agreement, alpha by rank, AC2 by squared distance; `given` and `copies` are grades x paraphrases."""
    size = given.sum(axis=0)
    met = size * size - copies.sum(axis=0)
    paired, rated = np.where(met > 0.5, items, 0.0), np.where(size > 0.5, items, 0.0)
    ordered = given[:, None, :] * given[None, :, :]
    ordered[np.arange(GRADES), np.arange(GRADES)] -= copies
    shares = (ordered * (paired / np.maximum(met, 1))).sum(axis=-1)
    meetings = (ordered * (paired / np.maximum(met, 1) * size)).sum(axis=-1)
    prevalence = (given / np.maximum(size, 1) * rated).sum(axis=-1)
    raw = _ratio(float(np.trace(shares)), paired.sum())
    place = np.arange(GRADES)
    near = 1 - (place[:, None] - place) ** 2 / (GRADES - 1) ** 2
    observed, share = _ratio((shares * near).sum(), paired.sum()), prevalence / max(rated.sum(), 1)
    chance = float(near.sum() * (share * (1 - share)).sum() / (GRADES * (GRADES - 1)))
    totals = meetings.sum(axis=1)
    middle = np.cumsum(totals) - totals / 2
    gap = (middle[:, None] - middle) ** 2
    apart = _ratio((meetings * gap).sum(), totals.sum())
    own = (paired * copies.sum(axis=0)).sum()
    expected = _ratio(totals @ gap @ totals, totals.sum() ** 2 - own)
    surplus = None if apart is None else _ratio(apart, expected or 0.0)
    return {
        "raw_agreement": raw,
        "krippendorff_alpha_ordinal": None if surplus is None else 1 - surplus,
        "gwet_ac2_quadratic": None if observed is None else _ratio(observed - chance, 1 - chance),
    }


def grade_agreement(table: Table, declared: dict[str, Any]) -> list[dict[str, Any]]:
    """The coefficients over the graded paraphrases, with intervals as `agreement` has them."""
    answered = table.size.sum(axis=0) > 0
    sizes, grades = table.size[:, answered], table.good[:, answered]
    one_hot = np.stack([(grades == grade) * sizes for grade in range(GRADES)])
    people, items = sizes.shape
    counts = one_hot.sum(axis=1)
    seen = grade_coefficients(counts, counts, np.ones(items))
    size = counts.sum(axis=0)
    varies = {
        "gwet_ac2_quadratic": (counts.sum(axis=1) > 0).sum() > 1,
        "krippendorff_alpha_ordinal": (counts[:, size > 1].sum(axis=1) > 0).sum() > 1,
    }
    drawn = {
        name: resampled_grades(one_hot, stream, declared) if units >= 3 else []
        for name, stream, units in (("over_people", 1, people), ("over_both", 2, min(people, items)))
    }
    told = []
    for key, value in seen.items():
        is_defined = people > 1 and bool((size > 1).any()) and bool(varies.get(key, True))
        row: dict[str, Any] = {"key": key, "value": value if is_defined else None}
        row |= {"pairs": int((size > 1).sum()), "answers": int(size[size > 1].sum())}
        row["people"] = int((sizes[:, size > 1].sum(axis=1) > 0).sum())
        for name, resamples in drawn.items():
            row[name] = percentiles([each[key] for each in resamples]) if row["value"] is not None else None
        told.append(row)
    return told


def resampled_grades(one_hot: Array, stream: int, declared: dict[str, Any]) -> list[dict[str, float | None]]:
    """The coefficients of every resample of people (stream 1), or of people and paraphrases (stream 2)."""
    _, people, items = one_hot.shape
    kinds = len(np.unique(one_hot.sum(axis=1), axis=1).T)
    width = kinds + items + (people + 3) * GRADES**2 + 4 * GRADES * items
    most = min(BLOCK, max(1, CELLS // width))
    found = []
    for block, start in enumerate(range(0, declared["replicates"], most)):
        many = min(most, declared["replicates"] - start)
        rng = np.random.Generator(np.random.SFC64([declared["seed"], stream, block]))
        chosen = drawn_counts(rng, people, many)
        weights = drawn_counts(rng, items, many) if stream == 2 else np.ones((items, many))
        for place in range(many):
            drawn = chosen[:, place]
            given, copies = drawn @ one_hot, (drawn * drawn) @ one_hot
            found.append(grade_coefficients(given, copies, weights[:, place]))
    return found


# --- Did people look? ---------------------------------------------------------------------------------------------


def d_prime(hits: int, signals: int, alarms: int, noise: int) -> dict[str, Any]:
    told = {"hits": hits, "signals": signals, "false_alarms": alarms, "noise": noise}
    if not signals or not noise:
        return {"d_prime": None, "criterion": None, "interval": None, **told}
    rates = [(hits + 0.5) / (signals + 1), (alarms + 0.5) / (noise + 1)]
    z = [float(norm.ppf(rate)) for rate in rates]
    spread = sum(
        rate * (1 - rate) / (total * float(norm.pdf(each)) ** 2)
        for rate, each, total in zip(rates, z, (signals + 1, noise + 1), strict=True)
    )
    half = float(norm.isf(0.025)) * math.sqrt(spread)
    value = z[0] - z[1]
    return {
        "d_prime": value,
        "criterion": -(z[0] + z[1]) / 2,
        "interval": {"low": value - half, "high": value + half},
        **told,
    }


def attention(rows: list[Row], declared: dict[str, Any]) -> dict[str, Any]:
    marks = {
        role: [row["answer"] == "good" for row in rows if row["role"] == role]
        for role in ("target", "distractor", "control")
    }
    alarms = [row for row in rows if row["role"] == "distractor"]
    shown = sorted({int(row["pair"]) for row in alarms})
    noise = (sum(marks["distractor"]), len(marks["distractor"]))
    return {
        "false_alarms": counted(marks["distractor"]),
        "false_alarm_rate": clustered(Table(rows, shown, "distractor"), pooled, declared),
        "by_participant": [
            {
                "participant": who,
                "false_alarms": counted([row["answer"] == "good" for row in alarms if row["person"] == who]),
            }
            for who in sorted({row["person"] for row in alarms})
        ],
        "controls_good": counted(marks["control"]),
        "hard": d_prime(sum(marks["target"]), len(marks["target"]), *noise),
        "easy": d_prime(sum(marks["control"]), len(marks["control"]), *noise),
    }


def retest(rows: list[Row]) -> dict[str, Any]:
    said = "grade" if any(row["grade"] for row in rows) else "answer"
    first = {(row["person"], row["pair"]): row[said] for row in rows if row["role"] == "target"}
    again = [row for row in rows if row["role"] == "repeat" and (row["person"], row["pair"]) in first]
    return counted([row[said] == first[row["person"], row["pair"]] for row in again])


def positions(rows: list[Row], width: int) -> list[dict[str, Any]]:
    targets = [(int(row["position"]), row["answer"] == "good") for row in rows if row["role"] == "target"]
    last = max((place for place, _ in targets), default=0)
    return [
        {
            "first": start,
            "last": start + width - 1,
            "good": counted([mark for place, mark in targets if start <= place < start + width]),
        }
        for start in range(1, last + 1, width)
    ]


def similarity(shares: list[dict[str, Any]], cosine: dict[int, float | None]) -> dict[str, Any]:
    used = [
        (each["share"], cosine[each["pair"]])
        for each in shares
        if each["n"] and cosine[each["pair"]] is not None
    ]
    known = [value for _, value in used if value is not None]
    told: dict[str, Any] = {"lowest": min(known, default=None), "highest": max(known, default=None)}
    ranks = [rankdata(column) for column in zip(*used, strict=True)]
    n, value, interval = len(used), None, None
    if n > 1 and np.ptp(ranks[0]) and np.ptp(ranks[1]):
        value = min(1.0, max(-1.0, float(np.corrcoef(ranks[0], ranks[1])[0, 1])))
        interval = {"low": value, "high": value}
        if n < 4:
            interval = None
        elif abs(value) < 1 - 1e-15:
            half = float(norm.isf(0.025)) * math.sqrt((1 + value * value / 2) / (n - 3))
            interval = {
                "low": math.tanh(math.atanh(value) - half),
                "high": math.tanh(math.atanh(value) + half),
            }
    return told | {"correlation": {"value": value, "interval": interval, "n": n}}


# --- Who is left out, and everything together ---------------------------------------------------------------------


def breaks(rule: Row, own: list[Row], cards: int) -> bool:
    """Whether one person breaks a declared rule; a rule with nothing to look at is not broken."""
    limit = float(rule["limit"])
    if rule["kind"] == "distractors":
        return sum(row["role"] == "distractor" and row["answer"] == "good" for row in own) > limit
    if rule["kind"] == "controls":
        return sum(row["role"] == "control" and row["answer"] == "bad" for row in own) > limit
    if rule["kind"] == "speed":
        times = [milliseconds(row) for row in own if row["seconds"]]
        return bool(times) and median(times) < limit
    return cards > 0 and len(own) / cards < limit


def milliseconds(row: Row) -> int:
    return round(float(row["seconds"]) * 1000)


def figures_of(rows: list[Row], pairs: list[Row], declared: dict[str, Any]) -> dict[str, Any]:
    """Every figure over these answers."""
    numbers = [int(pair["pair"]) for pair in pairs]
    levels: dict[str, list[int]] = defaultdict(list)
    for pair in pairs:
        levels[pair["difficulty"] or "no difficulty"].append(int(pair["pair"]))
    order = {"hard": 0, "medium": 1, "easy": 2}
    named = sorted(levels.items(), key=lambda item: (order.get(item[0], 3), item[0]))
    sets = {"all pairs": numbers} | (dict(named) if len(named) > 1 else {})
    sets |= {each["name"]: each["pairs"] for each in declared["sets"]}
    shares = pair_shares(Table(rows, numbers))
    table = [set_figures(name, rows, members, declared) for name, members in sets.items()]
    graders = declared["everybody"]["grading"]["graders"] if declared.get("kind") == "paraphrases" else 0
    return {
        "participants": len({row["person"] for row in rows}),
        "shares": shares,
        "table": table,
        "subsets": subset_minima(table),
        "differences": [
            {"first": first, "second": second, "estimate": difference(rows, easier, harder, declared)}
            for (first, easier), (second, harder) in combinations(reversed(named), 2)
        ],
        "agreement": agreement(rows, numbers, declared),
        "attention": attention(rows, declared),
        "retest": retest(rows),
        "positions": positions(rows, declared["position_width"]),
        "similarity": similarity(
            shares, {int(pair["pair"]): float(pair["cosine"]) if pair["cosine"] else None for pair in pairs}
        ),
        "grading": grading(rows, numbers, graders, declared) if graders else None,
    }


def reproduce(folder: Path, declared: dict[str, Any]) -> dict[str, Any]:
    """The figures over everybody, and over those whom no declared rule leaves out."""
    rows, people, pairs = (read(folder / f"{name}.csv") for name in ("answers", "people", "pairs"))
    if declared.get("kind") == "paraphrases":
        for row in rows:
            row["answer"] = "good" if int(row["grade"]) > (1 if row["role"] == "distractor" else 4) else "bad"
    own = defaultdict(list)
    for row in rows:
        own[row["person"]].append(row)
    left_out = {
        person["person"]
        for person in people
        if any(breaks(rule, own[person["person"]], int(person["cards"])) for rule in declared["rules"])
    }
    kept = [row for row in rows if row["person"] not in left_out]
    times = [milliseconds(row) for row in rows if row["seconds"]]
    return {
        "everybody": figures_of(rows, pairs, declared),
        "without_excluded": figures_of(kept, pairs, declared),
        "median_ms": float(median(times)) if times else None,
        "n_answers": len(rows),
        "n_participants": len(own),
        "left_out": sorted(left_out),
    }


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def compare(found: Any, published: Any, where: str = "") -> tuple[int, list[str]]:
    """How many values were compared, and where they differ; names and notes of the export are passed over."""
    if isinstance(found, dict) and isinstance(published, dict):
        pairs = [(f"{where}.{name}", value, published.get(name)) for name, value in found.items()]
    elif isinstance(found, list) and isinstance(published, list):
        if len(found) != len(published):
            return 1, [f"{where}: {len(found)} entries here, {len(published)} published"]
        pairs = [(f"{where}[{at}]", *both) for at, both in enumerate(zip(found, published, strict=True))]
    elif isinstance(found, float) and isinstance(published, (int, float)):
        is_same = math.isclose(found, published, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return 1, [] if is_same else [f"{where}: {found!r} here, {published!r} published"]
    else:
        return 1, [] if found == published else [f"{where}: {found!r} here, {published!r} published"]
    told = [compare(one, other, place) for place, one, other in pairs]
    return sum(count for count, _ in told), [line for _, lines in told for line in lines]


def main() -> int:
    """Print how many values were compared and each one that differs; 0 where none does."""
    folder = Path(__file__).resolve().parent
    published = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    published["left_out"] = sorted(
        person["person"] for person in published["people"] if not person["is_included"]
    )
    found = reproduce(folder, published)
    if "--json" in sys.argv[1:]:
        print(json.dumps(found, indent=2))
    compared, differing = compare(found, published)
    for line in differing:
        print(line, file=sys.stderr)
    print(f"{compared} values compared, {len(differing)} differ.", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
