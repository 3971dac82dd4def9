"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop for code that waits with asyncio only: without sockets, and without threads next to timers."""

    def __init__(self) -> None:
        self._seconds = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the seconds since the loop was created."""
        return self._seconds

    def jump(self, seconds: float) -> None:
        """Move the clock forward."""
        self._seconds += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(5)  # a thread wakes the loop
        ready = super().select(0)
        if not ready:
            self._loop.jump(timeout)
        return ready


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
