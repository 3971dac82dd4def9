"""Rows of ops.ledger made from commits, loads of Postgres and lost offsets."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from lakehouse.catalog.schemas import LEDGER, OFFSETS, VERSIONS
from lakehouse.catalog.tables import Table
from lakehouse.delta.commit_info import Step
from lakehouse.serving.position import QUERY

LOST = Step.LOST.value
POSTGRES = "postgres"
KAFKA = "kafka"
# Steps run by a person that change a table's rows without new records from Kafka.
MANUAL_STEPS = (Step.REPLAY, Step.FIX, Step.DROP, Step.RESTORE, Step.ERASE, Step.EXPIRE)

_COMMIT_INFO = StructType(
    [
        *(StructField(name, StringType()) for name in ("run", "lane", "step", "began", "query", "code")),
        *(StructField(name, LongType()) for name in ("batch", "read", "quarantined", "passed", "net")),
        StructField("offsets", OFFSETS),
        StructField("versions", VERSIONS),
    ]
)
# Other writers may store any text: from_json makes a struct of nulls of it.
_IS_COMMIT_INFO = "info.run IS NOT NULL"


def from_commits(history: DataFrame, table: Table) -> DataFrame:
    """Return one entry per commit that carries commit info.

    Args:
        history: Delta's history of the table: version, timestamp, operationMetrics, userMetadata.
        table: the table.
    """
    merged = F.coalesce(_metric("numTargetRowsInserted"), _metric("numOutputRows"), F.lit(0))
    changed = merged + F.coalesce(_metric("numTargetRowsUpdated"), F.lit(0))
    # Delta has no row metrics for a restore: its commit info carries the net change.
    net = F.col("info.net")
    entered = F.when(net.isNull(), merged).otherwise(F.greatest(net, F.lit(0)))
    removed = F.when(net.isNull(), _metric("numTargetRowsDeleted")).otherwise(F.greatest(-net, F.lit(0)))
    written = F.coalesce(_metric("numOutputBytes"), _metric("numTargetBytesAdded"))
    return _to_entries(
        history.withColumns(
            {
                "info": F.from_json("userMetadata", _COMMIT_INFO),
                "table": F.lit(table.full_name),
                "bytes": written,
            }
        )
        .where(_IS_COMMIT_INFO)
        .withColumnsRenamed({"timestamp": "at"})
        .withColumns({"inserted": entered, "rows_out": changed, "removed": removed, "rows_in": _rows_in()}),
        keeps_newest=bool(table.key) and table.layer != "quarantine",
    )


def from_loads(loads: DataFrame) -> DataFrame:
    """Return one entry per load of Postgres.

    The serving query counts the records that it reads, and sends only the newest valid one of each pin.
    Other loads count the rows that are sent.

    Args:
        loads: id, receipt (commit info as JSON), rows_in, inserted, updated, erased, loaded_at.
    """
    is_served = F.col("info.query") == QUERY
    rows = loads.select(
        F.lit(POSTGRES).alias("table"),
        F.col("id").alias("version"),
        F.col("loaded_at").alias("at"),
        F.from_json("receipt", _COMMIT_INFO).alias("info"),
        F.col("rows_in").alias("rows_sent"),
        "inserted",
        F.col("erased").alias("removed"),
        (F.col("inserted") + F.col("updated")).alias("rows_out"),
        F.lit(None).cast("bigint").alias("bytes"),
    )
    read = F.when(is_served, F.col("info.read"))
    counted = rows.withColumn("rows_in", F.coalesce(read, "rows_sent"))
    return _to_entries(counted.where(_IS_COMMIT_INFO), keeps_newest=True)


def from_lost_offsets(lost: DataFrame) -> DataFrame:
    """Return one entry per range of offsets that Kafka removed before they were read.

    Args:
        lost: at, lane, topic, partition, first, last.
    """
    offsets = F.struct("topic", F.col("partition").cast("int"), "first", "last")
    columns = {
        "table": F.concat_ws("-", F.concat_ws(".", F.lit(KAFKA), "topic"), "partition"),
        "version": F.col("first"),
        "step": F.lit(LOST),
        "offsets": F.array(offsets),
        "rows_in": F.lit(0),
        "rows_out": F.lit(0),
    }
    return _complete(lost.withColumns(columns))


def _to_entries(rows: DataFrame, *, keeps_newest: bool) -> DataFrame:
    """Add the columns of the commit info `info` to rows that have the ledger's other columns, if known."""
    expanded = rows.withColumns(
        {
            **{name: F.col(f"info.{name}") for name in ("lane", "step", "query", "batch", "passed", "code")},
            "run_id": F.col("info.run"),
            "offsets": F.when(F.size("info.offsets") > 0, F.col("info.offsets")),
            "versions": F.col("info.versions"),
            "quarantined": F.coalesce("info.quarantined", F.lit(0)),
            "seconds": F.col("at").cast("double") - F.col("info.began").cast("timestamp").cast("double"),
        }
    )
    superseded = F.col("rows_in") - F.col("quarantined") - F.col("rows_out")
    return _complete(expanded.withColumn("superseded", superseded if keeps_newest else F.lit(0)))


def is_lost_to_tables() -> Column:
    """Return whether an entry names offsets that the tables did not get, rather than Postgres alone."""
    return (F.col("step") == LOST) & (F.col("table") != POSTGRES)


def count_offsets(offsets: Column) -> Column:
    """Return how many offsets some ranges have; 0 if there are no ranges."""
    total = F.aggregate(
        offsets,
        F.lit(0).cast("bigint"),
        lambda total, part: total + part["last"] - part["first"] + 1,
    )
    return F.coalesce(total, F.lit(0))


def _rows_in() -> Column:
    """Return the rows that the step counted, or else the number of offsets it read."""
    read = count_offsets(F.col("info.offsets"))
    return F.coalesce("info.read", F.when(F.size("info.offsets") > 0, read))


def _metric(name: str) -> Column:
    return F.try_element_at("operationMetrics", F.lit(name)).cast("bigint")


def _complete(rows: DataFrame) -> DataFrame:
    """Return the ledger's columns; those that the rows lack are null."""
    present = set(rows.columns)
    return rows.select(
        *(
            (F.col(field.name) if field.name in present else F.lit(None))
            .cast(field.dataType)
            .alias(field.name)
            for field in LEDGER
        )
    )
