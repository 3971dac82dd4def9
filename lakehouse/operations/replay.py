"""Refused rows looked up, corrected, dropped, and sent through the same gates again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.errors import UsageError
from foundation.event import PIN_FIELDS
from lakehouse.catalog.tables import STREAM, Lane
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.pipelines.table_writes import LaneWriter
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Gate
from lakehouse.quality.quarantine import DROPPED, OPEN, REPLAYED
from lakehouse.serving.postgres import ServingDatabase
from lakehouse.silver.parsing import RULES, parse
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_records, to_silver


@dataclass(frozen=True)
class Replayed:
    """How many open rows were tried, and how many of them got through.

    Attributes:
        refused: by reason, how many of the others it stands against.
    """

    tried: int
    passed: int
    refused: Mapping[str, int] = field(default_factory=dict, compare=False)


class Quarantine:
    """One lane's quarantine. Every change is one merge by id, recorded with note and time.

    Args:
        lake: the lakehouse.
        lane: whose.
    """

    def __init__(self, lake: DeltaLake, lane: Lane) -> None:
        self._lane = lane
        self._lake = lake
        lake.ensure(lane.quarantine)

    def rows(self, where: str = "true") -> DataFrame:
        """Return refused rows that meet a condition in SQL over their columns and the pin's fields as text.

        Raises:
            UsageError: Spark refuses the condition.
        """
        return _tried(lambda: self._read().transform(_with_fields).where(where).drop(*PIN_FIELDS), where)

    def fix(self, where: str, corrected: Column, *, note: str | None) -> int:
        """Give open rows a corrected value, which replay takes instead; return how many."""
        rows = _tried(
            lambda: self._open().transform(_with_fields).where(where).withColumn("_new", corrected), where
        )
        return self._change(rows.select("id", "_new"), {"corrected": "new._new"}, note=note, step=Step.FIX)

    def drop(self, where: str, *, note: str) -> int:
        """Give open rows up; they stay in the table. Return how many."""
        chosen = _tried(lambda: self._open().transform(_with_fields).where(where), where)
        return self._change(chosen.select("id"), {"state": f"'{DROPPED}'"}, note=note, step=Step.DROP)

    def replay(
        self, where: str, *, text_policy: TextPolicy, serving: ServingDatabase | None, note: str | None
    ) -> Replayed:
        """Send open rows through the same parsing, cleaning and gates, under their own event ids.

        What passes is merged into silver (and for the stream lane into gold and Postgres), where only a
        newer event replaces another; only then is a row marked. Killed anywhere, it may be run again.

        Args:
            where: which, in SQL.
            text_policy: see `lakehouse.silver.cleaning`.
            serving: Postgres, for the stream lane.
            note: recorded with every row that is tried.
        """
        silver_gate = gates.open_gate(self._lake.spark, self._lane.silver)
        features_gate = gates.open_gate(self._lake.spark, self._lane.features)
        chosen = _tried(lambda: self._open().transform(_with_fields).where(where).drop(*PIN_FIELDS), where)
        rows = _as_bronze(chosen.dropDuplicates(["id"]))
        judged = check_records(rows, silver_gate, text_policy=text_policy, at=datetime.now(UTC))
        # Written down first: the merge at the end would otherwise read the quarantine it changes.
        verdicts = _twice(judged, features_gate).localCheckpoint()
        tried = verdicts.count()
        passed = gates.valid_rows(verdicts).count()
        if passed:
            self._write(gates.valid_rows(verdicts), passed, serving)
        changes = {
            "state": f"CASE WHEN size(new.reasons) = 0 THEN '{REPLAYED}' ELSE '{OPEN}' END",
            "broken": "CASE WHEN size(new.reasons) = 0 THEN old.broken ELSE new.broken END",
            "reasons": "CASE WHEN size(new.reasons) = 0 THEN old.reasons ELSE new.reasons END",
            "suite": "coalesce(new.suite, old.suite)",
        }
        explained = _explained(verdicts, silver_gate, features_gate)
        self._change(explained, changes, note=note, step=Step.REPLAY)
        return Replayed(tried, passed, _by_reason(verdicts))

    def let_through(self, rows: DataFrame, *, note: str) -> int:
        """Mark open rows, given by their id, whose records have passed without a replay; return how many."""
        return self._change(rows, {"state": f"'{REPLAYED}'"}, note=note, step=Step.REPLAY)

    def _write(self, good: DataFrame, rows: int, serving: ServingDatabase | None) -> None:
        begun = commit_info.begin(lane=self._lane.name, step=Step.REPLAY)
        query = f"replay/{begun.run}"
        known = replace(begun, query=query, read=rows)
        batch = MicroBatch(query, 0, known, known.began)
        silver = to_silver(good).localCheckpoint()
        writer = LaneWriter(self._lake, self._lane)
        writer.merge_silver(silver, batch)
        if self._lane is STREAM:
            writer.merge_features(silver, batch)
            if serving is not None:
                serving.upsert(to_features(silver), batch)

    def _change(self, rows: DataFrame, values: dict[str, str], *, note: str | None, step: str) -> int:
        chosen = rows.localCheckpoint()
        count = chosen.count()
        if not count:
            return 0
        begun = commit_info.begin(lane=self._lane.name, step=step)
        told = replace(begun, query=f"{step}/{begun.run}", read=count)
        session = self._lake.session_with_commit_info(told)
        recorded = {"changed_at": F.current_timestamp(), "note": F.coalesce(F.lit(note), F.col("old.note"))}
        changes = {name: F.expr(value) for name, value in values.items()} | recorded
        for attempt in retry_on_conflict(self._lane.quarantine):
            with attempt:
                table = self._lake.delta_table(self._lane.quarantine, session)
                merge = table.alias("old").merge(
                    chosen.dropDuplicates(["id"]).alias("new"), "old.id = new.id"
                )
                merge.whenMatchedUpdate(f"old.state = '{OPEN}'", dict(changes)).execute()
        return count

    def _open(self) -> DataFrame:
        return self._read().where(F.col("state") == OPEN)

    def _read(self) -> DataFrame:
        return self._lake.read(self._lane.quarantine)


def whole(document: str) -> Column:
    """Return a corrected value that is given as a whole."""
    return F.lit(document).cast("binary")


def assigned(assignments: dict[str, str]) -> Column:
    """Return a corrected value made from the fields that could be read, some of them computed anew.

    Args:
        assignments: SQL by field, over the pin's fields as text and quarantine's columns.

    Raises:
        UsageError: a field is none of a pin's.
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
    """Add the pin's fields as text, of the corrected value if there is one."""
    read = rows.select(
        "id",
        "event_id",
        "topic",
        "kafka_timestamp",
        F.coalesce("corrected", "value").alias("value"),
    ).transform(parse)
    return rows.join(read.dropDuplicates(["id"]).select("id", *PIN_FIELDS), "id")


