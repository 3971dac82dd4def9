"""The columns of every table, as Spark types.

They are kept apart from `lakehouse.catalog.tables`, so that readers without Spark need not import pyspark.
"""

from __future__ import annotations

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, OPS_LEDGER, QUALITY_RESULTS, STREAM, Table


def _columns(*fields: tuple[str, DataType, str]) -> StructType:
    return StructType(
        [StructField(name, kind, metadata={"comment": comment}) for name, kind, comment in fields]
    )


_COORDINATES = (
    ("topic", StringType(), "Kafka topic"),
    ("partition", IntegerType(), "Kafka partition"),
    ("offset", LongType(), "Kafka offset"),
)
_EVENT_ID = ("event_id", StringType(), "UUIDv7 given by the API; the one ordering key")
_EVENT_TIME = ("event_time", TimestampType(), "the time inside event_id, to the millisecond")
_UNIQUE_ID = ("unique_id", StringType(), "the pin, a UUID in lower case")
_CATEGORY = ("category", StringType(), "the pin's category")
_FOLLOWERS = ("follower_count", IntegerType(), "followers of the poster; null when unknown")
_DOWNLOADED = ("downloaded", IntegerType(), "1 when the picture was saved, else 0")

BRONZE = _columns(
    _EVENT_ID,
    (
        "received_at",
        TimestampType(),
        "when the API accepted it; Kafka's time if it did not come through the API",
    ),
    *_COORDINATES,
    ("kafka_timestamp", TimestampType(), "the record's own timestamp"),
    ("key", BinaryType(), "the record's key, byte for byte"),
    ("value", BinaryType(), "the record's value, byte for byte"),
    ("ingested_at", TimestampType(), "when this row was written"),
)

SILVER = _columns(
    ("index", IntegerType(), "the client's running number"),
    _UNIQUE_ID,
    ("title", StringType(), "cleaned title"),
    ("description", StringType(), "cleaned description"),
    ("poster_name", StringType(), "cleaned name of the poster"),
    _FOLLOWERS,
    ("tag_list", ArrayType(StringType()), "the tags, in order"),
    ("is_image_or_video", StringType(), "kind of media"),
    ("image_src", StringType(), "address of the picture"),
    _DOWNLOADED,
    ("save_location", StringType(), "path the picture was saved under"),
    _CATEGORY,
    _EVENT_ID,
    _EVENT_TIME,
    ("updated_at", TimestampType(), "when this row was written"),
    *_COORDINATES,
    ("cleaning_reasons", ArrayType(StringType()), "fields whose value did not fit, and why, as field.reason"),
)

FEATURES = _columns(_UNIQUE_ID, _CATEGORY, _FOLLOWERS, _DOWNLOADED, _EVENT_ID, _EVENT_TIME)

CATEGORY_FIGURES = _columns(
    ("day", DateType(), "UTC day of the events"),
    _CATEGORY,
    ("pins", LongType(), "pins whose newest event is from that day"),
    ("downloaded", LongType(), "how many of them were downloaded"),
    ("median_follower_count", DoubleType(), "exact median over pins with a known count"),
    ("max_follower_count", IntegerType(), "the largest known count"),
)

FAILED_RULES = ArrayType(
    StructType(
        [
            StructField("rule", StringType()),
            StructField("severity", StringType()),
            StructField("sentence", StringType()),
            StructField("observed", StringType()),
        ]
    )
)

QUARANTINE = _columns(
    ("id", StringType(), "made from coordinates and layer: the same each time the record is refused"),
    ("layer", StringType(), "the layer that refused it"),
    ("reasons", ArrayType(StringType()), "ids of the critical rules it broke"),
    ("broken", FAILED_RULES, "all rules it broke, of any severity, each with the value that broke it"),
    ("value", BinaryType(), "the record's value, byte for byte"),
    _EVENT_ID,
    *_COORDINATES,
    ("kafka_timestamp", TimestampType(), "the record's own timestamp"),
    ("suite", StringType(), "fingerprint of the suite that refused it; null if it could not be parsed"),
    ("quarantined_at", TimestampType(), "when it was first refused"),
    ("state", StringType(), "open, replayed or dropped"),
    ("corrected", BinaryType(), "the value that replay uses instead, if any"),
    ("note", StringType(), "the reason given for the last change"),
    ("changed_at", TimestampType(), "when its state, correction or note was last changed"),
)

