"""Owners of leases: a process counts as ended if that is certain, and as dead after its last heartbeat."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from lakehouse.delta.locks.owner import EXPIRY_SECONDS, LockOwner

OWNER = LockOwner.this_process("pinlake silver")
# Its start time is not that of this process, so its pid has been used again.
ENDED = replace(OWNER, started=0.0)


def test_a_running_process_has_not_ended_and_is_named() -> None:
    owner = LockOwner.this_process("pinlake silver")

    assert not owner.has_ended()
    assert str(owner).startswith(f"`pinlake silver` (pid {owner.pid} on {owner.host}, since 20")


def test_an_owner_is_read_back_from_the_names_that_are_stored() -> None:
    owner = LockOwner.this_process("pinlake silver")
    stored = json.loads(json.dumps(owner.as_dict()))

    assert list(stored) == ["command", "host", "place", "pid", "started", "since"]
    assert LockOwner.from_dict(stored) == owner


def test_a_process_has_ended_once_its_pid_is_free_or_reused() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = psutil.Process(child.pid).create_time()
        owner = replace(LockOwner.this_process("pinlake silver"), pid=child.pid, started=started)
        assert not owner.has_ended()
        assert replace(owner, started=started - 60).has_ended()
        child.kill()
        # Its parent has not waited for it yet, so the system keeps its pid.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert owner.has_ended()

    assert owner.has_ended()


def test_a_process_on_another_host_never_counts_as_ended() -> None:
    owner = replace(LockOwner.this_process("pinlake silver"), host_id="elsewhere", pid=2**22 + 1)

    assert not owner.has_ended()


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
    assert owner.is_alive(seconds) == alive


def test_an_expiry_can_be_given() -> None:
    assert OWNER.is_alive(90.0, expiry=90.0)
    assert not OWNER.is_alive(2.0, expiry=1.0)