def _as_bronze(rows: DataFrame) -> DataFrame:
    return rows.select(
        "id", "layer", "event_id", "topic", "partition", "offset", "kafka_timestamp",
        F.coalesce("corrected", "value").alias("value"),
    )  # fmt: skip


def _twice(judged: DataFrame, features_gate: Gate) -> DataFrame:
    """Let gold's gate judge what silver's has passed: only what both let through is replayed."""
    kept = judged.withColumnsRenamed({"reasons": "_reasons", "broken": "_broken"})
    unread = F.size("_reasons") > 0
    return (
        check_features(kept, features_gate)
        .withColumn("broken", F.when(unread, F.col("_broken")).otherwise(F.concat("_broken", "broken")))
        .withColumn("reasons", F.when(unread, F.col("_reasons")).otherwise(F.col("reasons")))
        .drop("_reasons", "_broken")
    )


def _explained(verdicts: DataFrame, silver_gate: Gate, features_gate: Gate) -> DataFrame:
    """Explain what is still refused, by either gate."""
    told = gates.invalid_rows(verdicts, silver_gate, parsing=(*RULES, *features_gate.suite.row_rules))
    explained = told.select("id", F.col("broken").alias("_explained"), "suite")
    return verdicts.join(explained, "id", "left").select(
        "id", "reasons", F.col("_explained").alias("broken"), "suite"
    )


def _tried(build: Callable[[], DataFrame], where: str) -> DataFrame:
    try:
        rows = build()
        rows.schema  # noqa: B018 - Spark looks at the condition here
        return rows
    except PySparkException as error:
        raise UsageError(
            str(error).strip().splitlines()[0],
            where=f"the condition {where}",
            hint="Correct it; quarantine's columns and the pin's fields may be named.",
        ) from None


def _by_reason(verdicts: DataFrame) -> dict[str, int]:
    """Count the rows that each reason stands against. One shuffle of a row a reason."""
    counted = verdicts.select(F.explode("reasons").alias("reason")).groupBy("reason").count()
    return {row.reason: row["count"] for row in counted.orderBy(F.desc("count"), "reason").collect()}
