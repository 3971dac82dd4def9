"""Which leases stand for which writes, and how a command holds them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from foundation.clients import s3_client
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.catalog.tables import STREAM as STREAM_LANE
from lakehouse.delta.locks.lease import Leases
from lakehouse.spark.log_store import probe

# One for each step of the batch lane, named after the table it is about, and one for the whole stream.
BRONZE, SILVER, GOLD = (table.full_name for table in (BATCH.bronze, BATCH.silver, BATCH.features))
BATCH_LANE = (BRONZE, SILVER, GOLD)
STREAM = "stream"
_OF_TABLES = {
    BATCH.bronze: (BRONZE,),
    BATCH.silver: (SILVER,),
    BATCH.quarantine: (SILVER, GOLD),
    BATCH.features: (GOLD,),
    CATEGORY_DAILY: (GOLD,),
    **dict.fromkeys(STREAM_LANE.tables, (STREAM,)),
}


def of(table: Table) -> tuple[str, ...]:
    """Return the leases of the steps that write a table; none for those that everybody appends to."""
    return _OF_TABLES.get(table, ())


@contextmanager
def held(settings: Settings, names: Sequence[str], *, command: str, wait: float = 0.0) -> Iterator[None]:
    """Hold leases until the end of the block, once the store has shown that it arbitrates between writers.

    With `single_writer` there are none: the store could not grant them. If one is lost, this process gets
    SIGTERM, whose handler has to end the block.

    Args:
        settings: the store.
        names: of the leases; whoever holds several takes them in the order of the lane.
        command: what this process runs, as others are told.
        wait: how long to wait for each of them, in seconds.

    Raises:
        ConfigurationError: the store cannot arbitrate.
        Held: another process holds one of them.
        Lost: another process has taken one over within the block.
    """
    client = s3_client(settings.s3)
    probe.require_conditional_writes(client, settings.s3)
    with ExitStack() as leased:
        if not settings.s3.single_writer:
            leases = Leases(client, bucket=settings.s3.bucket, command=command)
            for name in names:
                leased.enter_context(leases.hold(name, wait_seconds=wait, on_lost=_end))
        yield


def _end() -> None:
    # To the main thread, whose blocking call it must interrupt.
    main = threading.main_thread().ident
    assert main is not None  # it runs
    signal.pthread_kill(main, signal.SIGTERM)
