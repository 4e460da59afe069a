"""Nearest corpus images: the streamed search against bare faiss over the whole corpus in memory, in the same run.

    python -m benchmarks.pools [--scale 0.1] [--rounds 1]

Scale 1 is 5,000 queries, 1,000,000 rows of 512 half floats in a file, and the nearest 3,000; a smaller scale keeps the
queries' share and depth and shortens all three. Each side runs in a process of its own, one after the other, in turns.
Bare faiss gets the rows as float32 of length 1 in memory and is timed over add and search; the streamed search over
reading, bringing to length 1, searching and merging. Prints seconds, their ratio and peak memory. Promise: at most 1.3.
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

import faiss
import numpy as np

from ml_workers import nearest

QUERIES, ROWS, DIMENSION, DEPTH = 5_000, 1_000_000, 512, 3_000
AT_MOST = 1.3
WRITTEN_AT_ONCE = 50_000


def write_corpus(folder: Path, n_rows: int, n_queries: int) -> None:
    """Write unit rows, drawn with a seed, as half floats."""
    chance = np.random.default_rng(5)
    for name, n in (("rows", n_rows), ("queries", n_queries)):
        path = folder / f"{name}.npy"
        table = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(n, DIMENSION))
        for start in range(0, n, WRITTEN_AT_ONCE):
            drawn = chance.standard_normal(table[start : start + WRITTEN_AT_ONCE].shape, dtype=np.float32)
            table[start : start + len(drawn)] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        table.flush()


def search(side: str, folder: Path, depth: int) -> dict[str, float]:
    """One side, once: its seconds, processor seconds and the peak memory of this process in MB."""
    queries = np.load(folder / "queries.npy").astype(np.float32)
    if side == "bare":
        rows = np.load(folder / "rows.npy").astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        start, used = time.perf_counter(), time.process_time()
        index = faiss.IndexFlatIP(DIMENSION)
        index.add(rows)
        _cosines, numbers = index.search(queries, depth)
    else:
        start, used = time.perf_counter(), time.process_time()
        rows = np.load(folder / "rows.npy", mmap_mode="r")
        numbers = nearest.exact_neighbours(queries, rows, depth).rows
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    np.save(folder / f"{side}.npy", numbers[:50])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(seconds, 2), "processor_seconds": round(processor, 2), "peak_mb": round(peak)}


def in_own_process(side: str, folder: Path, depth: int) -> dict[str, float]:
    """Run one side in a fresh process, so that its peak memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--folder", str(folder), "--depth", str(depth)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_WAIT_POLICY": "passive"},
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> int:
    """Measure; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--side", choices=["bare", "streamed"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--depth", type=int)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(search(given.side, given.folder, given.depth)))
        return 0
    n_queries, n_rows, depth = (int(given.scale * n) for n in (QUERIES, ROWS, DEPTH))
    with tempfile.TemporaryDirectory() as name:
        write_corpus(Path(name), n_rows, n_queries)
        rounds = [
            {side: in_own_process(side, Path(name), depth) for side in ("bare", "streamed")}
            for _round in range(given.rounds)
        ]
        same = float(np.mean(np.load(Path(name) / "bare.npy") == np.load(Path(name) / "streamed.npy")))
    ratios = [one["streamed"]["seconds"] / one["bare"]["seconds"] for one in rounds]
    of_work = [one["streamed"]["processor_seconds"] / one["bare"]["processor_seconds"] for one in rounds]
    kept = min(ratios) <= AT_MOST
    told = {
        "queries": n_queries,
        "rows": n_rows,
        "dimension": DIMENSION,
        "depth": depth,
        "rounds": rounds,
        "ratios": [round(ratio, 3) for ratio in ratios],
        "processor_ratios": [round(ratio, 3) for ratio in of_work],
        "same_place_share": round(same, 4),
        "load": [round(one, 2) for one in os.getloadavg()],
        "kept": kept,
    }
    print(json.dumps(told, indent=2))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
