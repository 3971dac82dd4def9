"""The writer of the stream lane's status: a thread that puts it into the bucket while the lane runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

import structlog

from foundation.clients import S3Timeouts
from foundation.errors import PinlakeError
from foundation.object_store import ObjectStore
from foundation.settings import S3Settings
from lakehouse.delta.locks.owner import LockOwner
from lakehouse.pipelines import stream_status
from lakehouse.pipelines.stream_status import KEY, StreamStatus

log = structlog.get_logger()

# The second attempt is for an idle connection that the store closed.
_TIMEOUTS = S3Timeouts(connect=3.0, read=5.0, attempts=2)


@dataclass(frozen=True)
class Intervals:
    """When the status is written, in seconds. A change of state is written at once.

    Attributes:
        heartbeat: longest time between two writes, whatever happens.
        between_writes: least time before a write that says only that another micro-batch was written,
            and before the next try after the store did not answer.
        final_write: how long the end of a lane waits for its last write.
    """

    heartbeat: float = 10.0
    between_writes: float = 5.0
    final_write: float = 10.0


class StreamStatusWriter:
    """Writes the lane's status in a thread of its own; a context manager.

    If the object store does not answer, that is logged once and the write is tried again. The lane waits only
    for the final write. If a suspended lane loses its lock and wakes up, the new owner's next heartbeat
    replaces what it wrote.

    Args:
        put: writes the object; raises PinlakeError.
        owner: the lane's process.
        intervals: when the status is written.
    """

    def __init__(
        self, put: Callable[[str], object], *, owner: LockOwner, intervals: Intervals = Intervals()
    ) -> None:
        self._put = put
        self._owner = owner
        self._intervals = intervals
        self._changed = threading.Condition()
        self._begin()

    def __enter__(self) -> StreamStatusWriter:
        """Start the thread, which first writes that the lane runs."""
        self._begin()
        self._thread = threading.Thread(target=self._run, name="stream status", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write that the lane has ended, with the error if there is one."""
        reason = None if error is None else str(error) or type(error).__name__
        with self._changed:
            self._ending = True
            self._set(self._status.as_ended(reason, _now()), within=0.0)
        self._thread.join(self._intervals.final_write)

    def mark_running(self, query: str) -> None:
        """Note that all servers that a query needs have answered."""
        with self._changed:
            if not self._status.is_query_running(query):
                self._set(self._status.as_running(query, _now()), within=0.0)

    def mark_written(self, query: str) -> None:
        """Note that a query has written a micro-batch."""
        with self._changed:
            is_change = not self._status.is_query_running(query)
            since_last = time.monotonic() - self._written_at
            within = 0.0 if is_change else self._intervals.between_writes - since_last
            self._set(self._status.as_written(query, _now()), within=within)

    def mark_waiting(self, query: str, reason: str) -> None:
        """Note what a query waits for."""
        with self._changed:
            is_change = self._status.is_query_running(query) or query not in self._status.queries
            self._set(
                self._status.as_waiting(query, reason, _now()),
                within=0.0 if is_change else self._intervals.between_writes,
            )

    def _begin(self) -> None:
        self._status = stream_status.initial_status(self._owner, _now())
        self._due = self._written_at = time.monotonic()
        self._ending = self._failing = False

    def _set(self, status: StreamStatus, *, within: float) -> None:
        self._status = status
        self._due = min(self._due, time.monotonic() + within)
        self._changed.notify_all()

    def _run(self) -> None:
        ending = False
        while not ending:
            status, ending = self._next()
            pause = self._intervals.heartbeat if self._write(status) else self._intervals.between_writes
            with self._changed:
                self._written_at = time.monotonic()
                # A change during the write may be due earlier.
                self._due = min(self._due, self._written_at + pause)

    def _next(self) -> tuple[StreamStatus, bool]:
        """Wait until a status is due; return it and whether it is the last one."""
        with self._changed:
            while (seconds := self._due - time.monotonic()) > 0:
                self._changed.wait(seconds)
            self._due = float("inf")
            return self._status, self._ending

    def _write(self, status: StreamStatus) -> bool:
        try:
            self._put(status.as_json())
        except PinlakeError as error:
            if not self._failing:
                log.warning("the stream's status could not be written, trying again", error=str(error))
            self._failing = True
            return False
        self._failing = False
        return True


def open_status_writer(s3: S3Settings, *, command: str) -> StreamStatusWriter:
    """Return a status writer for this process.

    Args:
        s3: the address of the bucket.
        command: the command of this process, as the status shows it.
    """
    store = ObjectStore.open(s3, _TIMEOUTS)

    def put(body: str) -> None:
        store.write(KEY, body.encode())

    return StreamStatusWriter(put, owner=LockOwner.this_process(command))


def write_skipped_run(s3: S3Settings, *, command: str) -> None:
    """Write the status of a lane that found nothing to do: it has run and has ended.

    Args: as `open_status_writer`.
    """
    with open_status_writer(s3, command=command):
        pass


def _now() -> datetime:
    return datetime.now(UTC)
