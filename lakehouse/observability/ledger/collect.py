"""Collection of the ledger from the tables' commits, the loads of Postgres and the lost offsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType, TimestampType

from lakehouse.catalog.schemas import LEDGER
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, OPS_LEDGER, STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.observability.ledger import entries
from lakehouse.pipelines import data_loss
from lakehouse.serving.postgres import ServingDatabase, Totals
from lakehouse.spark.dataframes import dataframe_from_rows

_TABLES = (*BATCH.tables, CATEGORY_DAILY, *STREAM.tables)
_LOAD = StructType(
    [
        StructField("id", LongType()),
        StructField("receipt", StringType()),
        StructField("rows_in", LongType()),
        StructField("inserted", LongType()),
        StructField("updated", LongType()),
        StructField("erased", LongType()),
        StructField("loaded_at", TimestampType()),
    ]
)
# A load becomes visible when its transaction ends, which may be after one with a later id.
_OVERLAP = timedelta(hours=1)


@dataclass(frozen=True)
class LedgerState:
    """How far the ledger reaches.

    Attributes:
        versions: the newest version of every table that exists, by full name.
        totals: the rows of Postgres.
    """

    versions: Mapping[str, int]
    totals: Totals


def collect(lake: DeltaLake, serving: ServingDatabase) -> LedgerState:
    """Add to ops.ledger what has been committed since the last call. Two calls may run at once.

    Costs one read of each table's newest commits, one query to Postgres and one merge. No rows of a table
    are read.

    Raises:
        TransientError: Postgres does not answer.
    """
    serving.ensure()
    lake.ensure(OPS_LEDGER)
    ledger = read(lake)
    last = {row.table: row for row in ledger.transform(_newest).collect()}
    versions = _versions(lake)
    since = last[entries.POSTGRES].at.astimezone() - _OVERLAP if entries.POSTGRES in last else None
    sources = [
        *_read_commits(lake, versions, {name: int(row.version) for name, row in last.items()}),
        entries.from_loads(
            dataframe_from_rows(lake.spark, [asdict(load) for load in serving.read_loads(since=since)], _LOAD)
        ),
        entries.from_lost_offsets(data_loss.read(lake)),
    ]
    new = reduce(DataFrame.unionByName, sources).dropDuplicates(list(OPS_LEDGER.key))
    _insert(lake, new)
    return LedgerState(versions, serving.read_totals())


def read(lake: DeltaLake) -> DataFrame:
    """Return the rows of ops.ledger as they are, without collecting new ones."""
    return lake.read(OPS_LEDGER)


def _newest(ledger: DataFrame) -> DataFrame:
    return ledger.groupBy("table").agg(F.max("version").alias("version"), F.max("at").alias("at"))


def _versions(lake: DeltaLake) -> dict[str, int]:
    return {table.full_name: lake.version(table) for table in _TABLES if lake.exists(table)}


def _read_commits(
    lake: DeltaLake, versions: Mapping[str, int], collected: Mapping[str, int]
) -> Iterable[DataFrame]:
    for table in _TABLES:
        new = versions.get(table.full_name, -1) - collected.get(table.full_name, -1)
        if new > 0:
            history = lake.delta_table(table).history(new)
            yield entries.from_commits(history, table)


def _insert(lake: DeltaLake, new: DataFrame) -> None:
    on = " AND ".join(f"old.{name} = new.{name}" for name in OPS_LEDGER.key)
    for attempt in retry_on_conflict(OPS_LEDGER):
        with attempt:
            table = lake.delta_table(OPS_LEDGER)
            merge = table.alias("old").merge(new.select(*LEDGER.fieldNames()).alias("new"), on)
            # A ledger created by an older version may lack a column.
            merge.withSchemaEvolution().whenNotMatchedInsertAll().execute()
