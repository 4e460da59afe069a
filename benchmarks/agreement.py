"""Agreement of 1,000,000 ratings beside krippendorff and statsmodels, in one run.

200,000 items, 50 raters, about five ratings an item with some missing; captions of an image come in fives.
Prints seconds, ratios and the peak resident memory. Run it as ``python -m benchmarks.agreement``.

Promise: every coefficient with 1,000 resamples of items, 200 of raters and 200 of images within 10 seconds
and 2 GB on two cores (processor seconds stand beside, for machines that do other work meanwhile). The
libraries get equal ratings per item where they need them.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import krippendorff
import numpy as np
import numpy.typing as npt
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from measures.agreement import Bootstrap, Ratings, report
from measures.agreement.bootstrap import Resampler
from measures.agreement.coefficients import alpha, fleiss, level_distance
from measures.agreement.scale import scale_of
from measures.agreement.table import tabulate

LABELS = np.array(["bad", "unsure", "good"])
RATERS = 50
ALLOWED_SECONDS = 10.0
ALLOWED_GIGABYTES = 2.0
NAIVE = 20

IntArray = npt.NDArray[np.int64]
Found = TypeVar("Found")


def simulate(items: int, seed: int, is_balanced: bool) -> tuple[IntArray, IntArray, IntArray]:
    """Item, rater and label codes: five raters an item, or three to seven with a mean of five."""
    rng = np.random.default_rng(seed)
    per_item = np.full(items, 5) if is_balanced else rng.integers(3, 8, items)
    item = np.repeat(np.arange(items), per_item)
    place = np.arange(len(item)) - np.repeat(np.cumsum(per_item) - per_item, per_item)
    start = rng.integers(0, RATERS, items)[item]
    stride = rng.choice([1, 3, 7, 9, 11, 13], items)[item]
    rater = (start + place * stride) % RATERS
    truth = rng.choice(3, items, p=[0.2, 0.1, 0.7])[item]
    label = np.where(rng.random(len(item)) < 0.7, truth, rng.integers(0, 3, len(item)))
    return item, rater, label


def timed(work: Callable[[], Found]) -> tuple[float, Found]:
    """Seconds of one call, and what it gave."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def peak_gigabytes() -> float:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def whole_report(items: int, seed: int) -> dict[str, float]:
    """Our report with all bootstraps, from label columns to intervals."""
    item, rater, label = simulate(items, seed, is_balanced=False)
    bootstraps = [
        Bootstrap("items", 1000, seed),
        Bootstrap("raters", 200, seed),
        Bootstrap("clusters", 200, seed),
    ]
    before = time.process_time()
    seconds, found = timed(
        lambda: report(
            Ratings.from_columns(item, rater, LABELS[label], item // 5),
            categories=LABELS.tolist(),
            level="ordinal",
            bootstraps=bootstraps,
        )
    )
    defined = [row for row in found.coefficients if row.value is not None]
    return {
        "ratings": found.ratings,
        "coefficients": len(defined),
        "intervals": sum(len(row.intervals) for row in defined),
        "seconds": seconds,
        "processor seconds": time.process_time() - before,
        "gigabytes": peak_gigabytes(),
    }


def beside_libraries(items: int, seed: int) -> dict[str, float]:
    """One alpha, one Fleiss' kappa and their item bootstraps, theirs beside ours, on equal ratings per item."""
    item, rater, label = simulate(items, seed, is_balanced=True)
    wide = np.full((RATERS, items), np.nan)
    wide[rater, item] = label
    counts = np.bincount(item * 3 + label, minlength=items * 3).reshape(items, 3)
    rng = np.random.default_rng(seed)
    alpha_once, theirs = timed(lambda: krippendorff.alpha(wide, level_of_measurement="nominal"))
    fleiss_once, their_fleiss = timed(lambda: fleiss_kappa(aggregate_raters(label.reshape(items, 5))[0]))
    alpha_naive, _ = timed(
        lambda: [
            krippendorff.alpha(
                value_counts=counts[rng.integers(0, items, items)], level_of_measurement="nominal"
            )
            for _ in range(NAIVE)
        ]
    )
    fleiss_naive, _ = timed(
        lambda: [fleiss_kappa(counts[rng.integers(0, items, items)]) for _ in range(NAIVE)]
    )
    ratings = Ratings.from_columns(item, rater, LABELS[label])
    scale = scale_of(ratings.labels, None, "nominal")
    gap = level_distance("nominal", scale)
    observe, resampler = timed(lambda: Resampler(tabulate(ratings, scale)[0], with_raters=False))
    both, values = timed(
        lambda: resampler.replicates(
            Bootstrap("items", 1000, seed),
            lambda sample: np.array([alpha(sample.sums, gap), fleiss(sample.sums, np.eye(3)).corrected]),
        )
    )
    ours = [
        float(alpha(resampler.observed.sums, gap)[0]),
        float(fleiss(resampler.observed.sums, np.eye(3)).corrected[0]),
    ]
    if not np.allclose(ours, [theirs, their_fleiss], atol=1e-9) or not np.isfinite(values).all():
        raise SystemExit(f"The values differ: {ours} beside {[theirs, their_fleiss]}.")
    return {
        "krippendorff alpha once": alpha_once,
        "statsmodels fleiss once": fleiss_once,
        "ours, tabulated for all coefficients": observe,
        "krippendorff 1,000 resamples (from 20)": alpha_naive * 1000 / NAIVE,
        "statsmodels 1,000 resamples (from 20)": fleiss_naive * 1000 / NAIVE,
        "ours, alpha and Fleiss, 1,000 resamples": both,
        "ratio of the resamples": (alpha_naive + fleiss_naive) * 1000 / NAIVE / both,
    }


def main() -> int:
    """Print both tables; 1 where the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ours = whole_report(options.items, options.seed)
    libraries = beside_libraries(options.items, options.seed)
    if options.json:
        print(json.dumps({"report": ours, "beside": libraries}))
    else:
        for name, value in (*ours.items(), *libraries.items()):
            print(f"{name:45s} {value:12.3f}")
    kept = ours["seconds"] <= ALLOWED_SECONDS and ours["gigabytes"] <= ALLOWED_GIGABYTES
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
