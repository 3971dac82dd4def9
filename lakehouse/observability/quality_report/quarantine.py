"""The reasons for which records are in quarantine, with a few examples of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import reduce

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from lakehouse.observability.quality_report.model import Example, Reason

MAX_EXAMPLES = 3
_MAX_BYTES = 600
_KEY = ("lane", "layer", "rule")


def read_reasons(tables: Mapping[str, DataFrame]) -> tuple[Reason, ...]:
    """Return the reasons in the quarantine of every lane, most open records first. Two jobs.

    Args:
        tables: the rows of quarantine by lane.
    """
    if not tables:
        return ()
    lanes = [rows.transform(explode_rules).withColumn("lane", F.lit(lane)) for lane, rows in tables.items()]
    refused = reduce(DataFrame.unionByName, lanes)
    by_reason = defaultdict(list)
    for row in refused.transform(select_examples).collect():
        by_reason[row.lane, row.layer, row.rule].append(_example(row))
    reasons = (
        _reason(row, by_reason[row.lane, row.layer, row.rule])
        for row in refused.transform(count_records).collect()
    )
    return tuple(sorted(reasons, key=lambda reason: (-reason.open, reason.lane, reason.rule)))


def explode_rules(quarantine: DataFrame) -> DataFrame:
    """Return one row per record and critical rule it broke, with sentence and observed value."""
    broken = F.filter("broken", lambda entry: entry["rule"] == F.col("rule"))
    return (
        quarantine.withColumn("rule", F.explode("reasons"))
        .withColumn("_broken", F.try_element_at(broken, F.lit(1)))
        .withColumns({"sentence": F.col("_broken.sentence"), "observed": F.col("_broken.observed")})
        .withColumn("_first", F.col("rule") == F.get("reasons", F.lit(0)))
    )


def count_records(refused: DataFrame) -> DataFrame:
    """Return lane, layer, rule, sentence, and the number of records by state. One shuffle."""
    by_state = {
        state: F.count_if(F.col("state") == state).alias(state) for state in ("open", "replayed", "dropped")
    }
    return refused.groupBy(*_KEY).agg(
        F.max_by("sentence", "quarantined_at").alias("sentence"),
        *by_state.values(),
        F.count_if((F.col("state") == "open") & F.col("_first")).alias("first"),
        F.min(F.when(F.col("state") == "open", F.col("quarantined_at"))).alias("oldest_open"),
        F.max("quarantined_at").alias("newest"),
    )


def select_examples(refused: DataFrame) -> DataFrame:
    """Return the newest open records of every reason, a few of each. One shuffle."""
    newest = Window.partitionBy(*_KEY).orderBy(F.desc("quarantined_at"), "id")
    return (
        refused.where("state = 'open'")
        .withColumn("_rank", F.row_number().over(newest))
        .where(F.col("_rank") <= MAX_EXAMPLES)
        # A record may have megabytes.
        .withColumn("_long", F.length("value") > _MAX_BYTES)
        .withColumn("value", F.substring("value", 1, _MAX_BYTES))
        .orderBy(*_KEY, "_rank")
    )


def _reason(row: Row, examples: list[Example]) -> Reason:
    return Reason(
        lane=row.lane,
        layer=row.layer,
        rule=row.rule,
        sentence=row.sentence or row.rule,
        open=row.open,
        first=row["first"],
        replayed=row.replayed,
        dropped=row.dropped,
        oldest_open=_utc(row.oldest_open) if row.oldest_open else None,
        newest=_utc(row.newest),
        examples=tuple(examples),
    )


def _example(row: Row) -> Example:
    value = bytes(row.value or b"").decode(errors="backslashreplace")
    return Example(
        id=row.id,
        event_id=row.event_id,
        topic=row.topic or "no topic",
        partition=-1 if row.partition is None else row.partition,
        offset=-1 if row.offset is None else row.offset,
        quarantined_at=_utc(row.quarantined_at),
        observed=row.observed,
        value=value + ("…" if row["_long"] else ""),
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
