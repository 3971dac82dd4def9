"""Every table once: its name, where it lies and its key. Its columns are in `lakehouse.catalog.schemas`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from foundation.errors import UsageError


@dataclass(frozen=True)
class Table:
    """One Delta table.

    Attributes:
        layer: bronze, silver, gold, quarantine or quality: the first part of its name in SQL.
        name: the second part.
        key: the columns that identify a row; empty where every row is an occurrence of its own.
        change_feed: whether Delta records row changes for the layer that reads it.
        suite: the file in expectations/ that judges it, without .json; empty if none does.
        retention_days: for how many days every version of it can be asked for, whatever has been joined or
            replaced since; at least 7, Delta's own limit: a reader or writer may be at work with its files.
        statistics: the columns of which Delta keeps least and greatest value a file, so that queries skip
            files; empty for its own choice. Whatever tells of a pin is left out: the log, where they stand,
            is kept longer than the rows of a pin that is to be erased.
    """

    layer: str
    name: str
    comment: str
    key: tuple[str, ...] = ()
    change_feed: bool = False
    suite: str = ""
    retention_days: int = 30
    statistics: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name in SQL, such as bronze.pins_batch."""
        return f"{self.layer}.{self.name}"


@dataclass(frozen=True)
class Lane:
    """The tables one lane writes. No lane reads the other's."""

    name: Literal["batch", "stream"]
    bronze: Table
    silver: Table
    features: Table
    quarantine: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """The lane's tables, in the order data flows."""
        return (self.bronze, self.quarantine, self.silver, self.features)


_COORDINATES = ("topic", "partition", "offset")


def _lane(name: Literal["batch", "stream"]) -> Lane:
    return Lane(
        name=name,
        bronze=Table(
            "bronze",
            f"pins_{name}",
            "Records as they came",
            suite="bronze_pins",
            statistics=("event_id", "received_at", "kafka_timestamp", "ingested_at", *_COORDINATES),
        ),
        silver=Table(
            "silver",
            f"pins_{name}",
            "The newest event of each pin, cleaned",
            ("unique_id",),
            change_feed=True,
            suite="silver_pins",
            statistics=("event_id", "event_time", "updated_at", *_COORDINATES),
        ),
        features=Table(
            "gold",
            f"pin_features_{name}",
            "Features of each pin",
            ("unique_id",),
            suite="gold_pin_features",
            statistics=("event_id", "event_time"),
        ),
        quarantine=Table(
            "quarantine",
            f"pins_{name}",
            "Records that were refused, and why",
            ("id",),
            statistics=("kafka_timestamp", "quarantined_at", "changed_at", *_COORDINATES),
        ),
    )


BATCH = _lane("batch")
STREAM = _lane("stream")
CATEGORY_DAILY = Table("gold", "category_daily", "Figures per day and category", ("day", "category"))
# Their rows say when themselves: no past version is worth its files.
QUALITY_RESULTS = Table("quality", "results", "What every validation found, a row a rule", retention_days=7)
OPS_LEDGER = Table(
    "ops", "ledger", "What went into and came out of every step", ("table", "version"), retention_days=7
)
TABLES = (*BATCH.tables, CATEGORY_DAILY, *STREAM.tables, QUALITY_RESULTS, OPS_LEDGER)
# Readers see the version of these that their suite has passed.
PUBLISHED = tuple(table for table in BATCH.tables if table.suite)
_BY_NAME = {table.full_name: table for table in TABLES}


def find_table(name: str, *, where: str) -> Table:
    """Return the table of this name, such as silver.pins_batch, in any case.

    Args:
        name: its full name.
        where: what has named it, for the error.

    Raises:
        UsageError: there is no such table.
    """
    found = _BY_NAME.get(name.lower())
    if found is None:
        known = ", ".join(sorted(_BY_NAME))
        raise UsageError(f"no table {name!r}", where=where, hint=f"There are: {known}.")
    return found
