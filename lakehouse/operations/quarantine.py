"""The quarantine of a lane: its rows are selected, corrected, dropped, and replayed through the gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.errors import UsageError, first_line
from foundation.event import PIN_FIELDS
from lakehouse.catalog.schemas import QUARANTINE, SILVER
from lakehouse.catalog.tables import STREAM, Lane
from lakehouse.delta import commit_info
from lakehouse.delta.appends import collect_event_ids
from lakehouse.delta.commit_info import CommitInfo, Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.pipelines.table_writes import HistoryWriter, LaneWriter
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Gate
from lakehouse.quality.quarantine import DROPPED, OPEN, REPLAYED
from lakehouse.serving.postgres import ServingDatabase
from lakehouse.silver.deduplication import drop_repeats, latest_event_per_pin
from lakehouse.silver.parsing import RULES, parse
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records, to_silver
from lakehouse.spark.dataframes import dataframe_from_rows


@dataclass(frozen=True)
class ReplayResult:
    """The result of a replay.

    Attributes:
        tried: open rows that were selected.
        passed: rows that passed both gates.
        refused: the number of rows that are still refused, by reason; a row may have several.
    """

    tried: int
    passed: int
    refused: Mapping[str, int] = field(default_factory=dict, compare=False)


class Quarantine:
    """The quarantine of one lane. Each change is one merge by id, recorded with a note and the time.

    Args:
        lake: the lakehouse.
        lane: the lane.
    """

    def __init__(self, lake: DeltaLake, lane: Lane) -> None:
        self._lane = lane
        self._lake = lake

    def select(self, where: str = "true") -> DataFrame:
        """Return the rows that meet a condition.

        Writes nothing: if the table does not exist yet, there are no rows.

        Args:
            where: the condition, in SQL over quarantine's columns and the pin's fields as text.

        Raises:
            UsageError: Spark rejects the condition.
        """
        return _analysed(lambda: self._read().transform(_with_fields).where(where).drop(*PIN_FIELDS), where)

    def fix(self, where: str, corrected: Column, *, note: str | None) -> int:
        """Store a corrected value with open rows, which replay uses instead; return the number of rows.

        Args:
            where: the condition, as for `select`.
            corrected: the value: see `corrected_document` and `corrected_fields`.
            note: recorded with every row; None keeps the note it has.

        Raises:
            UsageError: Spark rejects the condition or the value.
        """
        self._lake.ensure(self._lane.quarantine)
        rows = _analysed(
            lambda: self._read_open().transform(_with_fields).where(where).withColumn("_new", corrected),
            where,
        )
        return self._change(rows.select("id", "_new"), {"corrected": "new._new"}, note=note, step=Step.FIX)

    def drop(self, where: str, *, note: str) -> int:
        """Mark open rows as dropped; they stay in the table. Return the number of rows.

        Args:
            where: the condition, as for `select`.
            note: recorded with every row.

        Raises:
            UsageError: Spark rejects the condition.
        """
        self._lake.ensure(self._lane.quarantine)
        rows = _analysed(lambda: self._read_open().transform(_with_fields).where(where), where)
        return self._change(rows.select("id"), {"state": f"'{DROPPED}'"}, note=note, step=Step.DROP)

    def replay(
        self, where: str, *, text_policy: TextPolicy, serving: ServingDatabase | None, note: str | None
    ) -> ReplayResult:
        """Send open rows through the same parsing, cleaning and gates, under their own event ids.

        In the batch lane, rows that pass are merged into silver. In the stream lane they are appended to
        silver and gold, unless these have the event, and go to Postgres, where only a newer event replaces
        another. Then they are marked. A replay that was killed may be repeated. Both suites are loaded and
        compiled once.

        Args:
            where: the condition, as for `select`.
            text_policy: see `lakehouse.silver.cleaning`.
            serving: Postgres, for the stream lane; None to leave it as it is.
            note: recorded with every row that is tried; None keeps the note it has.

        Raises:
            UsageError: Spark rejects the condition.
            TerminalError: a suite is not valid.
            TransientError: Postgres does not answer.
        """
        self._lake.ensure(self._lane.quarantine)
        silver_gate = gates.open_gate(self._lake.spark, self._lane.silver)
        features_gate = gates.open_gate(self._lake.spark, self._lane.features)
        selected = _analysed(
            lambda: self._read_open().transform(_with_fields).where(where).drop(*PIN_FIELDS), where
        )
        rows = _to_bronze(selected.dropDuplicates(["id"]))
        judged = check_records(rows, silver_gate, text_policy=text_policy, at=datetime.now(UTC))
        # Computed first: the merge at the end would otherwise read the table that it changes.
        results = _apply_gold_gate(judged, features_gate).localCheckpoint()
        tried = results.count()
        passed = gates.valid_rows(results).count()
        if passed:
            self._write(gates.valid_rows(results), passed, serving)
        changes = {
            "state": f"CASE WHEN size(new.reasons) = 0 THEN '{REPLAYED}' ELSE '{OPEN}' END",
            "broken": "CASE WHEN size(new.reasons) = 0 THEN old.broken ELSE new.broken END",
            "reasons": "CASE WHEN size(new.reasons) = 0 THEN old.reasons ELSE new.reasons END",
            "suite": "coalesce(new.suite, old.suite)",
        }
        self._change(_explain(results, silver_gate, features_gate), changes, note=note, step=Step.REPLAY)
        return ReplayResult(tried, passed, _count_reasons(results))

    def release(self, rows: DataFrame, *, note: str) -> int:
        """Mark open rows as replayed because their records passed in a rebuild; return their number.

        Args:
            rows: the ids of the rows, as `id`.
            note: recorded with every row.
        """
        return self._change(rows, {"state": f"'{REPLAYED}'"}, note=note, step=Step.REPLAY)

    def _write(self, passed: DataFrame, count: int, serving: ServingDatabase | None) -> None:
        info = self._begin(Step.REPLAY, rows=count)
        batch = MicroBatch(f"{Step.REPLAY}/{info.run}", 0, info, info.began)
        if self._lane is not STREAM:
            writer = LaneWriter(self._lake, self._lane)
            writer.write_silver(to_silver(passed).localCheckpoint(), batch)
            return
        events = drop_repeats(passed).select(*SILVER.fieldNames()).localCheckpoint()
        appender = HistoryWriter(self._lake, self._lane, collect_event_ids(events))
        appender.write_silver(events, batch)
        appender.write_features(events, batch)
        if serving is not None:
            serving.upsert(to_features(latest_event_per_pin(events)), batch)

    def _change(self, rows: DataFrame, values: dict[str, str], *, note: str | None, step: Step) -> int:
        """Update the open rows with these ids in one merge, and return their number."""
        changed = rows.localCheckpoint()
        count = changed.count()
        if not count:
            return 0
        session = self._lake.session_with_commit_info(self._begin(step, rows=count))
        recorded = {"changed_at": F.current_timestamp(), "note": F.coalesce(F.lit(note), F.col("old.note"))}
        changes = {name: F.expr(value) for name, value in values.items()} | recorded
        for attempt in retry_on_conflict(self._lane.quarantine):
            with attempt:
                table = self._lake.delta_table(self._lane.quarantine, session)
                merge = table.alias("old").merge(
                    changed.dropDuplicates(["id"]).alias("new"), "old.id = new.id"
                )
                merge.whenMatchedUpdate(f"old.state = '{OPEN}'", dict(changes)).execute()
        return count

    def _begin(self, step: Step, *, rows: int) -> CommitInfo:
        info = commit_info.begin(lane=self._lane.name, step=step)
        return replace(info, query=f"{step}/{info.run}", read=rows)

    def _read_open(self) -> DataFrame:
        return self._read().where(F.col("state") == OPEN)

    def _read(self) -> DataFrame:
        """Return the rows of the table; a command that only reads neither creates nor alters it."""
        if not self._lake.exists(self._lane.quarantine):
            return dataframe_from_rows(self._lake.spark, [], QUARANTINE)
        rows = self._lake.read(self._lane.quarantine)
        # A table created by an older Pinlake may lack columns.
        missing = [field for field in QUARANTINE if field.name not in rows.columns]
        return rows.withColumns({field.name: F.lit(None).cast(field.dataType) for field in missing})


def corrected_document(document: str) -> Column:
    """Return a corrected value given as a whole JSON document."""
    return F.lit(document).cast("binary")


def corrected_fields(assignments: dict[str, str]) -> Column:
    """Return a corrected value made of the fields that could be read, some of them replaced.

    Args:
        assignments: SQL by field, over the pin's fields as text and quarantine's columns.

    Raises:
        UsageError: a pin has no such field.
    """
    if unknown := sorted(set(assignments) - set(PIN_FIELDS)):
        raise UsageError(
            f"a pin has no field {unknown[0]}", where="--set", hint=f"There are: {', '.join(PIN_FIELDS)}."
        )
    fields = [
        (F.expr(assignments[name]) if name in assignments else F.col(name)).alias(name) for name in PIN_FIELDS
    ]
    return F.to_json(F.struct(*fields)).cast("binary")


def _with_fields(rows: DataFrame) -> DataFrame:
    """Add the pin's fields as text, from the corrected value if there is one."""
    parsed = rows.select(
        "id",
        "event_id",
        "topic",
        "kafka_timestamp",
        F.coalesce("corrected", "value").alias("value"),
    ).transform(parse)
    return rows.join(parsed.dropDuplicates(["id"]).select("id", *PIN_FIELDS), "id")


