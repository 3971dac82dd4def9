"""`pinlake why`: the history of one pin in order of time, with the commits that wrote it."""

from __future__ import annotations

from functools import partial

import pytest
from pyspark.sql import SparkSession

from foundation.clients import s3_client
from foundation.errors import UsageError
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.pin_trace import served_row as served
from lakehouse.observability.pin_trace import trace as why
from lakehouse.observability.pin_trace.timeline import Entry, truncate_to_millisecond
from lakehouse.operations.quarantine import Quarantine, corrected_fields
from lakehouse.pipelines import batch as batch_lane
from lakehouse.query.table_store import TableStore
from pinlake.app.lanes import run_lanes
from tests import events

PIN, OTHER = "0190163d-8694-739b-aea5-966c26f8ad90", "0190163d-8694-739b-aea5-966c26f8ad91"
TOO_MANY = "1900M"


def test_a_trace_lists_every_step_of_a_pin(own: Settings, spark: SparkSession) -> None:
    first, _ = events.send(own.kafka, [events.pin(PIN, 10), events.pin(OTHER, 10)])
    (second,) = events.send(own.kafka, [events.pin(PIN.upper(), TOO_MANY)])
    run_lanes(spark, own)
    _correct(own, spark)

    trace = _trace(own, PIN)

    assert [truncate_to_millisecond(entry) for entry in trace] == sorted(
        truncate_to_millisecond(entry) for entry in trace
    )
    assert [_event(entry) for entry in trace if entry.what == "received"] == [first, second]
    stream = [(entry.what, _event(entry)) for entry in trace if entry.lane == "stream"]
    assert sorted(stream) == sorted(
        [
            *((what, first) for what in ("in Kafka", "bronze", "silver", "gold", "Postgres")),
            *((what, second) for what in ("in Kafka", "bronze", "refused")),
        ]
    )
    batch = [(entry.what, _event(entry)) for entry in trace if entry.lane == "batch"]
    assert sorted(batch, key=str) == sorted(
        [
            *((what, first) for what in ("in Kafka", "landed", "bronze", "silver", "gold")),
            *((what, second) for what in ("in Kafka", "landed", "bronze", "refused", "silver", "gold")),
            ("replayed", None),
        ],
        key=str,
    )
    states = {
        (entry.lane, entry.what, _event(entry)): entry.details["now"]
        for entry in trace
        if "now" in entry.details
    }
    assert states["batch", "silver", first] == f"superseded by {second}"
    assert states["batch", "gold", second] == "stands"
    assert states["stream", "gold", first] == "stands"
    (refused,) = [entry.details for entry in trace if entry.what == "refused" and entry.lane == "batch"]
    assert refused["reasons"] == ["silver.follower_count.plausible"]
    (key, _) = [entry.details["object"] for entry in trace if entry.what == "landed"]
    objects = s3_client(own.s3).list_objects_v2(Bucket=own.s3.bucket, Prefix="landing/")["Contents"]
    assert key in [object_["Key"] for object_ in objects]
    commits = [entry.details for entry in trace if entry.what in ("bronze", "silver", "gold")]
    assert all(commit["version"] is not None and commit["run"] for commit in commits)


def test_a_pin_without_records_is_an_error(own: Settings) -> None:
    with pytest.raises(UsageError, match="no record of pin"):
        _trace(own, OTHER)
    for text in ("", "pin", PIN[:-1], f"{PIN}0", "'; --"):
        with pytest.raises(UsageError, match="is not a UUID"):
            why.parse_unique_id(text)


def _correct(own: Settings, spark: SparkSession) -> None:
    lake = DeltaLake.of(spark, own)
    quarantine = Quarantine(lake, BATCH)
    correction = corrected_fields({"follower_count": "'1.9M'"})
    quarantine.fix(f"follower_count = '{TOO_MANY}'", correction, note="a thousand too many")
    quarantine.replay("true", text_policy="unicode", serving=None, note="replayed")
    batch_lane.run_gold(lake)


def _trace(own: Settings, unique_id: str) -> list[Entry]:
    store = TableStore(own.s3)
    return why.trace_pin(
        store, why.parse_unique_id(unique_id), read_served_row=partial(served.read_served_row, own.postgres)
    )


def _event(entry: Entry) -> object:
    return entry.details.get("event_id")
