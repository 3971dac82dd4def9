"""The tables: their names, keys, suites and retention. Their columns are in `lakehouse.catalog.columns`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from foundation.errors import UsageError

LaneName = Literal["batch", "stream"]


@dataclass(frozen=True)
class Table:
    """One Delta table.

    Attributes:
        layer: bronze, silver, gold, quarantine, quality or ops: the first part of its name in SQL.
        name: the second part.
        comment: what its rows are.
        key: the columns that identify a row; empty if every row is a separate occurrence.
        is_history: whether it has a row for every event; if not, a table of pins has the newest event alone.
        change_feed: whether Delta records row changes for the layer that reads it.
        suite: the file in expectations/ with its rules, without .json; empty if there is none.
        retention_days: days for which every version stays readable, even after compaction. At least 7:
            Delta's limit, because readers and writers may still use the files.
        statistics: the columns whose minimum and maximum Delta keeps per file, so that queries skip files;
            empty for Delta's own choice. Columns with data of a pin are left out: these values are in the
            log, which is kept longer than the rows of an erased pin.
    """

    layer: str
    name: str
    comment: str
    key: tuple[str, ...] = ()
    is_history: bool = False
    change_feed: bool = False
    suite: str = ""
    retention_days: int = 30
    statistics: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name in SQL, such as bronze.pins_batch."""
        return f"{self.layer}.{self.name}"

    @property
    def lane(self) -> LaneName:
        """The lane that writes it; tables without a lane of their own follow the batch lane."""
        return "stream" if self.name.endswith("_stream") else "batch"

    @property
    def latest_name(self) -> str:
        """The name, in queries, of the newest row of each pin in a table that is history."""
        return f"{self.full_name}_latest"


@dataclass(frozen=True)
class Lane:
    """The tables that one lane writes. No lane reads the other's tables."""

    name: LaneName
    bronze: Table
    silver: Table
    features: Table
    quarantine: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """The lane's tables, in the order in which data flows."""
        return (self.bronze, self.quarantine, self.silver, self.features)


_COORDINATES = ("topic", "partition", "offset")


def _lane(name: LaneName, *, keeps_events: bool) -> Lane:
    key = ("unique_id", "event_id") if keeps_events else ("unique_id",)
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
            "Every accepted event, cleaned" if keeps_events else "The newest event of each pin, cleaned",
            key,
            is_history=keeps_events,
            change_feed=not keeps_events,
            suite="silver_pins",
            statistics=("event_id", "event_time", "updated_at", *_COORDINATES),
        ),
        features=Table(
            "gold",
            f"pin_features_{name}",
            "Features of each event" if keeps_events else "Features of each pin",
            key,
            is_history=keeps_events,
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


BATCH = _lane("batch", keeps_events=False)
STREAM = _lane("stream", keeps_events=True)
CATEGORY_DAILY = Table("gold", "category_daily", "Figures per day and category", ("day", "category"))
# Rows of the next two carry their own time, so past versions are not worth their files.
QUALITY_RESULTS = Table(
    "quality", "results", "Results of every validation, one row per rule", retention_days=7
)
OPS_LEDGER = Table(
    "ops", "ledger", "Rows that went into and came out of every step", ("table", "version"), retention_days=7
)
TABLES = (*BATCH.tables, CATEGORY_DAILY, *STREAM.tables, QUALITY_RESULTS, OPS_LEDGER)
# Readers see the newest version of these tables that has passed its suite.
PUBLISHED = tuple(table for table in BATCH.tables if table.suite)
HISTORIES = tuple(table for table in TABLES if table.is_history)
_BY_NAME = {table.full_name: table for table in TABLES}
_BY_LATEST_NAME = {table.latest_name: table for table in HISTORIES}


def find_table(name: str, *, where: str) -> Table:
    """Return the table with a name.

    Args:
        name: its full name, such as silver.pins_batch, in upper or lower case.
        where: the command or text that contains the name, for the error.

    Raises:
        UsageError: there is no such table, or the name means the newest rows of one.
    """
    table, is_latest = find_rows(name, where=where)
    if is_latest:
        raise UsageError(
            f"{name} is not a table but the newest row of each pin in {table.full_name}",
            where=where,
            hint=f"Give {table.full_name}.",
        )
    return table


def find_rows(name: str, *, where: str) -> tuple[Table, bool]:
    """Return the table that a name in a query means, and whether it means the newest row of each pin alone.

    Args: as `find_table`.

    Raises:
        UsageError: there is neither a table nor a history of this name.
    """
    if table := _BY_NAME.get(name.lower()):
        return table, False
    if table := _BY_LATEST_NAME.get(name.lower()):
        return table, True
    names = ", ".join(sorted((*_BY_NAME, *_BY_LATEST_NAME)))
    raise UsageError(f"no table {name!r}", where=where, hint=f"There are: {names}.")
