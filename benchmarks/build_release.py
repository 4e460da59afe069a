"""How long a release of 5,000 images with five captions each takes to build without picture bytes, and its memory.

`python -m benchmarks.build_release` prints seconds, seconds of a bare zip of the same size, and the peak of memory: the
aim is 60 s and 1 GB. With `--keep FILE` the bundle stays, to measure `manage.py verify_release FILE` by.
"""

import argparse
import io
import json
import random
import resource
import tempfile
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

from releases.building import build
from releases.figures import figure_data

N_IMAGES, N_CAPTIONS, N_RATERS = 5_000, 5, 20
WORDS = "a the heron stands still in green water while light falls on its wings at dusk".split()


def made_up_snapshot(n_images: int, seed: int) -> dict[str, Any]:
    """Return a snapshot of made-up rows with everything that a real one holds; two judgments a caption."""
    chooser = random.Random(seed)
    images = [_image(number, chooser) for number in range(n_images)]
    ratings = [
        {
            "item_id": caption["id"],
            "image_id": image["id"],
            "rater_id": f"rater-{chooser.randrange(N_RATERS):03d}",
            "round": "round-001",
            "purpose": "production",
            "label": "good",
            "outcome": "good",
            "mode": "key",
            "is_revision": False,
            "guideline": 1,
            "duration_s": "2-5",
            "day": "2025-03-01",
            "is_demo": False,
        }
        for image in images
        for caption in image["captions"]
        for _rater in range(2)
    ]
    snapshot: dict[str, Any] = {
        "format": "polyannot-snapshot/3",
        "number": "1.0.0",
        "seed": seed,
        "licence": "CC-BY-4.0",
        "notes": "",
        "frozen": "2025-03-02",
        "project": {
            "id": _id(chooser),
            "name": "Made up",
            "description": "",
            "good_target": 5,
            "is_demo": False,
        },
        "images": images,
        "encoders": [],
        "guidelines": [{"number": 1, "published": "2025-01-01", "text": "Judge."}],
        "labels": [],
        "studies": [],
        "tombstones": [],
        "agreement": [],
        "ratings": ratings,
        "flow": [
            {"of": of, "step": f"{of} released", "n": n, "left_out": []}
            for of, n in (("images", n_images), ("captions", n_images * N_CAPTIONS))
        ],
    }
    return snapshot | {"figures": figure_data(snapshot, smallest_cell=5)}


def _id(chooser: random.Random) -> str:
    return str(uuid.UUID(int=chooser.getrandbits(128), version=4))


def _image(number: int, chooser: random.Random) -> dict[str, Any]:
    told = dict.fromkeys("title author source licence licence_url attribution".split(), "")
    return {
        **told,
        "id": _id(chooser),
        "key": f"image-{number}",
        "sha256": "0" * 64,
        "bytes": 1,
        "media_type": "image/jpeg",
        "width": 1600,
        "height": 1200,
        "source_url": f"https://example.org/{number}",
        "may_redistribute": False,
        "choice": {
            "method": "kmeans",
            "seed": 1,
            "encoder": "made-up",
            "n_good": 9,
            "mean_similarity": chooser.random(),
            "random_mean_similarity": chooser.random(),
        },
        "captions": [_caption(number, place, chooser) for place in range(N_CAPTIONS)],
        "negative": None,
    }


def _caption(number: int, place: int, chooser: random.Random) -> dict[str, Any]:
    text = " ".join(chooser.choices(WORDS, k=14))
    votes = [
        {
            "encoder": f"model-{model}",
            "weights_sha256": f"{model}" * 64,
            "cosine": round(chooser.random(), 6),
            "threshold": 0.26,
            "is_yes": True,
            "is_tie_breaker": model == 6,
        }
        for model in range(7)
    ]
    share = {"study": "hard", "n": 10, "n_good": 9, "share_good": 0.9, "low": 0.6, "high": 0.98}
    return {
        "id": _id(chooser),
        "caption_key": f"caption-{number}-{place}",
        "position": place,
        "text": text,
        "imported_text": text,
        "is_edited": False,
        "edit_kinds": [],
        "is_demo": False,
        "provenance": {
            "source": "corpus",
            "source_key": "",
            "source_url": "",
            "terms": "",
            "imported": "2025-01-01",
        },
        "judgments": {"judgments": 2, "good": 2, "bad": 0, "unsure": 0, "edited": 0},
        "adjudicated": None,
        "difficulty": {"level": "easy", "yes_votes": 7, "n_votes": 7, "votes": votes},
        "cosines": {},
        "human_evaluation": [{**share, "is_simulated": False}],
        "human_evaluations_withheld": 0,
    }


def main() -> None:
    """Build, and write the same bytes barely."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=N_IMAGES)
    parser.add_argument("--keep", type=Path, help="keep the bundle as this file")
    wanted = parser.parse_args()
    snapshot = json.loads(json.dumps(made_up_snapshot(wanted.images, seed=1)))
    with wanted.keep.open("w+b") if wanted.keep else tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        files = build(snapshot, canary="made-up", read_image=lambda _sha256: b"", out=out)
        built = time.perf_counter() - begun
        size = out.tell()
    contents = [bytes(file.size) for file in files]
    begun = time.perf_counter()
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_STORED) as bundle:
        for number, content in enumerate(contents):
            bundle.writestr(str(number), content)
    bare = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{wanted.images} images, {len(files)} files, {size / 1e6:.0f} MB: {built:.1f} s, a bare zip {bare:.2f} s,"
    )
    print(f"peak of memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
