"""Freed memory stays with the process that runs models: the kernel need not hand out and clear its pages again."""

import resource
from collections.abc import Callable

import pytest
import torch

from ml_workers.encoders.freed_memory import give_freed_memory_back, keep_freed_memory

pytestmark = pytest.mark.models

BLOCK = 48 * 1024 * 1024


def faults(setting: Callable[[], bool]) -> int:
    """Count the pages that the kernel handed out for three blocks, one after the other, after a first one."""
    if not setting():
        pytest.skip("The C library of this machine is not glibc: it has no such setting.")
    torch.ones(BLOCK, dtype=torch.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _block in range(3):
        torch.ones(BLOCK, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_block_that_was_freed_is_used_again() -> None:
    try:
        given_back = faults(give_freed_memory_back)
    finally:
        kept = faults(keep_freed_memory)
    assert kept < given_back / 2
