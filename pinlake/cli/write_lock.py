"""The lock of a command that writes tables."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foundation.settings import Settings

TERMINATED = 128 + signal.SIGTERM


@contextmanager
def write_lock(subcommand: str, names: Sequence[str], *, wait: float) -> Iterator[Settings]:
    """Load the settings and hold leases until the block ends; SIGTERM ends the block in order.

    Args:
        subcommand: the name of the command that writes.
        names: of the leases: see `lakehouse.delta.locks.table_locks`.
        wait: how long to wait for each lease, in seconds.

    Raises: as `lakehouse.delta.locks.table_locks.hold_locks`.
    """
    from foundation import settings as settings_module
    from lakehouse.delta.locks import table_locks

    settings = settings_module.load()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    with table_locks.hold_locks(settings, names, command=f"pinlake {subcommand}", wait=wait):
        yield settings
