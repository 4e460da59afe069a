"""What the figures of a release show, worked out once when it is frozen; `releases/formats/drawn.py` draws it.

Each figure is plain values: a name, words, columns and rows. A build draws these rows and computes nothing.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from releases.rows import Snapshot

Figure = dict[str, Any]
# Of more pairs than this one figure shows so many, evenly spaced by rank: more cannot be told apart in print.
MOST_PAIRS = 300
BIN_WIDTH = 0.02
LEVELS = ("easy", "medium", "hard")
# Where a row of a coefficient has the captions that it rests on.
ITEMS = 4
SIMULATED = "simulated participants, no result"
PLAYED = "part of the work was played by a script"
# Coefficients that are shown, first those that most people ask for; others are in agreement.json.
AGREEMENT = (
    "raw_agreement",
    "positive_agreement",
    "negative_agreement",
    "krippendorff_alpha_nominal",
    "krippendorff_alpha_ordinal",
    "gwet_ac1",
    "brennan_prediger",
    "fleiss_kappa",
    "cohen_kappa",
)


def figure_data(snapshot: Snapshot, *, smallest_cell: int) -> list[Figure]:
    """Return the figures of a snapshot; shares of fewer than `smallest_cell` people or pairs are not in them."""
    return [
        *_flows(snapshot),
        *_difficulty(snapshot),
        *_agreement(snapshot, smallest_cell),
        *_human_evaluation(snapshot, smallest_cell),
        *_similarities(snapshot),
    ]


def _figure(
    name: str, kind: str, title: str, alt: str, columns: str, rows: Sequence[Sequence[Any]], mark: str = ""
) -> Figure:
    return {
        "name": name,
        "kind": kind,
        "title": title,
        "alt": f"{alt} {mark[0].upper()}{mark[1:]}." if mark else alt,
        "mark": mark,
        "columns": columns.split(),
        "rows": [list(row) for row in rows],
    }


def _played(snapshot: Snapshot) -> str:
    return PLAYED if snapshot["project"]["is_demo"] else ""


def _flows(snapshot: Snapshot) -> Iterator[Figure]:
    for of in ("images", "captions"):
        stages = [stage for stage in snapshot["flow"] if stage["of"] == of]
        rows = []
        for stage in stages:
            rows += [("left out", each["why"], each["n"]) for each in stage["left_out"]]
            rows.append(("reached", stage["step"], stage["n"]))
        told = "; ".join(f"{stage['n']} {stage['step']}" for stage in stages)
        title = f"From imported to released: {of}"
        yield _figure(f"flow-{of}", "flow", title, f"{told}.", "kind stage n", rows, _played(snapshot))


def _difficulty(snapshot: Snapshot) -> Iterator[Figure]:
    counts = Counter(
        caption["difficulty"]["level"]
        for image in snapshot["images"]
        for caption in image["captions"]
        if caption["difficulty"]
    )
    n = counts.total()
    if not n:
        return
    rows = [(level, counts[level], n, round(counts[level] / n, 6)) for level in LEVELS]
    told = ", ".join(f"{level} {k} ({share:.1%})" for level, k, _n, share in rows)
    yield _figure(
        "difficulty",
        "bars",
        "Difficulty by votes of models",
        f"Of {n} captions that models voted on: {told}.",
        "level captions n share",
        rows,
        _played(snapshot),
    )


def _agreement(snapshot: Snapshot, smallest_cell: int) -> Iterator[Figure]:
    for place, report in enumerate(snapshot["agreement"], start=1):
        found = [report["coefficients"].get(key) for key in AGREEMENT]
        defined = [each for each in found if each and each["value"] is not None]
        rows = [
            row
            for each in defined
            if each["items"] >= smallest_cell and (row := _coefficient(each)) is not None
        ]
        if not rows:
            continue
        rounds = report["rounds"]
        of = "all rounds" if not rounds else rounds[0] if len(rounds) == 1 else f"{len(rounds)} rounds"
        told = "; ".join(
            f"{name} {value:.3f} ({low:.3f} to {high:.3f})" for name, value, low, high, *_n in rows
        )
        yield _figure(
            "agreement" if place == 1 else f"agreement-{place}",
            "intervals",
            f"Agreement between annotators, {report['labels']}, {of}",
            f"With 95% intervals, over {report['n_ratings']} judgments of {report['n_items']} captions by"
            f" {report['n_raters']} annotators, {_entering(rows)} with two judgments or more: {told}.",
            "coefficient value low high items ratings raters method",
            rows,
            PLAYED if report["includes_demo"] else "",
        )


def _entering(rows: Sequence[Sequence[Any]]) -> str:
    items = sorted({row[ITEMS] for row in rows})
    n = str(items[0]) if len(items) == 1 else f"{items[0]} to {items[-1]}"
    return f"{n} of them"


def _coefficient(told: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return a row with the interval that draws whole captions, else the analytic one; None without an interval."""
    interval = next(iter(told["intervals"]), None) or told["analytic"]
    if interval is None:
        return None
    ends = (told["value"], interval["low"], interval["high"])
    return (
        told["name"],
        *(round(end, 6) for end in ends),
        told["items"],
        told["ratings"],
        told["raters"],
        interval["method"],
    )


