"""Event ids in Polars: from headers or derived, and the time inside them."""

from __future__ import annotations

import zlib

import polars as pl

UUID7 = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def choose(records: pl.DataFrame) -> pl.DataFrame:
    """Return records with the event id of their header, or one that is derived from their coordinates.

    Args:
        records: topic, partition, offset, kafka_timestamp, and event_id as it is in the header.
    """
    given = records["event_id"].str.to_lowercase()
    at = (~given.str.contains(UUID7)).fill_null(True).arg_true()
    if at.is_empty():
        return records.with_columns(given)
    keys = records[at].select(pl.col("kafka_timestamp").dt.epoch("ms"), "topic", "partition", "offset")
    derived = pl.Series([derive(*key) for key in keys.iter_rows()], dtype=pl.String)
    return records.with_columns(given.scatter(at, derived))


def derive(milliseconds: int, topic: str, partition: int, offset: int) -> str:
    """Return a UUIDv7 made from a record's Kafka time and coordinates: the same each time it is read."""
    checksum = (zlib.crc32(topic.encode()) & 0x3FFF) + 0x8000
    time = f"{max(milliseconds, 0):012x}"[-12:]
    return f"{time[:8]}-{time[8:]}-7{partition:03x}-{checksum:04x}-{offset:012x}"


def extract_time(event_id: pl.Expr) -> pl.Expr:
    """Return the timestamp inside a UUIDv7, to the millisecond."""
    digits = event_id.str.slice(0, 8) + event_id.str.slice(9, 4)
    milliseconds = digits.str.to_integer(base=16, dtype=pl.Int64)
    return milliseconds.cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))
