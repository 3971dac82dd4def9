"""Concurrent writes: all run to their end, at the same time, and the first failure in order is raised."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from lakehouse.spark import parallel
from lakehouse.spark.parallel import run_concurrently


@pytest.fixture(autouse=True)
def _without_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a thread inherits is kept in the JVM.
    monkeypatch.setattr(parallel, "inheritable_thread_target", lambda write: write)


def test_without_writes_nothing_happens() -> None:
    run_concurrently([])


def test_writes_run_at_the_same_time() -> None:
    # Each waits until all have begun.
    barrier = threading.Barrier(3)

    def write() -> None:
        barrier.wait(20)

    run_concurrently([write] * 3)


def test_a_failure_does_not_interrupt_the_others_and_the_first_is_raised() -> None:
    second_has_failed = threading.Event()
    written: list[str] = []

    def fail_late() -> None:
        assert second_has_failed.wait(20)
        raise ValueError("first in order")

    def fail_at_once() -> None:
        second_has_failed.set()
        raise KeyError("first in time")

    def write() -> None:
        assert second_has_failed.wait(20)
        written.append("row")

    writes: list[Callable[[], None]] = [write, fail_late, fail_at_once]
    with pytest.raises(ValueError, match="first in order"):
        run_concurrently(writes)
    assert written == ["row"]
