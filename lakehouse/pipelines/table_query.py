"""The table query: from Kafka into bronze, silver, gold and quarantine of the stream lane.

Its checkpoint in the object store keeps its position and its id, by which Delta knows its writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame

from foundation.offsets import LostOffsets, Positions
from foundation.settings import Settings
from lakehouse.bronze import sources
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines import data_loss
from lakehouse.pipelines.micro_batches import MicroBatches
from lakehouse.pipelines.stream_writer import StreamBatchWriter


class TableQuery:
    """The query that writes the tables.

    Args:
        lake: the lakehouse.
        settings: Kafka, and how much a micro-batch may read.
        writer: writes a micro-batch.
        earliest: asks Kafka for the first offsets that it still has.
        run: commit info with the lane and the run of every micro-batch.
    """

    name = "tables"

    def __init__(
        self,
        lake: DeltaLake,
        settings: Settings,
        *,
        writer: StreamBatchWriter,
        earliest: Callable[[], Positions],
        run: CommitInfo,
    ) -> None:
        self._lake = lake
        self._settings = settings
        self._writer = writer
        self._earliest = earliest
        self._run = run

    @property
    def trigger_seconds(self) -> float:
        """How often the tables are written."""
        return self._settings.stream.tables_trigger_seconds

    def open(self, on_written: Callable[[], None]) -> MicroBatches:
        """Return the query; it starts at the position in its checkpoint.

        Args:
            on_written: called after each micro-batch.

        Raises:
            TransientError: the object store or Kafka does not answer.
            TerminalError: Kafka has removed records that the tables do not have.
        """
        self._writer.ensure()
        lost = self._detect_data_loss()
        limit = self._settings.stream.max_offsets_per_trigger
        source = sources.read_kafka(
            self._lake.spark, self._settings.kafka, offsets_per_batch=limit, skip_lost_offsets=bool(lost)
        )

        def write(rows: DataFrame, batch: MicroBatch) -> StepMetrics:
            counts = self._writer.write(rows, batch)
            on_written()
            return counts

        checkpoint = self._lake.checkpoint("stream")
        return MicroBatches(source, write, checkpoint=checkpoint, run=self._run, lost=lost)

    def close(self) -> None:
        """Do nothing: the checkpoint stays."""

    def _detect_data_loss(self) -> Sequence[LostOffsets]:
        position = self._lake.checkpoint("stream").position()
        # Asked even when nothing can be lost yet, so that it shows at once if Kafka does not answer.
        earliest = self._earliest()
        lost = data_loss.find_lost(position or {}, earliest, kafka=self._settings.kafka)
        for part in lost:
            data_loss.record(self._lake, part)
        return lost
