"""The memory of this process and its descendants."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from foundation.background_thread import BackgroundThread

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


class MemoryMonitor(BackgroundThread):
    """A thread that measures this process and its descendants every second; `peak` remains afterwards.

    It reads the proportional size only when the resident size has grown, because that makes the kernel walk
    over every page.

    Attributes:
        peak: the peak so far.
        ignored: numbers of processes that do not count.
    """

    def __init__(self) -> None:
        super().__init__("memory-monitor")
        self.peak = Peak()
        self.ignored: set[int] = set()

    def _run(self) -> None:
        while not self._ending.wait(PERIOD_SECONDS):
            family = [psutil.Process(), *psutil.Process().children(recursive=True)]
            processes = [process for process in family if process.pid not in self.ignored]
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
