"""Who reads a table as a stream, and what a table that goes back would do to them."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.catalog.tables import BATCH, Table


@dataclass(frozen=True)
class Reader:
    """A step that goes on in a table where its checkpoint says.

    Attributes:
        step: its command.
        reads: the table.
        writes: the table it writes from it, which its checkpoint is named after.
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
        """Whether it reads row changes; if not, it does not see a commit that takes rows away."""
        return self.reads.change_feed


# The stream lane reads nothing but Kafka.
READERS = (Reader("silver", BATCH.bronze, BATCH.silver), Reader("gold", BATCH.silver, BATCH.features))


def of(table: Table) -> tuple[Reader, ...]:
    """Return the readers of a table."""
    return tuple(reader for reader in READERS if reader.reads.full_name == table.full_name)
