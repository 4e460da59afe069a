"""Nearest corpus images by lists: recall against the exact search at the k in use, seconds and peak memory of both.

    python -m benchmarks.pool_lists [--rows 1000000] [--queries 200] [--timed 5000] [--depth 3000] [--probes 0]
    python -m benchmarks.pool_lists --features FILE.npy

Both sides are those of the job `neighbours`, each in a process of its own, over one file of half floats. Recall is over
`--queries` queries, with a 95% interval from their spread; seconds are of `--timed` queries, the building of the
lists apart from the search in them. Rows are drawn with a seed: 2,000 themes, their sizes falling as 1 / rank; a row is
the direction of its theme with a deviation of length 0.65, most of it along few axes (the k-th has 1 / sqrt(k)), so
that rows of one theme have a cosine of about 0.7 on average, some far more, as pictures of one kind have. Of a file
of real features the queries are drawn and left out.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_workers import nearest

DIMENSION, THEMES, DEVIATION = 512, 2_000, 0.65
SEED = 5
WRITTEN_AT_ONCE = 50_000


def draw_rows(folder: Path, n_rows: int, n_queries: int) -> None:
    """Write rows and queries of the same themes, drawn with a seed, as half floats."""
    chance = np.random.default_rng(SEED)
    themes = chance.standard_normal((THEMES, DIMENSION), dtype=np.float32)
    themes /= np.linalg.norm(themes, axis=1, keepdims=True)
    shares = 1 / np.arange(1, THEMES + 1)
    axes = (1 / np.sqrt(np.arange(1, DIMENSION + 1))).astype(np.float32)
    axes *= DEVIATION / np.linalg.norm(axes)
    for name, n in (("rows", n_rows), ("queries", n_queries)):
        table = np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.float16, shape=(n, DIMENSION)
        )
        for start in range(0, n, WRITTEN_AT_ONCE):
            size = min(WRITTEN_AT_ONCE, n - start)
            of = chance.choice(THEMES, size=size, p=shares / shares.sum())
            drawn = themes[of] + axes * chance.standard_normal((size, DIMENSION), dtype=np.float32)
            table[start : start + size] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        table.flush()


def take_rows(folder: Path, given: Path, n_queries: int) -> None:
    """Write the rows of a file of features, and as queries some of them that are left out."""
    features = np.load(given, mmap_mode="r")
    drawn = np.random.default_rng(SEED).permutation(len(features))[:n_queries]
    left = np.ones(len(features), dtype=np.bool_)
    left[drawn] = False
    np.save(folder / "queries.npy", np.asarray(features[np.sort(drawn)], dtype=np.float16))
    table = np.lib.format.open_memmap(
        folder / "rows.npy", mode="w+", dtype=np.float16, shape=(int(left.sum()), features.shape[1])
    )
    rows = np.flatnonzero(left)
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        table[start : start + WRITTEN_AT_ONCE] = features[rows[start : start + WRITTEN_AT_ONCE]]
    table.flush()


def search(side: str, folder: Path, depth: int, probes: int, n_queries: int) -> dict[str, float]:
    """One side, once: its seconds, processor seconds, and the peak memory of this process in MB."""
    queries = np.load(folder / "queries.npy").astype(np.float32)[:n_queries]
    rows = np.load(folder / "rows.npy", mmap_mode="r")
    start, used = time.perf_counter(), time.process_time()
    if side == "exact":
        found = nearest.exact_neighbours(queries, rows, depth)
    else:
        found = nearest.listed_neighbours(queries, rows, depth, seed=SEED, probes=probes)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    np.save(folder / f"{side}.npy", found.rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(seconds, 2), "processor_seconds": round(processor, 2), "peak_mb": round(peak)}


def in_own_process(side: str, folder: Path, depth: int, probes: int, n_queries: int) -> dict[str, float]:
    """Run one side in a fresh process, so that its peak memory is its own."""
    given = ["--side", side, "--folder", folder, "--depth", depth, "--probes", probes, "--timed", n_queries]
    done = subprocess.run(
        [sys.executable, __file__, *map(str, given)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_WAIT_POLICY": "passive"},
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def measured_recall(folder: Path, n_queries: int) -> dict[str, float]:
    """Compare what both sides found: the share over all queries, its 95% interval over them, and the lowest."""
    found, exact = (_found(folder / f"{side}.npy", n_queries) for side in ("lists", "exact"))
    measured = nearest.recall(found, exact)
    half = 1.96 * measured.deviation / measured.queries**0.5
    return {
        "recall": round(measured.share, 4),
        "low": round(max(0.0, measured.share - half), 4),
        "high": round(min(1.0, measured.share + half), 4),
        "n_queries": measured.queries,
        "lowest": round(measured.lowest, 4),
    }


def _found(path: Path, n_queries: int) -> nearest.Neighbours:
    rows: NDArray[np.int64] = np.load(path)[:n_queries]
    return nearest.Neighbours(rows, np.zeros(rows.shape, dtype=np.float32))


def measure(given: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run both sides over all queries, and the lists over one more time to tell what building them takes."""
    n_rows = len(np.load(folder / "rows.npy", mmap_mode="r"))
    n_queries = len(np.load(folder / "queries.npy", mmap_mode="r"))
    depth = min(given.depth, n_rows)
    building = in_own_process("lists", folder, depth, given.probes, 1)
    sides = {
        side: in_own_process(side, folder, depth, given.probes, n_queries) for side in ("exact", "lists")
    }
    n_lists = nearest.default_lists(n_rows)
    inside = sides["lists"]["seconds"] - building["seconds"]
    return {
        "rows": n_rows,
        "queries": n_queries,
        "depth": depth,
        "n_lists": n_lists,
        "probes": given.probes or nearest.default_probes(n_rows, n_lists, depth),
        "building_lists": building,
        **sides,
        "ratio": round(sides["exact"]["seconds"] / sides["lists"]["seconds"], 2),
        "ratio_without_building": round(sides["exact"]["seconds"] / max(inside, 0.01), 2),
        "at_k": measured_recall(folder, min(given.queries, n_queries)),
        "load": [round(one, 2) for one in os.getloadavg()],
    }


def main() -> int:
    """Measure and print; nothing is promised here, so it always ends well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--timed", type=int, default=5_000)
    parser.add_argument("--depth", type=int, default=3_000)
    parser.add_argument("--probes", type=int, default=0)
    parser.add_argument("--features", type=Path)
    parser.add_argument("--side", choices=["exact", "lists"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(search(given.side, given.folder, given.depth, given.probes, given.timed)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        if given.features:
            take_rows(Path(name), given.features, given.timed)
        else:
            draw_rows(Path(name), given.rows, given.timed)
        print(json.dumps(measure(given, Path(name)), indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
