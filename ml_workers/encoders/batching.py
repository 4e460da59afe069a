"""Run a model over more items than fit at once: batches that shrink when memory runs out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

# How torch's CPU allocator says it; on CUDA the exception has a class of its own.
_CPU_OUT_OF_MEMORY = "can't allocate memory"


def ran_out_of_memory(error: RuntimeError) -> bool:
    """Whether a torch error means that the device or the machine had no memory for the batch."""
    return isinstance(error, torch.OutOfMemoryError) or _CPU_OUT_OF_MEMORY in str(error)


@dataclass
class ShrinkingBatch:
    """A batch size that halves each time memory runs out and stays small afterwards; at 1 it gives up."""

    size: int

    def run(self, forward: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
        """`forward` over all rows, in pieces of at most `size`; the pieces' results in one tensor."""
        done: list[torch.Tensor] = []
        start = 0
        while start < len(rows):
            piece = rows[start : start + self.size]
            try:
                done.append(forward(piece))
            except RuntimeError as error:
                if self.size == 1 or not ran_out_of_memory(error):
                    raise
            else:
                start += len(piece)
                continue
            self._shrink(len(piece))
        return torch.cat(done)

    def _shrink(self, tried: int) -> None:
        self.size = max(1, min(self.size, tried) // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Consecutive pieces of at most `size` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def prepared_ahead(
    prepare: Callable[[Item], Result], items: Iterable[Item], *, threads: int, ahead: int
) -> Iterator[Result]:
    """Results of `prepare` in order, worked out by threads at most `ahead` items before they are asked for."""
    with ThreadPoolExecutor(threads) as pool:
        remaining = iter(items)
        waiting: list[Future[Result]] = [pool.submit(prepare, item) for item in islice(remaining, ahead)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(prepare, item) for item in islice(remaining, 1)]


def prepared_between(
    prepare: Callable[[Item], Result], items: Iterable[Item], *, threads: int, at_once: int
) -> Iterator[Result]:
    """Results of `prepare` in order, `at_once` at a time by all threads, which rest until the next is asked for.

    So they never take their time from what the caller does with the results: a model on a CPU has a thread on every
    core already, and each of its steps waits for the slowest of them.
    """
    with ThreadPoolExecutor(threads) as pool:
        remaining = iter(items)
        while piece := list(islice(remaining, at_once)):
            yield from list(pool.map(prepare, piece))
