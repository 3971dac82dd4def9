"""The memory of this process and its descendants."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psutil

PERIOD_SECONDS = 1.0


@dataclass(frozen=True)
class Peak:
    """The peak memory, in bytes.

    Attributes:
        rss: resident memory of all processes; a shared page counts once per process.
        pss: the same with shared pages divided among them; None where the system does not report it.
    """

    rss: int = 0
    pss: int | None = None


class MemoryMonitor:
    """A thread that measures this process and its descendants every second, as a context manager.

    It reads the proportional size only when the resident size has grown, because that makes the kernel walk
    over every page.
    """

    def __init__(self) -> None:
        self.peak = Peak()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-monitor", daemon=True)

    def __enter__(self) -> MemoryMonitor:
        """Start to measure."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop measuring; `peak` remains."""
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(PERIOD_SECONDS):
            processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
            rss = sum(filter(None, map(_rss, processes)))
            if rss > self.peak.rss:
                sizes = [_pss(process) for process in processes]
                readable = [size for size in sizes if size is not None]
                self.peak = Peak(rss, sum(readable) if readable else None)


def _rss(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return None  # it has just ended


def _pss(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return None  # it has just ended, or this system does not report it
