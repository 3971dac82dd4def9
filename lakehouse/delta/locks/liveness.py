"""Liveness of processes that rewrite an object as a heartbeat: owners of leases, the stream lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse.delta.locks.owner import LockOwner

# A process without a heartbeat counts as alive for this long.
EXPIRY_SECONDS = 60.0


def is_alive(owner: LockOwner, seconds: float, *, expiry: float = EXPIRY_SECONDS) -> bool:
    """Return whether a process counts as alive.

    On its own host a process counts as dead as soon as it is gone.

    Args:
        owner: the process.
        seconds: how long ago it wrote its object.
        expiry: after how many seconds without a heartbeat it counts as dead.
    """
    return seconds <= expiry and not owner.has_ended()
