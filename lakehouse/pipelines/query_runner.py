"""The runner of one query of the stream lane: it waits for servers and starts the query again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_random_exponential,
)

from foundation.errors import TransientError, first_line
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines.micro_batches import MicroBatches
from lakehouse.pipelines.stream_status_writer import StreamStatusWriter

log = structlog.get_logger()

# A query that has run for longer has recovered, even if it had nothing to write.
_RECOVERED_SECONDS = 60.0


class StreamQuery(Protocol):
    """A query of the stream lane."""

    name: str

    @property
    def trigger_seconds(self) -> float:
        """The time between two micro-batches, if each ends in time."""

    def open(self, on_written: Callable[[], None]) -> MicroBatches:
        """Ask every server that the query needs, and return it at its position."""

    def close(self) -> None:
        """Remove what the query needs only while it runs."""


class QueryRunner:
    """Runs one query; a server that does not answer stops this one and no other.

    Args:
        query: the query.
        status: writes the lane's status.
        timeout_seconds: how long to wait for servers.
    """

    def __init__(self, query: StreamQuery, *, status: StreamStatusWriter, timeout_seconds: float) -> None:
        self._query = query
        self._status = status
        self._timeout_seconds = timeout_seconds
        self._counts = StepMetrics()
        self._failing_since: float | None = None

    def drain(self) -> StepMetrics:
        """Write what Kafka holds now.

        Raises:
            TransientError: a server does not answer.
            TerminalError: Kafka has removed records that the query had not read.
        """
        try:
            return self._open().drain()
        finally:
            self._query.close()

    def follow(self, *, stop: threading.Event) -> StepMetrics:
        """Write what arrives until `stop` is set.

        If a server does not answer, the query is started again at growing intervals, until nothing could be
        written for as long as the settings allow.

        Raises: as `drain`.
        """

        def give_up(state: RetryCallState) -> StepMetrics:
            assert state.outcome is not None  # an attempt has been made
            return self._counts if stop.is_set() else state.outcome.result()

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_random_exponential(multiplier=0.5, max=10),
            stop=lambda state: stop_when_event_set(stop)(state) or self._has_waited_enough(),
            sleep=sleep_using_event(stop),
            before_sleep=self._report_wait,
            retry_error_callback=give_up,
        )
        try:
            return retrying(lambda: self._follow(stop=stop))
        finally:
            self._query.close()

    def _follow(self, *, stop: threading.Event) -> StepMetrics:
        """Run the query once; return the counts of all its runs so far."""
        began = time.monotonic()
        try:
            micro_batches = self._open()
            # Opening the query asked every server, so each of them answers again.
            self._status.mark_running(self._query.name)
            try:
                micro_batches.follow(trigger_seconds=self._query.trigger_seconds, stop=stop)
            finally:
                self._counts += micro_batches.counts
        except TransientError:
            now = time.monotonic()
            if self._failing_since is None or now - began > _RECOVERED_SECONDS:
                self._failing_since = now
            raise
        return self._counts

    def _open(self) -> MicroBatches:
        """Open the query; a server that Java does not reach is one to wait for."""
        try:
            return self._query.open(self._note_written)
        except (PySparkException, Py4JJavaError) as error:
            cause = error.java_exception if isinstance(error, Py4JJavaError) else error
            raise TransientError(
                f"Spark could not start: {first_line(str(cause))}",
                where=f"the query {self._query.name} of the stream lane",
                hint="Check the servers with `pinlake status`; nothing is lost.",
            ) from error

    def _note_written(self) -> None:
        self._failing_since = None
        self._status.mark_written(self._query.name)

    def _has_waited_enough(self) -> bool:
        since = self._failing_since
        return since is not None and time.monotonic() - since > self._timeout_seconds

    def _report_wait(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        name = self._query.name
        log.warning("the stream lane waits", query=name, attempt=state.attempt_number, error=str(error))
        self._status.mark_waiting(name, str(error))
