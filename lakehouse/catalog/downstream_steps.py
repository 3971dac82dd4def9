"""The steps downstream of a table: they read it as a stream."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.catalog.tables import BATCH, Table


@dataclass(frozen=True)
class DownstreamStep:
    """A step that continues reading a table where its checkpoint says.

    Attributes:
        name: its command.
        reads: the table that it reads.
        writes: the table that it writes; its checkpoint is named after this one.
    """

    name: str
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
DOWNSTREAM_STEPS = (
    DownstreamStep("silver", BATCH.bronze, BATCH.silver),
    DownstreamStep("gold", BATCH.silver, BATCH.features),
)


def list_downstream_steps(table: Table) -> tuple[DownstreamStep, ...]:
    """Return the steps that read a table as a stream."""
    return tuple(step for step in DOWNSTREAM_STEPS if step.reads.full_name == table.full_name)
