"""The silver transform: bronze rows through the gate, and those that pass to silver rows."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import event_ids
from lakehouse.catalog.schemas import SILVER
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Gate
from lakehouse.silver.cleaning import clean
from lakehouse.silver.deduplication import latest_event_per_pin
from lakehouse.silver.parsing import parse
from lakehouse.silver.text import TextPolicy


def check_records(bronze: DataFrame, gate: Gate, *, text_policy: TextPolicy, at: datetime) -> DataFrame:
    """Parse and clean every row and apply the gate to it.

    This comes before the newest event of each pin is chosen: otherwise a newer event that is refused would
    hide an older valid one.

    Args:
        bronze: bronze rows.
        gate: silver's gate.
        text_policy: see `lakehouse.silver.cleaning.clean`.
        at: when the rows are written.

    Returns:
        The columns of bronze and silver, plus those that `lakehouse.quality.gate.check_rows` adds.
    """
    return check_parsed_records(bronze.transform(parse), gate, text_policy=text_policy, at=at)


def check_parsed_records(
    parsed: DataFrame, gate: Gate, *, text_policy: TextPolicy, at: datetime
) -> DataFrame:
    """Do the same as `check_records` with rows that `lakehouse.silver.parsing.parse` has already parsed."""
    return (
        parsed.transform(lambda rows: clean(rows, text_policy=text_policy))
        .withColumns({"event_time": event_ids.extract_time(F.col("event_id")), "updated_at": F.lit(at)})
        .transform(lambda rows: gates.check_rows(rows, gate))
    )


def to_silver(checked: DataFrame) -> DataFrame:
    """Return silver's columns of the newest valid event of each pin, one row per pin.

    Args:
        checked: rows from `check_records`.
    """
    return latest_event_per_pin(gates.valid_rows(checked)).select(*SILVER.fieldNames())
