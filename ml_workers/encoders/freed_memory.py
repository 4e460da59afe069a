"""Memory that a model gives back is kept by the process for its next batch, instead of going to the kernel and back.

glibc asks the kernel for every block above 32 MB and gives it back when it is freed; the kernel clears each page again
before it hands it out. A convolutional network on a CPU frees and asks for hundreds of megabytes a batch, and so
spends more time on pages than on arithmetic.
"""

import ctypes

# What a process keeps at most of what lies free at the end of its heap (ours: about what a batch of 16 images needs).
KEPT_BYTES = 512 * 1024 * 1024

# Names and numbers of <malloc.h>, and how glibc comes: its own thresholds grow up to these.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_THRESHOLD, _BLOCKS = 32 * 1024 * 1024, 65_536


def _told(*options: tuple[int, int]) -> bool:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, value) == 1 for name, value in options)


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, up to KEPT_BYTES; False where the C library is not glibc."""
    return _told((_MMAP_MAX, 0), (_TRIM_THRESHOLD, KEPT_BYTES))


def give_freed_memory_back() -> bool:
    """Let this process give back what it frees, as glibc does by itself; False where the C library is not glibc."""
    return _told((_MMAP_MAX, _BLOCKS), (_MMAP_THRESHOLD, _THRESHOLD), (_TRIM_THRESHOLD, 2 * _THRESHOLD))
