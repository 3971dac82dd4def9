"""A thread that runs during a block."""

from __future__ import annotations

import threading
from typing import Self


class BackgroundThread:
    """A context manager that starts a thread, and ends it after the block.

    A subclass implements `_run`, which returns soon after `_ending` is set.

    Args:
        name: of the thread.
        kind: its class.
    """

    def __init__(self, name: str, *, kind: type[threading.Thread] = threading.Thread) -> None:
        self._ending = threading.Event()
        self._thread = kind(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread, and wait until it has ended."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError
