"""What every command that writes a lane's tables begins with."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from foundation.errors import UsageError

if TYPE_CHECKING:
    from foundation.settings import Settings

TERMINATED = 128 + signal.SIGTERM
Wait = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for another writer's end.")
]


def require_yes(yes: bool, *, as_json: bool, where: str) -> None:
    """Refuse to ask a question beside JSON.

    Raises:
        UsageError: the answer was not given.
    """
    if as_json and not yes:
        raise UsageError("--json asks no question", where=where, hint="Give --yes too.")


@contextmanager
def sole_writer(subcommand: str, names: Sequence[str], *, wait: float) -> Iterator[Settings]:
    """Load the settings and hold leases until the end of the block; SIGTERM ends the block in order.

    Args:
        subcommand: which one this is.
        names: of the leases: see `lakehouse.delta.locks.table_locks`.
        wait: how long to wait for each of them, in seconds.

    Raises: as `lakehouse.delta.locks.table_locks.held`.
    """
    from foundation import settings as settings_module
    from lakehouse.delta.locks import table_locks

    settings = settings_module.load()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    with table_locks.hold_locks(settings, names, command=f"pinlake {subcommand}", wait=wait):
        yield settings