RESULTS = _columns(
    ("run_id", StringType(), "one run of a step; UUIDv7"),
    ("lane", StringType(), "batch or stream"),
    ("layer", StringType(), "the layer checked"),
    ("table", StringType(), "the table checked, as layer.name"),
    ("version", LongType(), "the Delta version checked; null for a gate, which checks incoming rows"),
    ("rule", StringType(), "the rule's id"),
    ("severity", StringType(), "critical, warning or info"),
    ("kind", StringType(), "row: checked by the gate; table: checked on the table as a whole"),
    ("evaluated", LongType(), "rows checked: all, or those that meet its row_condition"),
    ("unexpected", LongType(), "rows that broke it; null for rules on the whole table"),
    ("observed", StringType(), "the value measured, for rules on the whole table"),
    ("success", BooleanType(), "whether the rule was met"),
    (
        "seconds",
        DoubleType(),
        "wall time of its audit; null for a gate, which runs as part of a layer's step",
    ),
    ("suite", StringType(), "fingerprint of the suite"),
    ("at", TimestampType(), "when it was checked"),
)

OFFSETS = ArrayType(
    StructType(
        [
            StructField("topic", StringType()),
            StructField("partition", IntegerType()),
            StructField("first", LongType()),
            StructField("last", LongType()),
        ]
    )
)
VERSIONS = StructType([StructField("first", LongType()), StructField("last", LongType())])

LEDGER = _columns(
    ("table", StringType(), "the table written, as layer.name; postgres; or kafka for lost offsets"),
    ("version", LongType(), "Delta version; for Postgres the load id; for lost offsets the first offset"),
    ("at", TimestampType(), "when it was committed"),
    ("lane", StringType(), "batch or stream"),
    (
        "step",
        StringType(),
        "a layer, or serving, rebuild, replay, fix, drop, restore or erase; lost for lost offsets",
    ),
    ("run_id", StringType(), "one start of a command; UUIDv7"),
    ("query", StringType(), "the streaming query, the replay or the rebuild"),
    ("batch", LongType(), "the micro-batch's number within the query"),
    ("offsets", OFFSETS, "Kafka offsets read, first and last inclusive; null where a table was read"),
    ("versions", VERSIONS, "versions of the table that was read, first and last inclusive"),
    ("rows_in", LongType(), "rows read by the step"),
    ("rows_out", LongType(), "rows inserted or updated"),
    ("inserted", LongType(), "rows that were new to the table"),
    ("removed", LongType(), "rows removed by a rebuild, a restore or an erasure"),
    ("quarantined", LongType(), "rows refused by the step's gate"),
    ("superseded", LongType(), "rows that passed, but were not newer than the table's own"),
    ("seconds", DoubleType(), "from the start of the micro-batch to this commit"),
    ("bytes", LongType(), "bytes written"),
    ("code", StringType(), "version of Pinlake, with its git revision if known"),
)

# By suite, because tables with the same suite have the same columns; without a suite, by the table's name.
_COLUMNS = {
    BATCH.bronze.suite: BRONZE,
    BATCH.silver.suite: SILVER,
    BATCH.features.suite: FEATURES,
    BATCH.quarantine.full_name: QUARANTINE,
    STREAM.quarantine.full_name: QUARANTINE,
    CATEGORY_DAILY.full_name: CATEGORY_FIGURES,
    QUALITY_RESULTS.full_name: RESULTS,
    OPS_LEDGER.full_name: LEDGER,
}


def schema_of(table: Table) -> StructType:
    """Return the columns of a table, or of a renamed copy of a lane's table."""
    return _COLUMNS[table.suite or table.full_name]
