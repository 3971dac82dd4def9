"""What every command that writes a lane's tables begins with: a store that arbitrates, and the leases."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pinlake.settings import Settings

TERMINATED = 128 + signal.SIGTERM
Wait = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for another writer's end.")
]


@contextmanager
def sole_writer(command: str, names: Sequence[str], *, wait: float = 0.0) -> Iterator[Settings]:
    """Load the settings and hold leases until the end of the block; SIGTERM ends the block in order.

    With `single_writer` there are no leases: the store could not grant them.

    Args:
        command: the subcommand, as others are told who holds the lease.
        names: what is leased: each table's name, or `stream`.
        wait: how long to wait for each of them, in seconds.

    Raises:
        ConfigurationError: the store cannot arbitrate between writers.
        Held: another process writes one of the tables.
        Lost: another process has taken one over within the block.
    """
    from ingestion.clients import s3_client
    from lakehouse.lease import Leases
    from lakehouse.log_store import probe
    from pinlake import settings as settings_module

    settings = settings_module.load()
    client = s3_client(settings.s3)
    probe.require_conditional_writes(client, settings.s3)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    with ExitStack() as held:
        if not settings.s3.single_writer:
            leases = Leases(client, bucket=settings.s3.bucket, command=f"pinlake {command}")
            for name in names:
                held.enter_context(leases.hold(name, wait_seconds=wait, on_lost=_end))
        yield settings


def _end() -> None:
    # To the main thread, whose blocking call it must interrupt.
    main = threading.main_thread().ident
    assert main is not None  # it runs
    signal.pthread_kill(main, signal.SIGTERM)
