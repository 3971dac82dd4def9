"""Bronze rows to judged ones, and those that pass to silver rows."""

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
    """Parse, clean and judge every row: which event is newest is asked only of those that pass.

    A newer event that is refused would otherwise hide an older good one.

    Args:
        bronze: bronze rows.
        gate: silver's.
        text_policy: see `lakehouse.silver.cleaning`.
        at: when they are written.

    Returns:
        The columns of bronze and silver, and those that `lakehouse.quality.gate.check_rows` adds.
    """
    return check_parsed_records(bronze.transform(parse), gate, text_policy=text_policy, at=at)


def check_parsed_records(
    parsed: DataFrame, gate: Gate, *, text_policy: TextPolicy, at: datetime
) -> DataFrame:
    """Do the same with rows that are parsed already: see `lakehouse.silver.parsing.parse`."""
    return (
        parsed.transform(lambda rows: clean(rows, text_policy=text_policy))
        .withColumns({"event_time": event_ids.extract_time(F.col("event_id")), "updated_at": F.lit(at)})
        .transform(lambda rows: gates.check_rows(rows, gate))
    )


def to_silver(judged: DataFrame) -> DataFrame:
    """Return silver's columns: one row a pin, the newest event that passed."""
    return latest_event_per_pin(gates.valid_rows(judged)).select(*SILVER.fieldNames())
