"""Liveness: a process counts as dead after its last heartbeat has expired, or as soon as it has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse.delta.locks.liveness import EXPIRY_SECONDS, is_alive
from lakehouse.delta.locks.owner import LockOwner

OWNER = LockOwner.this_process("pinlake silver")
# Its start time is not that of this process, so its pid has been used again.
ENDED = replace(OWNER, started=0.0)


@pytest.mark.parametrize(
    ("owner", "seconds", "alive"),
    [
        (OWNER, 0.0, True),
        (OWNER, EXPIRY_SECONDS, True),
        (OWNER, EXPIRY_SECONDS + 0.1, False),
        (ENDED, 0.0, False),
        (replace(ENDED, host_id="another host"), EXPIRY_SECONDS, True),
        (replace(ENDED, host_id="another host"), EXPIRY_SECONDS + 0.1, False),
    ],
)
def test_a_heartbeat_counts_until_it_expires_or_its_process_has_ended(
    owner: LockOwner, seconds: float, alive: bool
) -> None:
    assert is_alive(owner, seconds) == alive


def test_an_expiry_can_be_given() -> None:
    assert is_alive(OWNER, 90.0, expiry=90.0)
    assert not is_alive(OWNER, 2.0, expiry=1.0)