def _human_evaluation(snapshot: Snapshot, smallest_cell: int) -> Iterator[Figure]:
    by_study: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for image in snapshot["images"]:
        for caption in image["captions"]:
            for share in caption["human_evaluation"]:
                if share["n"] >= smallest_cell:
                    by_study[share["study"]].append((caption["id"], share))
    for place, (study, shares) in enumerate(sorted(by_study.items()), start=1):
        shares.sort(key=lambda pair: (pair[1]["share_good"], pair[0]))
        shown = [shares[at] for at in _spaced(len(shares), MOST_PAIRS)]
        numbers = [share["n"] for _caption, share in shares]
        some = f" {len(shown)} of them are drawn, evenly spaced by rank." if len(shown) < len(shares) else ""
        yield _figure(
            f"human-evaluation-{place}",
            "ranked",
            f"Share good of each pair, study {study}",
            f"{len(shares)} pairs, each answered by {min(numbers)} to {max(numbers)} participants, from"
            f" {shares[0][1]['share_good']:.1%} to {shares[-1][1]['share_good']:.1%} good, with Wilson's 95%"
            f" intervals.{some}",
            "caption_id n_good n share low high",
            [
                (caption, *(share[key] for key in "n_good n share_good low high".split()))
                for caption, share in shown
            ],
            SIMULATED if any(share["is_simulated"] for _caption, share in shares) else "",
        )


def _spaced(n: int, most: int) -> list[int]:
    """Return at most `most` places of 0 ... n - 1, the first and the last among them, evenly spaced."""
    if n <= most:
        return list(range(n))
    return [place * (n - 1) // (most - 1) for place in range(most)]


def _similarities(snapshot: Snapshot) -> Iterator[Figure]:
    """Yield how similar each voting model finds the released captions to their images, as a density for each level."""
    voted: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    thresholds: dict[str, float] = {}
    for image in snapshot["images"]:
        for caption in image["captions"]:
            for vote in (caption["difficulty"] or {}).get("votes", ()):
                voted[vote["encoder"]][caption["difficulty"]["level"]].append(vote["cosine"])
                thresholds[vote["encoder"]] = vote["threshold"]
    for place, encoder in enumerate(sorted(voted), start=1):
        rows = [
            row
            for level in LEVELS
            if voted[encoder][level]
            for row in _histogram(level, voted[encoder][level], thresholds[encoder])
        ]
        told = ", ".join(f"{level} {len(voted[encoder][level])}" for level in LEVELS if voted[encoder][level])
        yield _figure(
            f"similarity-{place}",
            "densities",
            f"Similarity of image and caption, {encoder}",
            f"Densities of the cosine by difficulty ({told} captions), in bins of {BIN_WIDTH}; the threshold of the"
            f" vote is {thresholds[encoder]}.",
            "level low high captions n density threshold",
            rows,
            _played(snapshot),
        )


def _histogram(level: str, values: Sequence[float], threshold: float) -> Iterator[tuple[Any, ...]]:
    counts = Counter(math.floor(value / BIN_WIDTH) for value in values)
    for place in range(min(counts), max(counts) + 1):
        ends = round(place * BIN_WIDTH, 6), round((place + 1) * BIN_WIDTH, 6)
        density = round(counts[place] / (len(values) * BIN_WIDTH), 6)
        yield level, *ends, counts[place], len(values), density, threshold
