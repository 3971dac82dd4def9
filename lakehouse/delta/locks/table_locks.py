"""The locks of tables: the leases that each write needs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.catalog import locations
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Table
from lakehouse.delta.locks.lease import Leases

# One per step of the batch lane, named after the table that it writes, and one for the whole stream lane.
BRONZE_LOCK = BATCH.bronze.full_name
SILVER_LOCK = BATCH.silver.full_name
GOLD_LOCK = BATCH.features.full_name
BATCH_LOCKS = (BRONZE_LOCK, SILVER_LOCK, GOLD_LOCK)
STREAM_LOCK = "stream"
_LOCKS_OF = {
    BATCH.bronze: (BRONZE_LOCK,),
    BATCH.silver: (SILVER_LOCK,),
    BATCH.quarantine: (SILVER_LOCK, GOLD_LOCK),
    BATCH.features: (GOLD_LOCK,),
    CATEGORY_DAILY: (GOLD_LOCK,),
    **dict.fromkeys(STREAM.tables, (STREAM_LOCK,)),
}


def locks_of(table: Table) -> tuple[str, ...]:
    """Return the locks of the steps that write a table; none for the tables that every step appends to."""
    return _LOCKS_OF.get(table, ())


@contextmanager
def hold_locks(
    settings: Settings, names: Sequence[str], *, command: str, wait: float = 0.0
) -> Iterator[None]:
    """Hold locks until the end of the block.

    First the store must prove that it can arbitrate between writers. With `single_writer` there are no
    locks, because the store could not grant them. If a lock is lost, this process gets SIGTERM, whose handler
    must end the block.

    Args:
        settings: the store.
        names: the locks; they must be given in the order of the lane, so that no two processes wait for each
            other.
        command: the command that this process runs, as other processes report it.
        wait: how long to wait for each lock, in seconds.

    Raises:
        ConfigurationError: the store cannot arbitrate.
        LeaseHeldError: another process holds one of the locks.
        LeaseLostError: another process has taken a lock over within the block.
    """
    with ExitStack() as stack:
        if not settings.s3.single_writer:
            store = ObjectStore.open(settings.s3)
            store.require_conditional_writes(locations.TABLES)
            leases = Leases(store, command=command)
            for name in names:
                stack.enter_context(leases.hold(name, wait_seconds=wait, on_lost=_terminate))
        yield


def _terminate() -> None:
    # The signal goes to the main thread, whose blocking call it must interrupt.
    main = threading.main_thread().ident
    assert main is not None  # the main thread is running
    signal.pthread_kill(main, signal.SIGTERM)
