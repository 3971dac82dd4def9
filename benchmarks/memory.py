"""The memory of this process and everything it has started."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psutil

PERIOD_SECONDS = 1.0


@dataclass(frozen=True)
class Peak:
    """The most there was at one instant, in bytes.

    Attributes:
        rss: resident memory of all processes; a page they share counts once for each.
        pss: the same with shared pages split among their sharers; None where the system does not tell.
    """

    rss: int = 0
    pss: int | None = None


class MemoryWatch:
    """A thread that looks at this process and its descendants once a second; use it as a context.

    The proportional size is looked at only when the resident size has grown, as it costs the kernel a walk
    over every page.
    """

    def __init__(self) -> None:
        self.peak = Peak()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def __enter__(self) -> MemoryWatch:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End; `peak` stays."""
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(PERIOD_SECONDS):
            processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
            rss = sum(filter(None, map(_rss, processes)))
            if rss > self.peak.rss:
                sizes = [_pss(process) for process in processes]
                known = [size for size in sizes if size is not None]
                self.peak = Peak(rss, sum(known) if known else None)


def _rss(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return None  # it has just ended


def _pss(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return None  # it has just ended, or this system keeps no such figure
