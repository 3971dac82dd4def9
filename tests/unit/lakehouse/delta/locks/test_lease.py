"""Leases: one process holds a name at a time, keeps it by heartbeats, and notices when it has lost it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from foundation.errors import TransientError
from lakehouse.delta.locks.lease import Leases, LeaseTiming
from lakehouse.delta.locks.lease_store import LeaseHeldError, LeaseLostError
from lakehouse.delta.locks.owner import LockOwner
from tests.unit.in_memory_bucket import InMemoryBucket

NAME = "silver.pins_batch"
# No heartbeat within a test, or one after another.
RARE, OFTEN = LeaseTiming(beat=600.0), LeaseTiming(beat=0.001)
SECONDS = 20.0


@pytest.fixture
def s3() -> InMemoryBucket:
    return InMemoryBucket()


def _leases(s3: InMemoryBucket, command: str = "pinlake silver", *, timing: LeaseTiming = RARE) -> Leases:
    return Leases(s3.store, command=command, timing=timing)


def test_a_second_process_is_refused_until_the_block_ends(s3: InMemoryBucket) -> None:
    other = _leases(s3, "pinlake rebuild")

    with _leases(s3).hold(NAME) as lost:
        with pytest.raises(LeaseHeldError, match=r"silver\.pins_batch is being written by `pinlake silver`"):
            other.hold(NAME).__enter__()
        with other.hold("another.name"):
            pass
        assert not lost.is_set()

    with other.hold(NAME):
        pass


def test_an_error_in_the_block_releases_the_lease_and_is_raised(s3: InMemoryBucket) -> None:
    with pytest.raises(ValueError, match="of the block"), _leases(s3).hold(NAME):
        raise ValueError("of the block")

    with _leases(s3).hold(NAME):
        pass


def test_a_waiting_process_gets_the_lease_when_its_owner_has_ended(
    s3: InMemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = _leases(s3).hold(NAME)
    owner.__enter__()
    waits: list[float] = []

    def release_after_two_waits(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            owner.__exit__(None, None, None)

    monkeypatch.setattr("tenacity.nap.time.sleep", release_after_two_waits)
    with _leases(s3, "pinlake rebuild").hold(NAME, wait_seconds=60):
        pass

    assert waits == [0.5, 0.5]


def test_a_lease_without_heartbeats_is_taken_over_and_its_owner_is_notified(s3: InMemoryBucket) -> None:
    notified = threading.Event()

    with (
        pytest.raises(LeaseLostError, match=r"was lost to `pinlake rebuild`") as raised,
        _leases(s3, timing=OFTEN).hold(NAME, on_lost=notified.set) as lost,
    ):
        _take_over(s3)
        assert lost.wait(SECONDS)
        assert notified.wait(SECONDS)

    assert "Nothing is lost: run it again." in raised.value.hint
    assert raised.value.where == f"s3://pinlake/_leases/{NAME}/"


def test_a_heartbeat_that_fails_is_tried_again(s3: InMemoryBucket) -> None:
    with capture_logs() as logs, _leases(s3, timing=OFTEN).hold(NAME) as lost:
        s3.is_unreachable = True
        _until_logged(logs)
        s3.is_unreachable = False
        assert not lost.is_set()

    assert all("EndpointConnectionError" in entry["error"] for entry in logs)
    with _leases(s3, "pinlake rebuild").hold(NAME):
        pass


def test_a_store_that_does_not_answer_is_reported_before_the_block(s3: InMemoryBucket) -> None:
    s3.is_unreachable = True

    with pytest.raises(TransientError, match="PINLAKE_S3_ENDPOINT"), _leases(s3).hold(NAME):
        pytest.fail("the block must not run")


def _take_over(s3: InMemoryBucket) -> None:
    """Let another process create the next generation, because it takes the owner for dead."""
    owner = replace(LockOwner.this_process("pinlake rebuild"), pid=1)
    body = json.dumps({"owner": owner.as_dict(), "token": "another", "released": False}).encode()
    s3.client.put_object(Bucket="pinlake", Key=f"_leases/{NAME}/{2:020}.json", Body=body)


def _until_logged(logs: Sequence[object]) -> None:
    pause = threading.Event()
    for _ in range(2000):
        if logs:
            return
        pause.wait(0.01)
    pytest.fail("no heartbeat was sent")
