"""The columns of every table: their names, types and comments, for readers with and without Spark.

A type is written as Delta's log writes it: the name of a simple type, or the object of a nested one. Spark's
own types are made of these in `lakehouse.catalog.schemas`.
"""

from __future__ import annotations

from typing import Any, Literal

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, OPS_LEDGER, QUALITY_RESULTS, STREAM, Table

SimpleType = Literal["binary", "boolean", "date", "double", "integer", "long", "string", "timestamp"]
NestedType = dict[str, Any]
# Name, type and comment.
Column = tuple[str, SimpleType | NestedType, str]
Columns = tuple[Column, ...]


def _array(element: SimpleType | NestedType) -> NestedType:
    return {"type": "array", "elementType": element, "containsNull": True}


def _struct(**fields: SimpleType) -> NestedType:
    listed = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in fields.items()]
    return {"type": "struct", "fields": listed}


_COORDINATES: Columns = (
    ("topic", "string", "Kafka topic"),
    ("partition", "integer", "Kafka partition"),
    ("offset", "long", "Kafka offset"),
)
_EVENT_ID: Column = ("event_id", "string", "UUIDv7 given by the API; the one ordering key")
_EVENT_TIME: Column = ("event_time", "timestamp", "the time inside event_id, to the millisecond")
_UNIQUE_ID: Column = ("unique_id", "string", "the pin, a UUID in lower case")
_CATEGORY: Column = ("category", "string", "the pin's category")
_FOLLOWERS: Column = ("follower_count", "integer", "followers of the poster; null when unknown")
_DOWNLOADED: Column = ("downloaded", "integer", "1 when the picture was saved, else 0")

BRONZE: Columns = (
    _EVENT_ID,
    ("received_at", "timestamp", "when the API accepted it; Kafka's time if it did not come through the API"),
    *_COORDINATES,
    ("kafka_timestamp", "timestamp", "the record's own timestamp"),
    ("key", "binary", "the record's key, byte for byte"),
    ("value", "binary", "the record's value, byte for byte"),
    ("ingested_at", "timestamp", "when this row was written"),
)

SILVER: Columns = (
    ("index", "integer", "the client's running number"),
    _UNIQUE_ID,
    ("title", "string", "cleaned title"),
    ("description", "string", "cleaned description"),
    ("poster_name", "string", "cleaned name of the poster"),
    _FOLLOWERS,
    ("tag_list", _array("string"), "the tags, in order"),
    ("is_image_or_video", "string", "kind of media"),
    ("image_src", "string", "address of the picture"),
    _DOWNLOADED,
    ("save_location", "string", "path the picture was saved under"),
    _CATEGORY,
    _EVENT_ID,
    _EVENT_TIME,
    ("updated_at", "timestamp", "when this row was written"),
    *_COORDINATES,
    ("cleaning_reasons", _array("string"), "fields whose value did not fit, and why, as field.reason"),
)

FEATURES: Columns = (_UNIQUE_ID, _CATEGORY, _FOLLOWERS, _DOWNLOADED, _EVENT_ID, _EVENT_TIME)

CATEGORY_FIGURES: Columns = (
    ("day", "date", "UTC day of the events"),
    _CATEGORY,
    ("pins", "long", "pins whose newest event is from that day"),
    ("downloaded", "long", "how many of them were downloaded"),
    ("median_follower_count", "double", "exact median over pins with a known count"),
    ("max_follower_count", "integer", "the largest known count"),
)

FAILED_RULES = _array(_struct(rule="string", severity="string", sentence="string", observed="string"))

QUARANTINE: Columns = (
    ("id", "string", "made from coordinates and layer: the same each time the record is refused"),
    ("layer", "string", "the layer that refused it"),
    ("reasons", _array("string"), "ids of the critical rules it broke"),
    ("broken", FAILED_RULES, "all rules it broke, of any severity, each with the value that broke it"),
    ("value", "binary", "the record's value, byte for byte"),
    _EVENT_ID,
    *_COORDINATES,
    ("kafka_timestamp", "timestamp", "the record's own timestamp"),
    ("suite", "string", "fingerprint of the suite that refused it; null if it could not be parsed"),
    ("quarantined_at", "timestamp", "when it was first refused"),
    ("state", "string", "open, replayed or dropped"),
    ("corrected", "binary", "the value that replay uses instead, if any"),
    ("note", "string", "the reason given for the last change"),
    ("changed_at", "timestamp", "when its state, correction or note was last changed"),
)

RESULTS: Columns = (
    ("run_id", "string", "one run of a step; UUIDv7"),
    ("lane", "string", "batch or stream"),
    ("layer", "string", "the layer checked"),
    ("table", "string", "the table checked, as layer.name"),
    ("version", "long", "the Delta version checked; null for a gate, which checks incoming rows"),
    ("rule", "string", "the rule's id"),
    ("severity", "string", "critical, warning or info"),
    ("kind", "string", "row: checked by the gate; table: checked on the table as a whole"),
    ("evaluated", "long", "rows checked: all, or those that meet its row_condition"),
    ("unexpected", "long", "rows that broke it; null for rules on the whole table"),
    ("observed", "string", "the value measured, for rules on the whole table"),
    ("success", "boolean", "whether the rule was met"),
    ("seconds", "double", "wall time of its audit; null for a gate, which runs as part of a layer's step"),
    ("suite", "string", "fingerprint of the suite"),
    ("at", "timestamp", "when it was checked"),
)

OFFSETS = _array(_struct(topic="string", partition="integer", first="long", last="long"))
VERSIONS = _struct(first="long", last="long")

LEDGER: Columns = (
    ("table", "string", "the table written, as layer.name; postgres; or kafka for lost offsets"),
    ("version", "long", "Delta version; for Postgres the load id; for lost offsets the first offset"),
    ("at", "timestamp", "when it was committed"),
    ("lane", "string", "batch or stream"),
    (
        "step",
        "string",
        "a layer, or serving, rebuild, replay, fix, drop, restore, erase or expire; lost for lost offsets",
    ),
    ("run_id", "string", "one start of a command; UUIDv7"),
    ("query", "string", "the streaming query, the replay or the rebuild"),
    ("batch", "long", "the micro-batch's number within the query"),
    ("offsets", OFFSETS, "Kafka offsets read, first and last inclusive; null where a table was read"),
    ("versions", VERSIONS, "versions of the table that was read, first and last inclusive"),
    ("rows_in", "long", "rows read by the step"),
    ("rows_out", "long", "rows inserted or updated"),
    ("inserted", "long", "rows that were new to the table"),
    ("removed", "long", "rows removed by a rebuild, a restore, an erasure or the retention of the history"),
    ("quarantined", "long", "rows refused by the step's gate"),
    (
        "superseded",
        "long",
        "rows that passed, but whose event or, in a table of pins, a newer one the table had",
    ),
    (
        "passed",
        "long",
        "records of the micro-batch that passed the gates of silver and gold; null if not counted",
    ),
    ("seconds", "double", "from the start of the micro-batch to this commit"),
    ("bytes", "long", "bytes written"),
    ("code", "string", "version of Pinlake, with its git revision if known"),
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


def columns_of(table: Table) -> Columns:
    """Return the columns of a table, or of a renamed copy of a lane's table."""
    return _COLUMNS[table.suite or table.full_name]
