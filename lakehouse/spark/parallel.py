"""Concurrent execution of independent writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pyspark import inheritable_thread_target


def run_concurrently(writes: Sequence[Callable[[], None]]) -> None:
    """Run every write to its end, then raise the first failure in the order given, if any.

    A failure does not interrupt the other writes. Those that have committed are skipped when the micro-batch
    is retried.
    """
    if not writes:
        return
    with ThreadPoolExecutor(max_workers=len(writes)) as pool:
        futures = [pool.submit(inheritable_thread_target(write)) for write in writes]
    for future in futures:
        future.result()
