"""Downstream consumers of a table: the steps that read it as a stream."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.catalog.tables import BATCH, Table


@dataclass(frozen=True)
class DownstreamConsumer:
    """A step that continues reading a table where its checkpoint says.

    Attributes:
        step: the step's command.
        reads: the table that it reads.
        writes: the table that it writes; its checkpoint is named after this one.
    """

    step: str
    reads: Table
    writes: Table

    @property
    def checkpoint(self) -> str:
        """The checkpoint's name: see `lakehouse.catalog.locations.Locations.checkpoint`."""
        return self.writes.full_name

    @property
    def follows_changes(self) -> bool:
        """Whether it reads row changes; if not, it does not notice a commit that removes rows."""
        return self.reads.change_feed


# The stream lane reads nothing but Kafka.
CONSUMERS = (
    DownstreamConsumer("silver", BATCH.bronze, BATCH.silver),
    DownstreamConsumer("gold", BATCH.silver, BATCH.features),
)


def consumers_of(table: Table) -> tuple[DownstreamConsumer, ...]:
    """Return the downstream consumers of a table."""
    return tuple(consumer for consumer in CONSUMERS if consumer.reads.full_name == table.full_name)
