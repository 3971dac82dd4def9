"""Commits, loads and lost offsets to rows of ops.ledger."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from lakehouse.catalog.schemas import LEDGER, OFFSETS, VERSIONS
from lakehouse.catalog.tables import Table
from lakehouse.delta.commit_info import Step

LOST = "lost"
POSTGRES = "postgres"
KAFKA = "kafka"
# Those that somebody asked for and that change a table's rows without new ones from Kafka.
MANUAL_STEPS = (Step.REPLAY, Step.FIX, Step.DROP, Step.RESTORE, Step.ERASE)

_RECEIPT = StructType(
    [
        *(StructField(name, StringType()) for name in ("run", "lane", "step", "began", "query", "code")),
        *(StructField(name, LongType()) for name in ("batch", "read", "quarantined", "net")),
        StructField("offsets", OFFSETS),
        StructField("versions", VERSIONS),
    ]
)


def from_commits(history: DataFrame, table: Table) -> DataFrame:
    """Return an entry for each commit that carries a receipt.

    Args:
        history: as Delta gives it: version, timestamp, operationMetrics, userMetadata.
        table: whose.
    """
    merged = F.coalesce(_metric("numTargetRowsInserted"), _metric("numOutputRows"), F.lit(0))
    changed = merged + F.coalesce(_metric("numTargetRowsUpdated"), F.lit(0))
    # A restore writes no rows: it has more or fewer than before, and says so itself.
    net = F.col("receipt.net")
    entered = F.when(net.isNull(), merged).otherwise(F.greatest(net, F.lit(0)))
    removed = F.when(net.isNull(), _metric("numTargetRowsDeleted")).otherwise(F.greatest(-net, F.lit(0)))
    written = F.coalesce(_metric("numOutputBytes"), _metric("numTargetBytesAdded"))
    return _entries(
        history.withColumns(
            {
                "receipt": F.from_json("userMetadata", _RECEIPT),
                "table": F.lit(table.full_name),
                "bytes": written,
            }
        )
        .where("receipt IS NOT NULL")
        .withColumnsRenamed({"timestamp": "at"})
        .withColumns({"inserted": entered, "rows_out": changed, "removed": removed, "rows_in": _rows_in()}),
        keeps_newest=bool(table.key) and table.layer != "quarantine",
    )


def from_loads(loads: DataFrame) -> DataFrame:
    """Return an entry for each load of Postgres.

    Args:
        loads: id, receipt (JSON), rows_in, inserted, updated, erased, loaded_at.
    """
    rows = loads.select(
        F.lit(POSTGRES).alias("table"),
        F.col("id").alias("version"),
        F.col("loaded_at").alias("at"),
        F.from_json("receipt", _RECEIPT).alias("receipt"),
        "rows_in",
        "inserted",
        F.col("erased").alias("removed"),
        (F.col("inserted") + F.col("updated")).alias("rows_out"),
        F.lit(None).cast("bigint").alias("bytes"),
    )
    return _entries(rows.where("receipt IS NOT NULL"), keeps_newest=True)


def from_lost_offsets(lost: DataFrame) -> DataFrame:
    """Return an entry for each range of offsets that Kafka had removed before they were read.

    Args:
        lost: at, lane, topic, partition, first, last.
    """
    place = F.struct("topic", F.col("partition").cast("int"), "first", "last")
    known = {
        "table": F.concat_ws("-", F.concat_ws(".", F.lit(KAFKA), "topic"), "partition"),
        "version": F.col("first"),
        "step": F.lit(LOST),
        "offsets": F.array(place),
        "rows_in": F.lit(0),
        "rows_out": F.lit(0),
    }
    return _complete(lost.withColumns(known))


def _entries(rows: DataFrame, *, keeps_newest: bool) -> DataFrame:
    """Spread the receipt; `rows` has the ledger's other columns, as far as they are known."""
    spread = rows.withColumns(
        {
            **{name: F.col(f"receipt.{name}") for name in ("lane", "step", "query", "batch", "code")},
            "run_id": F.col("receipt.run"),
            "offsets": F.when(F.size("receipt.offsets") > 0, F.col("receipt.offsets")),
            "versions": F.col("receipt.versions"),
            "quarantined": F.coalesce("receipt.quarantined", F.lit(0)),
            "seconds": F.col("at").cast("double") - F.col("receipt.began").cast("timestamp").cast("double"),
        }
    )
    older = F.col("rows_in") - F.col("quarantined") - F.col("rows_out")
    return _complete(spread.withColumn("superseded", older if keeps_newest else F.lit(0)))


def _rows_in() -> Column:
    """What the step has counted, or what its offsets say."""
    in_range = F.aggregate(
        "receipt.offsets",
        F.lit(0).cast("bigint"),
        lambda total, part: total + part["last"] - part["first"] + 1,
    )
    return F.coalesce("receipt.read", F.when(F.size("receipt.offsets") > 0, in_range))


def _metric(name: str) -> Column:
    return F.try_element_at("operationMetrics", F.lit(name)).cast("bigint")


def _complete(rows: DataFrame) -> DataFrame:
    have = set(rows.columns)
    return rows.select(
        *(
            (F.col(field.name) if field.name in have else F.lit(None)).cast(field.dataType).alias(field.name)
            for field in LEDGER
        )
    )
