"""Leases: a table has one writer at a time; errors name a live owner, and a dead owner loses its lease."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from foundation.clients import s3_client
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.delta.locks.lease import Leases, LeaseTiming
from lakehouse.delta.locks.lease_store import LeaseHeldError, LeaseLostError
from lakehouse.delta.locks.owner import LockOwner
from tests import commands, stored
from tests.relay import SeesLeaseRead, Watcher, before_s3

NAME = "silver.pins_batch"
SHORT = LeaseTiming(beat=0.1, expiry=2.0)
HOLDS = """
import sys
from foundation.object_store import ObjectStore
from lakehouse.delta.locks.lease import Leases
from foundation import settings
loaded = settings.load()
with Leases(ObjectStore.open(loaded.s3), command="pinlake silver").hold(sys.argv[1]):
    print("held", flush=True)
    input()
"""


class LosesFirstAnswer(Watcher):
    """Loses the first response to a request that creates an object of a lease."""

    def __init__(self) -> None:
        self.lost = 0
        self._waiting = False

    def on_request(self, data: bytes) -> bytes:
        self._waiting = self._waiting or (not self.lost and b"/_leases/" in data and data.startswith(b"PUT "))
        return data

    def on_response(self, data: bytes) -> bytes:
        if self._waiting and data.startswith(b"HTTP/1.1 200"):
            self._waiting, self.lost = False, 1
            raise ConnectionAbortedError
        return data


@pytest.fixture
def leases(own: Settings) -> Leases:
    return _leases(own)


def test_a_living_owner_is_named_and_its_lease_is_free_after_it(own: Settings, leases: Leases) -> None:
    for _ in range(3):
        with (
            leases.hold(NAME),
            pytest.raises(
                LeaseHeldError, match=rf"{NAME} is being written by `pinlake test` \(pid \d+ on .+, since"
            ),
            _leases(own).hold(NAME),
        ):
            pytest.fail("held twice")

    assert _generations(own) == [f"_leases/{NAME}/{3:020}.json"]


def test_of_many_that_ask_at_once_one_gets_it(own: Settings) -> None:
    gate = threading.Barrier(8)
    leave = threading.Event()

    def compete(_: int) -> int:
        gate.wait()
        try:
            with _leases(own).hold(NAME):
                leave.wait(20)
                return 1
        except LeaseHeldError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(compete, number) for number in range(8)]
        commands.until(lambda: sum(future.done() for future in running) == 7)
        leave.set()
        assert sum(future.result() for future in running) == 1


def test_who_waits_gets_it_when_its_owner_ends(own: Settings, leases: Leases) -> None:
    watcher = SeesLeaseRead()
    with before_s3(own, watcher) as relay_settings, ThreadPoolExecutor(1) as pool:
        with leases.hold(NAME):
            future = pool.submit(_hold_once, relay_settings, 30.0)
            assert watcher.read.wait(20)
        assert future.result(20)


def test_a_killed_owner_of_this_host_is_taken_over_at_once(own: Settings, leases: Leases) -> None:
    with commands.ended(_holder(own)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        child.kill()
        child.wait(20)

        with leases.hold(NAME):
            assert _generations(own) == [f"_leases/{NAME}/{2:020}.json"]


def test_an_owner_elsewhere_is_taken_over_once_its_heartbeat_stays_away(own: Settings) -> None:
    elsewhere = replace(LockOwner.this_process("pinlake gold"), host_id="elsewhere", host="other.example")
    _put(own, 7, elsewhere)
    with (
        pytest.raises(LeaseHeldError, match=r"`pinlake gold` \(pid \d+ on other\.example"),
        _leases(own).hold(NAME),
    ):
        pytest.fail("taken from a living owner")

    with _leases(own, SHORT).hold(NAME, wait_seconds=20):
        assert _generations(own) == [f"_leases/{NAME}/{8:020}.json"]


def test_a_heartbeat_keeps_a_lease_beyond_its_expiry(own: Settings) -> None:
    patience = 2 * SHORT.expiry
    with (
        _leases(own, SHORT).hold(NAME),
        pytest.raises(LeaseHeldError),
        _leases(own, SHORT).hold(NAME, wait_seconds=patience),
    ):
        pytest.fail("taken from a living owner")


def test_who_loses_a_lease_hears_of_it_and_fails(own: Settings) -> None:
    loss_reported = threading.Event()
    with (
        pytest.raises(LeaseLostError, match=r"lost to `pinlake gold` \(pid"),
        _leases(own, SHORT).hold(NAME, on_lost=loss_reported.set) as lost,
    ):
        _put(own, 2, LockOwner.this_process("pinlake gold"))
        assert loss_reported.wait(20)
        assert lost.is_set()

    # It does not release a lease that it has lost.
    with pytest.raises(LeaseHeldError), _leases(own).hold(NAME):
        pytest.fail("taken from a living owner")


def test_a_lost_answer_does_not_lose_the_lease(own: Settings) -> None:
    watcher = LosesFirstAnswer()
    with before_s3(own, watcher) as relay_settings, _leases(relay_settings).hold(NAME):
        assert watcher.lost == 1
        assert _generations(own) == [f"_leases/{NAME}/{1:020}.json"]


def test_a_second_stream_is_refused_in_one_line(own: Settings, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with _leases(own).hold("stream"), commands.start("stream", "--once", settings=own, log=log) as second:
        assert second.wait(60) == 1

    assert log.read_text().startswith("error: stream is being written by `pinlake test` (pid")
    assert len(log.read_text().splitlines()) == 1


def test_a_terminated_step_ends_its_spark_and_gives_its_lease_back(own: Settings, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with commands.ended(commands.start("silver", settings=own, log=log)) as step:
        commands.until(lambda: stored.keys(own, "warehouse/bronze/") or step.poll() is not None)
        java = [child for child in psutil.Process(step.pid).children() if child.name() == "java"]
        assert java, log.read_text()
        step.send_signal(signal.SIGTERM)
        assert step.wait(30) == 128 + signal.SIGTERM, log.read_text()

    assert psutil.wait_procs(java, timeout=20)[1] == []
    assert stored.lease(own, NAME)["released"]
    assert "Traceback" not in log.read_text()


def _leases(settings: Settings, timing: LeaseTiming = LeaseTiming()) -> Leases:  # noqa: B008  # frozen
    return Leases(ObjectStore.open(settings.s3), command="pinlake test", timing=timing)


def _hold_once(settings: Settings, seconds: float) -> bool:
    with _leases(settings).hold(NAME, wait_seconds=seconds):
        return True


def _holder(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDS, NAME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=commands.environment(settings),
    )


def _put(settings: Settings, number: int, owner: LockOwner) -> None:
    """Write a generation as its owner would."""
    body = json.dumps({"owner": owner.as_dict(), "token": "", "released": False}).encode()
    key = f"_leases/{NAME}/{number:020}.json"
    s3_client(settings.s3).put_object(Bucket=settings.s3.bucket, Key=key, Body=body)


def _generations(settings: Settings) -> list[str]:
    return stored.keys(settings, f"_leases/{NAME}/")
