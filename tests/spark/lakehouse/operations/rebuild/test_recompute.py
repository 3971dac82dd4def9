"""A rebuild recomputes silver and gold from bronze alone, and compares them with the tables."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta

from lakehouse.catalog.schemas import BRONZE
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.recompute import open_recomputation
from lakehouse.spark.dataframes import dataframe_from_rows

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAYS = DateRange(date(2026, 1, 31), date(2026, 1, 31))
PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(3)]


def test_what_the_tables_lack_is_a_change(lake: DeltaLake) -> None:
    lake.ensure(BATCH.bronze)
    records = [
        _record(0, PINS[0], at=NOON - timedelta(hours=1), title="old"),
        _record(1, PINS[0], at=NOON, title="new"),
        # A pin of the days is rebuilt from its events of other days, too.
        _record(2, PINS[1], at=NOON - timedelta(days=9), title="older"),
        _record(3, PINS[1], at=NOON, title="newer"),
        _record(4, PINS[2], at=NOON - timedelta(days=9), title="of another day"),
        _record(5, "pin-7", at=NOON, title="refused"),
    ]
    lake.append(dataframe_from_rows(lake.spark, records, BRONZE), BATCH.bronze, MicroBatch("query", 0))

    with open_recomputation(lake, DAYS) as recomputation:
        silver = recomputation.recompute_silver(text_policy="unicode")
        gold = recomputation.recompute_gold(silver)

        assert silver.version == lake.version(BATCH.bronze)
        assert (silver.judged.counts.read, silver.judged.counts.quarantined) == (5, 1)
        rows = silver.changes.select("was", "now.unique_id", "now.title").collect()
        assert sorted(rows) == [(None, PINS[0], "new"), (None, PINS[1], "newer")]
        assert [row.offset for row in silver.refusals.collect()] == [5]
        assert silver.released.collect() == []
        assert sorted(row.key.unique_id for row in gold.features.collect()) == PINS[:2]
        (day,) = gold.daily.select("key.day", "was", "now.pins").collect()
        assert (day.day, day.was, day.pins) == (date(2026, 1, 31), None, 2)
        assert gold.refusals.collect() == []

    # Nothing was written.
    assert lake.read(BATCH.silver).count() == 0


def _record(offset: int, unique_id: str, *, at: datetime, title: str) -> dict[str, object]:
    pin = {"unique_id": unique_id, "category": "art", "downloaded": 1, "title": title}
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return {
        "event_id": f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-{offset:012x}",
        "topic": "t", "partition": 0, "offset": offset, "value": b64encode(json.dumps(pin).encode()).decode(),
        **dict.fromkeys(("received_at", "kafka_timestamp", "ingested_at"), at),
    }  # fmt: skip
