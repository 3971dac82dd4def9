"""Event ids as Spark columns: from headers or derived, and the time inside them."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# In Java $ also matches before a line feed at the end.
_UUID7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z"


def parse_header(header: Column) -> Column:
    """Return the event id in a record's header, or null if the header is not a UUIDv7."""
    text = F.lower(F.try_validate_utf8(header.cast("string")))
    return F.when(text.rlike(_UUID7), text)


def derive(timestamp: Column, topic: Column, partition: Column, offset: Column) -> Column:
    """Return a UUIDv7 derived from a record's Kafka time and coordinates: the same each time it is read.

    It has 48 bits of milliseconds, 12 of the partition, 14 of the topic's checksum and 48 of the offset, so
    that records of the same partition and millisecond keep their order.
    """
    digits = F.concat(
        # A record without a time has -1, whose digits would sort after every other time.
        _hex(F.greatest(F.unix_millis(timestamp), F.lit(0)), 12),
        F.lit("7"),
        _hex(partition.cast("bigint"), 3),
        # The variant's two bits (10), then the topic's 14.
        _hex(F.crc32(topic.cast("binary")).bitwiseAND(0x3FFF) + F.lit(0x8000), 4),
        _hex(offset, 12),
    )
    parts = [
        F.substring(digits, start, length) for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    ]
    return F.when(digits.isNotNull(), F.concat_ws("-", *parts))


def extract_time(event_id: Column) -> Column:
    """Return the timestamp inside a UUIDv7, to the millisecond."""
    digits = F.concat(F.substring(event_id, 1, 8), F.substring(event_id, 10, 4))
    return F.timestamp_millis(F.conv(digits, 16, 10).cast("bigint"))


def _hex(number: Column, width: int) -> Column:
    return F.lower(F.substring(F.lpad(F.hex(number), 16, "0"), -width, width))
