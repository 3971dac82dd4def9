"""The checkpoint of a streaming query: which part of its source each micro-batch reads.

The formats are Spark's and Delta's own. Reading them takes a few small objects and no job, with Spark or
without: see `lakehouse.delta.checkpoint_folder`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from foundation.object_store import ObjectStore
from foundation.offsets import OffsetRange
from lakehouse.catalog import locations
from lakehouse.delta import source_log
from lakehouse.delta.checkpoint_folder import CheckpointFolder, StoreFolder
from lakehouse.delta.commit_info import Versions


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of a query with one source.

    Attributes:
        folder: where it is stored.
    """

    folder: CheckpointFolder

    @property
    def url(self) -> str:
        """The URL of its folder."""
        return self.folder.url

    def batch_input(self, number: int) -> tuple[tuple[OffsetRange, ...], Versions | None]:
        """Return what a micro-batch reads.

        Args:
            number: the micro-batch's number.

        Returns:
            Kafka's offsets, whether read from the broker or from landing objects, and the versions of the
            table, if the source is a table.
        """
        begin, end = self._end(number - 1), self._end(number)
        if "reservoirVersion" in end:
            return (), Versions(_last_version(begin) + 1, _last_version(end))
        if "logOffset" in end:
            after = begin.get("logOffset", -1)
            return tuple(source_log.landed_offsets(self.folder, after=after, until=end["logOffset"])), None
        return _between(begin if number else self.starting_offsets(), end), None

    def last_committed_batch(self) -> int:
        """Return the number of the last micro-batch that is written everywhere; -1 before the first."""
        return _last_number(self.folder.list_names("commits"))

    def last_started_batch(self) -> int:
        """Return the number of the newest micro-batch, committed or under way; -1 before the first."""
        return _last_number(self.folder.list_names("offsets"))

    def next_table_version(self) -> int | None:
        """Return the version of its source table to be read next; None before the first micro-batch."""
        last = self.last_committed_batch()
        return None if last < 0 else int(self._end(last)["reservoirVersion"])

    def position(self) -> dict[str, dict[str, int]]:
        """Return the Kafka offset to be read next, by topic and partition; empty before the first start."""
        last = self.last_committed_batch()
        return self.starting_offsets() if last < 0 else self._end(last)

    def end_of_last_batch(self) -> dict[str, Any]:
        """Return the source's position after the last committed micro-batch; empty before the first."""
        return self._end(self.last_committed_batch())

    def settled_end(self) -> dict[str, Any] | None:
        """Return the same, but None before the first micro-batch and while the newest has not ended."""
        last = self.last_committed_batch()
        return self._end(last) or None if last == self.last_started_batch() else None

    def query_id(self) -> str | None:
        """Return the id of the query, by which Delta knows its writes; None before its first start."""
        text = self.folder.read_text("metadata")
        return str(json.loads(text)["id"]) if text else None

    def end_of_batch(self, number: int) -> dict[str, Any]:
        """Return the source's position after a micro-batch; empty if Spark no longer keeps it."""
        return self._end(number)

    def starting_offsets(self) -> dict[str, dict[str, int]]:
        """Return the Kafka offsets that the query started from; empty before its first micro-batch."""
        # Spark puts a zero byte in front, for the sake of long obsolete versions.
        text = self.folder.read_text("sources/0/0")
        return json.loads(text.lstrip("\x00").splitlines()[-1]) if text else {}

    def _end(self, number: int) -> dict[str, Any]:
        """Return the source's position at the end of a micro-batch; empty before the first."""
        text = self.folder.read_text(f"offsets/{number}") if number >= 0 else None
        return _source_end(text) if text else {}


def stored_checkpoint(store: ObjectStore, name: str) -> Checkpoint:
    """Return the checkpoint of one streaming query, to be read without Spark."""
    return Checkpoint(StoreFolder(store, locations.checkpoint_key(name)))


def read_stream_position(store: ObjectStore, topic: str) -> dict[int, int]:
    """Return the stream lane's position in its topic, without Spark.

    Costs one listing and one small object.

    Args:
        store: the bucket.
        topic: the stream's topic.

    Returns:
        The offset to be read next, by partition; empty before the first micro-batch is written.
    """
    end = stored_checkpoint(store, "stream").end_of_last_batch()
    return {int(partition): offset for partition, offset in end.get(topic, {}).items()}


def _last_number(names: Iterable[str]) -> int:
    """Return the highest number among the names of files; -1 if there is none."""
    return max((int(name) for name in names if name.isdecimal()), default=-1)


def _source_end(text: str) -> dict[str, Any]:
    # The lines are a version, the settings that Spark remembers, and the end of each source.
    end: dict[str, Any] = json.loads(text.splitlines()[2])
    return end


def _between(begin: dict[str, Any], end: dict[str, Any]) -> tuple[OffsetRange, ...]:
    return tuple(
        OffsetRange(topic, int(partition), first, last - 1)
        for topic, partitions in end.items()
        for partition, last in partitions.items()
        if (first := begin.get(topic, {}).get(partition, 0)) < last
    )


def _last_version(end: dict[str, Any]) -> int:
    """Return the last version that has been read: with a negative index, the one before the version named."""
    if not end:
        return -1
    return int(end["reservoirVersion"]) - (1 if end["index"] < 0 else 0)
