"""Seeded random order for studies: every choice can be made again from its stored seed."""

import hashlib
import random
from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


def seeded(*parts: int | str) -> random.Random:
    """A generator that depends on `parts` alone (study seed, purpose, participant's ordinal).

    The parts are hashed, so that neighbouring seeds give unrelated streams. Only `random()` is drawn from
    it: Python promises that this method keeps its sequence between versions.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def shuffled(items: Iterable[Item], rng: random.Random) -> list[Item]:
    """The items in plain random order, every order equally likely."""
    keyed = [(rng.random(), place, item) for place, item in enumerate(items)]
    return [item for _, _, item in sorted(keyed, key=lambda entry: entry[:2])]


def below(limit: int, rng: random.Random) -> int:
    """A whole number from 0 to limit - 1, each equally likely; limit must be 1 or more."""
    if limit < 1:
        raise ValueError("There is nothing to draw from.")
    return min(int(rng.random() * limit), limit - 1)
