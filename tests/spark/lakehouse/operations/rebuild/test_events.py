"""The events of a rebuild: decisions of people count, and a pin is rebuilt with all its events."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.schemas import BRONZE, FEATURES, QUARANTINE, SILVER
from lakehouse.operations.rebuild import events
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAYS = DateRange(date(2026, 1, 31), date(2026, 1, 31))
PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]


def _encode(text: str) -> str:
    return b64encode(text.encode()).decode()


def _record(offset: int | None, value: str, *, at: datetime = NOON) -> dict[str, object]:
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    coordinates = {"topic": "pins", "partition": 0, "offset": offset} if offset is not None else {}
    return {
        "event_id": f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-{offset or 0:012x}",
        "value": _encode(value), "kafka_timestamp": at, **coordinates,
    }  # fmt: skip


def _bronze(spark: SparkSession, records: Sequence[Mapping[str, object]]) -> DataFrame:
    return dataframe_from_rows(spark, records, BRONZE)


def test_dropped_records_are_left_out_and_corrections_replace_values(spark: SparkSession) -> None:
    def refused(offset: int | None, **columns: object) -> dict[str, object]:
        coordinates = {"topic": "pins", "partition": 0, "offset": offset} if offset is not None else {}
        return {"id": f"{columns}{offset}", "layer": "silver", "state": "open", **coordinates, **columns}

    quarantine = dataframe_from_rows(
        spark,
        [
            refused(0, state="dropped"),
            refused(1, corrected=_encode("corrected")),
            refused(2, state="dropped", layer="gold"),
            refused(3),
            # A landing line that is not an envelope has no coordinates to be found by.
            refused(None, state="dropped"),
        ],
        QUARANTINE,
    )
    records = [_record(offset, "sent") for offset in (0, 1, 2, 3, None)]

    decided = events.apply_decisions(_bronze(spark, records), events.select_decisions(quarantine))

    assert set(decided.columns) == set(BRONZE.fieldNames())
    values = {row.offset: bytes(row.value).decode() for row in decided.collect()}
    assert values == {1: "corrected", 2: "sent", 3: "sent", None: "sent"}


def test_every_event_of_a_pin_of_the_days_is_checked_again(spark: SparkSession) -> None:
    pins = [f'{{"unique_id": "{pin}"}}' for pin in PINS]
    day = timedelta(days=1)
    records = [
        _record(0, pins[0].upper().replace("UNIQUE_ID", "unique_id")),
        _record(1, pins[0], at=NOON - 99 * day),
        _record(2, pins[1], at=NOON + day),
        _record(3, "no pin"),
        _record(4, "no pin", at=NOON - day),
        _record(5, pins[2], at=NOON - day),
        # Of a pin whose newest event, which can no longer be parsed, is in silver.
        _record(6, "no pin", at=NOON),
    ]
    bronze = _bronze(spark, records)
    silver = dataframe_from_rows(spark, [{"unique_id": PINS[2], "event_time": NOON}], SILVER)
    features = dataframe_from_rows(
        spark,
        [{"unique_id": PINS[3], "event_time": NOON}, {"unique_id": PINS[1], "event_time": NOON + day}],
        FEATURES,
    )

    selected = events.select_pins(DAYS, bronze, [silver, features])
    checked = events.select_events(bronze, selected, DAYS)

    assert {row.unique_id for row in selected.collect()} == {PINS[0], PINS[2], PINS[3]}
    assert sorted(row.offset for row in checked.select("offset").collect()) == [0, 1, 3, 5, 6]
