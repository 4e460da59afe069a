"""The benchmark of 5,000 images and 25,000 captions in 512 dimensions beside the bare products that it needs.

Prints seconds, the ratio to the two matrix products alone, processor seconds and the peak resident memory. Run it as
``python -m benchmarks.retrieval``; ``--images`` and ``--captions`` change the size.

Promise: retrieval both ways, overall and by difficulty, average precision with its intervals and the overlap of 5,000
paraphrases within 20 seconds and 2 GB on two cores.
"""

import argparse
import json
import resource
import time

import numpy as np

from measures.binary import binary_figures
from measures.overlap import paraphrase_overlaps
from measures.ranking_by_level import retrieval_by_level

ALLOWED_SECONDS = 20.0
ALLOWED_GIGABYTES = 2.0
DIMENSION = 512
LEVELS = ("easy", "medium", "hard")


def unit_rows(rng: np.random.Generator, n: int) -> np.typing.NDArray[np.float32]:
    """Random rows of length 1."""
    rows = rng.normal(size=(n, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def main() -> int:
    """Measure once; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--captions", type=int, default=25_000)
    options = parser.parse_args()
    rng = np.random.default_rng(4)
    images, captions = unit_rows(rng, options.images), unit_rows(rng, options.captions)
    owner = np.sort(rng.integers(0, options.images, options.captions))
    level = np.array(LEVELS)[rng.integers(0, 3, options.captions)]

    start = time.perf_counter()
    for first in range(0, options.images, 256):
        images[first : first + 256] @ captions.T
    for first in range(0, options.captions, 256):
        captions[first : first + 256] @ images.T
    bare = time.perf_counter() - start

    start, used = time.perf_counter(), time.process_time()
    retrieval_by_level(images, captions, owner, list(level))
    retrieval = time.perf_counter() - start
    cosine = (images[owner] * captions).sum(axis=1)
    for one in LEVELS:
        chosen = level == one
        binary_figures(
            cosine[chosen],
            cosine[: options.images] - 0.01,
            owner[chosen],
            np.arange(options.images),
        )
    paraphrase_overlaps(captions[: options.images], captions[-options.images :], images)
    seconds, busy = time.perf_counter() - start, time.process_time() - used
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    kept = seconds <= ALLOWED_SECONDS and gigabytes <= ALLOWED_GIGABYTES
    told = {
        "images": options.images,
        "captions": options.captions,
        "seconds": round(seconds, 2),
        "seconds of retrieval": round(retrieval, 2),
        "processor seconds": round(busy, 2),
        "seconds of the bare products": round(bare, 2),
        "retrieval to bare products": round(retrieval / bare, 2),
        "peak gigabytes": round(gigabytes, 2),
        "kept": kept,
    }
    print(json.dumps(told, indent=2))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
