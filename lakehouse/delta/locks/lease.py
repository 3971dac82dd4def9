"""Leases in the object store: only the process that holds the lease on a table writes the table.

`_leases/<name>/<generation>.json` is created with If-None-Match, so each generation has one owner. The
highest generation holds the lease. Its owner overwrites the object as a heartbeat, and once more to release
the lease. Only the store's clock measures the age of an object, so the clocks of hosts need not agree.

A lease keeps writers from wasting work and from failing each other's commits. The correctness of tables does
not depend on it: an owner that was suspended past its expiry may go on writing until its next heartbeat. Then
both processes write the same micro-batch numbers of the same query, and Delta accepts only one of the two.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from foundation.background_thread import BackgroundThread
from foundation.errors import PinlakeError
from foundation.object_store import ObjectStore
from lakehouse.delta.locks.lease_store import LeaseHeldError, LeaseStore
from lakehouse.delta.locks.owner import EXPIRY_SECONDS, LockOwner

_POLL_SECONDS = 0.5
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LeaseTiming:
    """Seconds between heartbeats, and seconds without a heartbeat after which an owner counts as dead."""

    beat: float = 15.0
    expiry: float = EXPIRY_SECONDS


class Leases:
    """The leases of one bucket, for one command of this process.

    Args:
        store: the bucket.
        command: the command that this process runs, as other processes report it.
        timing: heartbeat and expiry; every process must use the same.
    """

    def __init__(self, store: ObjectStore, *, command: str, timing: LeaseTiming = LeaseTiming()) -> None:
        self._store = store
        self._owner = LockOwner.this_process(command)
        self._timing = timing

    @contextmanager
    def hold(
        self, name: str, *, wait_seconds: float = 0.0, on_lost: Callable[[], None] = lambda: None
    ) -> Iterator[threading.Event]:
        """Hold a lease until the end of the block.

        Args:
            name: what is leased, such as a table's name.
            wait_seconds: how long to wait for an owner that is alive.
            on_lost: called by another thread as soon as another process has taken the lease over.

        Yields:
            An event that is set when the lease is lost.

        Raises:
            LeaseHeldError: its owner is alive.
            LeaseLostError: it was lost within the block, whatever else the block raised.
            TransientError: the store does not answer.
        """
        store = LeaseStore(self._store, name)
        retrying = Retrying(
            retry=retry_if_exception_type(LeaseHeldError),
            wait=wait_fixed(_POLL_SECONDS),
            stop=stop_after_delay(wait_seconds),
            reraise=True,
        )
        token = uuid.uuid4().hex
        number = retrying(store.acquire, self._owner, token, expiry=self._timing.expiry)
        heartbeat = _Heartbeat(
            lambda: store.renew(number, self._owner, token), every=self._timing.beat, on_lost=on_lost
        )
        try:
            with heartbeat:
                yield heartbeat.lost
        finally:
            if heartbeat.lost.is_set():
                raise store.lost_error()
            store.release(number, self._owner, token)


class _Heartbeat(BackgroundThread):
    """A thread that renews a lease until the end of the block, or until the lease is lost."""

    def __init__(self, renew: Callable[[], bool], *, every: float, on_lost: Callable[[], None]) -> None:
        super().__init__("lease")
        self._renew = renew
        self._every = every
        self._on_lost = on_lost
        self.lost = threading.Event()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                is_ours = self._renew()
            except PinlakeError as error:
                # While the store is unreachable, no other process can take the lease over either.
                _log.warning("the lease could not be renewed, trying again", error=error.what)
                continue
            if not is_ours:
                self.lost.set()
                self._on_lost()
                return
