"""The transforms of the hand-written pipeline: records to bronze, checked rows, silver and features."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from benchmarks.handwritten import event_ids, gate
from benchmarks.handwritten.cleaning import clean
from benchmarks.handwritten.parsing import parse
from benchmarks.handwritten.text import TextPolicy
from lakehouse.catalog import columns

SILVER = tuple(name for name, _, _ in columns.SILVER)
FEATURES = tuple(name for name, _, _ in columns.FEATURES)
BRONZE = tuple(name for name, _, _ in columns.BRONZE)


def to_bronze(records: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    """Return bronze's columns, one row per record.

    Args:
        records: see `benchmarks.handwritten.records`.
        at: when the rows are written.
    """
    received_at = pl.col("received_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False)
    ingested_at = pl.lit(at, dtype=pl.Datetime("us", "UTC")).alias("ingested_at")
    received_at = pl.coalesce(received_at.dt.replace_time_zone("UTC"), pl.col("kafka_timestamp"))
    return (
        event_ids.choose(records).with_columns(received_at.alias("received_at"), ingested_at).select(BRONZE)
    )


def check_records(
    bronze: pl.DataFrame, rules: dict[str, pl.Expr], *, at: datetime, text_policy: TextPolicy = "unicode"
) -> pl.DataFrame:
    """Parse and clean every row and apply the gate of silver to it.

    Args:
        bronze: bronze rows.
        rules: the critical rules of silver.
        at: when the rows are written.
        text_policy: see `benchmarks.handwritten.cleaning.clean`.

    Returns:
        The columns of bronze and silver, and `reasons`.
    """
    return gate.check(
        clean(parse(bronze), text_policy=text_policy).with_columns(
            event_ids.extract_time(pl.col("event_id")).alias("event_time"),
            pl.lit(at, dtype=pl.Datetime("us", "UTC")).alias("updated_at"),
        ),
        rules,
    )


def to_silver(checked: pl.DataFrame) -> pl.DataFrame:
    """Return silver's columns of the newest valid event of each pin, one row per pin."""
    return newest_per_pin(gate.valid_rows(checked).select(SILVER))


def with_valid_features(silver: pl.DataFrame, rules: dict[str, pl.Expr]) -> pl.DataFrame:
    """Return the silver rows that break no critical rule of gold's features.

    Args:
        silver: silver rows.
        rules: the critical rules of gold's features.
    """
    checked = gate.check(silver.with_columns(pl.lit(None, dtype=pl.String).alias("reason")), rules)
    return gate.valid_rows(checked).drop("reasons")


def to_features(silver: pl.DataFrame) -> pl.DataFrame:
    """Return the feature columns of silver rows, one row per silver row."""
    return silver.select(FEATURES)


def newest_per_pin(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the newest event of each pin; if it was repeated, its first occurrence in the topic."""
    if rows["unique_id"].n_unique() == len(rows):
        return rows
    newest_first = (
        rows.select("unique_id", "event_id", "partition", "offset")
        .with_row_index("_row")
        .sort("event_id", "partition", "offset", descending=[True, False, False])
    )
    return rows[newest_first.unique("unique_id", keep="first")["_row"].sort()]


def first_occurrences(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the first occurrence of each event of each pin in the topic."""
    keys = rows.select("unique_id", "event_id", "partition", "offset")
    if keys.select("unique_id", "event_id").is_unique().all():
        return rows
    in_order = keys.with_row_index("_row").sort("partition", "offset")
    return rows[in_order.unique(["unique_id", "event_id"], keep="first", maintain_order=True)["_row"].sort()]