def _to_bronze(rows: DataFrame) -> DataFrame:
    return rows.select(
        "id", "layer", "event_id", "topic", "partition", "offset", "kafka_timestamp",
        F.coalesce("corrected", "value").alias("value"),
    )  # fmt: skip


def _apply_gold_gate(judged: DataFrame, features_gate: Gate) -> DataFrame:
    """Apply gold's gate to the rows that passed silver's: only rows that pass both are replayed."""
    renamed = judged.withColumnsRenamed({"reasons": "_reasons", "broken": "_broken"})
    refused = F.size("_reasons") > 0
    return (
        check_features(renamed, features_gate)
        .withColumn("broken", F.when(refused, F.col("_broken")).otherwise(F.concat("_broken", "broken")))
        .withColumn("reasons", F.when(refused, F.col("_reasons")).otherwise(F.col("reasons")))
        .drop("_reasons", "_broken")
    )


def _explain(results: DataFrame, silver_gate: Gate, features_gate: Gate) -> DataFrame:
    """Add the broken rules of either gate, with their sentences, to the rows that are still refused."""
    refused = gates.invalid_rows(results, silver_gate, parsing=(*RULES, *features_gate.suite.row_rules))
    explained = refused.select("id", F.col("broken").alias("_explained"), "suite")
    return results.join(explained, "id", "left").select(
        "id", "reasons", F.col("_explained").alias("broken"), "suite"
    )


def _analysed(build: Callable[[], DataFrame], where: str) -> DataFrame:
    """Return the frame that is built, once Spark has checked the condition in it.

    Raises:
        UsageError: Spark rejects the condition.
    """
    try:
        rows = build()
        rows.schema  # noqa: B018 - Spark analyses the condition here
        return rows
    except PySparkException as error:
        raise UsageError(
            first_line(error),
            where=f"the condition {where}",
            hint="Correct it; it may use quarantine's columns and the pin's fields.",
        ) from None


def _count_reasons(results: DataFrame) -> dict[str, int]:
    """Return the number of refused rows by reason. One shuffle of one row per reason."""
    counted = results.select(F.explode("reasons").alias("reason")).groupBy("reason").count()
    return {row.reason: row["count"] for row in counted.orderBy(F.desc("count"), "reason").collect()}
