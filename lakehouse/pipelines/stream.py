"""The stream lane: two queries in one driver, which read the same events, each at its own pace.

The serving query sends them to Postgres, the table query to bronze, silver, gold and quarantine. A server
that is away stops only the query that needs it.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from pyspark import inheritable_thread_target
from pyspark.sql import SparkSession

from foundation import kafka_admin
from foundation.errors import TerminalError, TransientError
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.pipelines import stream_status_writer
from lakehouse.pipelines.query_runner import QueryRunner, StreamQuery
from lakehouse.pipelines.serving_query import ServingQuery
from lakehouse.pipelines.serving_writer import ServingBatchWriter
from lakehouse.pipelines.stream_status_writer import StreamStatusWriter
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.pipelines.table_query import TableQuery
from lakehouse.quality.results import GateStats
from lakehouse.quality.stream_audit import StreamAuditor
from lakehouse.serving.postgres import ServingDatabase

_POLL_SECONDS = 0.2


class StreamLane:
    """The two queries of the stream lane, and the audit of its tables.

    Args:
        serving: the query that writes Postgres.
        tables: the query that writes the tables.
        auditor: audits the tables.
        status: writes the lane's status.
        timeout_seconds: how long each query waits for servers.
    """

    def __init__(
        self,
        serving: StreamQuery,
        tables: StreamQuery,
        *,
        auditor: StreamAuditor,
        status: StreamStatusWriter,
        timeout_seconds: float,
    ) -> None:
        self._serving, self._tables = (
            QueryRunner(query, status=status, timeout_seconds=timeout_seconds) for query in (serving, tables)
        )
        self._auditor = auditor
        self._status = status

    def drain(self) -> StepMetrics:
        """Write what Kafka holds now, to Postgres first, then audit the tables; return the tables' counts.

        If Postgres does not answer, the tables are written all the same.

        Raises:
            TransientError: a server does not answer.
            TerminalError: Kafka has removed records that a query had not read.
        """
        with self._status:
            unserved: TransientError | None = None
            try:
                self._serving.drain()
            except TransientError as error:
                unserved = error
            counts = self._tables.drain()
            self._auditor.audit_once()
            if unserved:
                raise unserved
            return counts

    def follow(self, *, stop: threading.Event) -> StepMetrics:
        """Write what arrives until `stop` is set, and audit the tables at an interval; return their counts.

        Each query waits for its servers and starts again. If one of them gives up or fails, the other ends
        its micro-batch, and the lane ends too.

        Raises: as `drain`.
        """
        ending = threading.Event()

        def run(runner: QueryRunner) -> StepMetrics:
            try:
                return runner.follow(stop=ending)
            finally:
                ending.set()

        with self._status, self._auditor, ThreadPoolExecutor(max_workers=2) as pool:
            try:
                running = [
                    pool.submit(inheritable_thread_target(partial(run, runner)))
                    for runner in (self._serving, self._tables)
                ]
                while not ending.is_set() and not stop.wait(_POLL_SECONDS):
                    pass
            finally:
                ending.set()
            return _last_result(running)


def open_stream(spark: SparkSession, settings: Settings, *, command: str = "pinlake stream") -> StreamLane:
    """Return the stream lane, ready for `drain` or `follow`.

    Args:
        spark: the session.
        settings: Kafka, the object store and Postgres.
        command: the command of this process, as the lane's status shows it.

    Raises:
        TerminalError: a suite is invalid.
    """
    kafka, policy = settings.kafka, settings.text_policy
    lake, stats, run = DeltaLake.of(spark, settings), GateStats(), commit_info.begin(lane=STREAM.name)
    status = stream_status_writer.open_status_writer(settings.s3, command=command)
    earliest = partial(kafka_admin.earliest_offsets, kafka, kafka.stream_topic)
    serving = ServingDatabase(settings.postgres, on_wait=partial(status.mark_waiting, ServingQuery.name))
    return StreamLane(
        ServingQuery(
            lake,
            settings,
            serving=serving,
            writer=ServingBatchWriter(spark, serving, text_policy=policy),
            earliest=earliest,
            run=run,
        ),
        TableQuery(
            lake,
            settings,
            writer=StreamBatchWriter(lake, text_policy=policy, stats=stats),
            earliest=earliest,
            run=run,
        ),
        auditor=StreamAuditor(lake, gates=stats, seconds=settings.quality.audit_seconds),
        status=status,
        timeout_seconds=settings.stream.timeout_seconds,
    )


def _last_result(running: list[Future[StepMetrics]]) -> StepMetrics:
    """Return the result of the last; raise the error of any, one that waiting does not help first."""
    errors = [error for future in running if (error := future.exception())]
    for error in sorted(errors, key=lambda error: not isinstance(error, TerminalError)):
        raise error
    return running[-1].result()
