"""A local stack in a temporary home, for the duration of a block."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation import settings as settings_module
from foundation.settings import Settings
from local_stack import addresses, stack


@contextmanager
def temporary_stack(name: str) -> Iterator[Settings]:
    """Start a new stack and yield its settings; stop it and remove its data afterwards.

    Args:
        name: prefix of the name of its folder.
    """
    with tempfile.TemporaryDirectory(prefix=f"pinlake-{name}-") as folder:
        loaded = settings_module.load(home=Path(folder))
        try:
            yield addresses.point(loaded, stack.up(loaded))
        finally:
            stack.down(loaded)
