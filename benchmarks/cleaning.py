"""Near-duplicates among 100,000 captions, in one pool and in pools of 2,000, and the whole of cleaning over them.

    python -m benchmarks.cleaning [--captions 100000]

Captions are made of words whose frequencies fall as in a language (Zipf), about twelve each; every tenth is another one
with a word exchanged. Prints seconds and captions a minute. Promise: near-duplicates at 100,000 captions a minute.
"""

import argparse
import json
import random
import time

from ml_workers.cleaning.duplicates import near_duplicates
from ml_workers.cleaning.packaged import packaged_rules
from ml_workers.cleaning.pipeline import GivenCaption, clean

WORDS = 20_000
POOL = 2_000
PROMISED_A_MINUTE = 100_000
CLEANED = 5_000


def made_captions(n: int) -> list[str]:
    """Captions with near-duplicates among them."""
    chance = random.Random(3)
    words = [f"w{number}" for number in range(WORDS)]
    weights = [1 / (rank + 3) for rank in range(WORDS)]
    texts: list[str] = []
    for number in range(n):
        if number % 10 == 9:
            copied = texts[chance.randrange(len(texts))].split()
            copied[chance.randrange(len(copied))] = chance.choice(words)
            texts.append(" ".join(copied))
        else:
            texts.append(" ".join(chance.choices(words, weights, k=chance.randint(6, 18))))
    return texts


def main() -> int:
    """Measure once; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=100_000)
    n: int = parser.parse_args().captions
    texts = made_captions(n)
    told: dict[str, object] = {"captions": n}
    kept = True
    for name, size in (("one pool", n), (f"pools of {POOL}", POOL)):
        start, used = time.perf_counter(), time.process_time()
        found = sum(len(near_duplicates(texts[low : low + size])) for low in range(0, n, size))
        seconds = time.perf_counter() - start
        rate = 60 * n / seconds
        kept = kept and rate >= PROMISED_A_MINUTE
        told[name] = {
            "near_duplicates": found,
            "seconds": round(seconds, 2),
            "processor_seconds": round(time.process_time() - used, 2),
            "captions_a_minute": round(rate),
        }
    rules = packaged_rules()
    start = time.perf_counter()
    clean([GivenCaption(text) for text in texts[:CLEANED]], rules)
    told["all_steps_captions_a_minute"] = round(60 * CLEANED / (time.perf_counter() - start))
    print(json.dumps({**told, "kept": kept}, indent=2))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
