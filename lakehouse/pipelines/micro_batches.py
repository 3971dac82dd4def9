"""The micro-batches of a streaming query, each of which is passed to a function that writes it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from foundation.errors import PinlakeError, TransientError, first_line
from foundation.offsets import LostOffsets
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.pipelines.data_loss import exclude_lost

log = structlog.get_logger()

BatchWriter = Callable[[DataFrame, MicroBatch], StepMetrics]

# pyspark starts the server that calls Python back with the first query; two at once would start two.
_OPENING = threading.Lock()


class MicroBatches:
    """One streaming query: a source, a function that writes a micro-batch, and a checkpoint.

    If a write fails, the next run repeats it under the same number, so it must be idempotent.

    Args:
        source: a streaming DataFrame.
        write: writes a micro-batch and returns its counts.
        checkpoint: the query's checkpoint.
        run: commit info with the lane and the run of every micro-batch.
        lost: offsets that the source no longer has.
    """

    def __init__(
        self,
        source: DataFrame,
        write: BatchWriter,
        *,
        checkpoint: Checkpoint,
        run: CommitInfo,
        lost: Sequence[LostOffsets] = (),
    ) -> None:
        self._write = write
        self._checkpoint = checkpoint
        self._info = run
        self._lost = lost
        with _OPENING:
            self._writer = source.writeStream.foreachBatch(self._on_batch).option(
                "checkpointLocation", checkpoint.url
            )
        self._busy = threading.Lock()
        self._failure: PinlakeError | None = None
        self.counts = StepMetrics()

    def drain(self) -> StepMetrics:
        """Write what the source holds now and return the counts.

        Raises:
            PinlakeError: the write raised it.
            TransientError: Spark failed.
        """
        return self._run(self._writer.trigger(availableNow=True), stop=threading.Event())

    def follow(self, *, trigger_seconds: float, stop: threading.Event) -> StepMetrics:
        """Write what arrives until `stop` is set; the current micro-batch is finished first.

        Raises: as `drain`.
        """
        return self._run(self._writer.trigger(processingTime=f"{trigger_seconds} seconds"), stop=stop)

    def _run(self, writer: DataStreamWriter, *, stop: threading.Event) -> StepMetrics:
        query = writer.start()
        try:
            while query.isActive and not stop.is_set():
                query.awaitTermination(1)
            self._finish(query)
        except PySparkException as error:
            raise self._failure or self._spark_error(error) from error
        return self.counts

    def _finish(self, query: StreamingQuery) -> None:
        # Holding the lock means that no write is running, so stopping interrupts none.
        with self._busy:
            query.stop()
        failure = query.exception()
        if failure:
            raise failure

    def _on_batch(self, rows: DataFrame, number: int) -> None:
        started = time.monotonic()
        with self._busy:
            try:
                counts = self._write(rows, self._micro_batch(rows, number))
            except PinlakeError as error:
                self._failure = error
                raise
            except PySparkException as error:
                # Spark would report only that the stream failed.
                self._failure = self._spark_error(error)
                raise
            if counts.read:
                timed = StepMetrics(
                    1, counts.read, counts.written, counts.quarantined, time.monotonic() - started
                )
                self.counts += timed
                log.info("micro-batch written", checkpoint=self._checkpoint.url, number=number, **vars(timed))

    def _spark_error(self, error: PySparkException) -> TransientError:
        return TransientError(
            f"Spark stopped: {first_line(error)}",
            where=self._checkpoint.url,
            hint="Nothing is lost: run it again. Set PINLAKE_SPARK_LOG_LEVEL=WARN to see the cause.",
        )

    def _micro_batch(self, rows: DataFrame, number: int) -> MicroBatch:
        query = rows.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId") or ""
        offsets, versions = self._checkpoint.batch_input(number)
        info = commit_info.begin(lane=self._info.lane, run=self._info.run)
        offsets = exclude_lost(offsets, self._lost)
        info = replace(info, query=query, batch=number, offsets=offsets, versions=versions)
        return MicroBatch(query, number, info, info.began)
