"""Freed memory stays with the process that runs models: the kernel need not hand out and clear its pages again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# In a process of its own: what lies free in this one depends on the tests before.
COUNT = """
import ctypes, json, resource
from ml_workers.encoders.freed_memory import give_freed_memory_back, keep_freed_memory

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.malloc.argtypes, library.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]

def use_a_block(size=48 * 1024 * 1024):
    block = library.malloc(size)
    library.memset(block, 1, size)
    library.free(block)

def faults(setting):
    known = setting()
    use_a_block()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _block in range(3):
        use_a_block()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before if known else None

print(json.dumps([faults(give_freed_memory_back), faults(keep_freed_memory)]))
"""


def test_a_block_that_was_freed_is_used_again() -> None:
    told = subprocess.run([sys.executable, "-c", COUNT], cwd=ROOT, capture_output=True, text=True, check=True)
    given_back, kept = json.loads(told.stdout)
    if kept is None:
        pytest.skip("The C library of this machine is not glibc: it has no such setting.")
    assert kept < given_back / 2
