"""The erasure of a pin from every place; other pins and both lanes are unaffected."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pyspark.sql import SparkSession

from foundation import kafka_admin as topics
from foundation.clients import s3_client
from foundation.data_subjects import Subjects
from foundation.postgres import connect
from foundation.settings import Settings
from ingestion.landing.run import consume
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.observability import reconciliation as reconcile
from lakehouse.observability.ledger import balance as ledger
from lakehouse.observability.ledger import collect
from lakehouse.operations.erasure.receipt import ErasureReceipt
from lakehouse.operations.rebuild import run as rebuild
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.pipelines import batch as batch_lane
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.postgres import ServingDatabase
from pinlake.app.erasure import Erasure
from pinlake.app.lanes import run_lanes
from tests import events, records, stored
from tests.served import served
from tests.traces import traces

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(6)]
PIN = PINS[0]
SECRET = "A title that nobody else has"
TABLES_OF_PINS = (*BATCH.tables, *STREAM.tables)


@pytest.mark.timeout(900)
def test_nothing_names_an_erased_pin_and_all_else_goes_on(own: Settings, spark: SparkSession) -> None:
    began = datetime.now(UTC)
    own = own.model_copy(update={"home": own.home / "erasing"})
    _send(own, *(events.pin(unique_id, 10, title="plain") for unique_id in PINS[1:]))
    run_lanes(spark, own)
    lake = DeltaLake.of(spark, own)
    before = {table: lake.version(table) for table in TABLES_OF_PINS}
    _send(own, events.pin(PIN, 10, title=SECRET), events.pin(PINS[1], 20, title="plain"))
    run_lanes(spark, own)
    # A newer event of the pin, one with its id in upper case, and two that the gate refuses.
    _send(own, events.pin(PIN, 30, title=SECRET), {**events.pin(PIN.upper(), 40), "title": SECRET})
    _send(own, events.pin(PIN, "1900M", title=SECRET), f"no pin, but {PIN}: {SECRET}".encode())
    _put_page(own)
    keys = records.landing_keys(own)
    assert len(traces(spark, own, PIN, SECRET)) > 8
    _write_postgres_files(own)
    assert _postgres_files_with(PIN, own) != []

    receipt = _erase(own, spark, PIN)

    assert (receipt.traces, receipt.ended is not None) == ((), True)
    assert traces(spark, own, PIN, SECRET) == []
    assert _postgres_files_with(PIN, own) == []
    assert not (own.home / "quality-report" / "index.html").exists()
    assert set(records.landing_keys(own)) >= set(keys)
    rows = {name: place.rows for name, place in receipt.places.items()}
    assert rows == {
        "landing": 5,
        **{f"bronze.pins_{lane}": 5 for lane in ("batch", "stream")},
        **{f"quarantine.pins_{lane}": 2 for lane in ("batch", "stream")},
        **{"silver.pins_batch": 1, "gold.pin_features_batch": 1},
        # The stream lane keeps every event that its gates accept.
        **{"silver.pins_stream": 3, "gold.pin_features_stream": 3},
        "postgres": 1,
        "pages": 2,
    }
    _assert_versions(own, spark, before)
    _assert_topics_are_empty(own)
    _assert_rest_is_right(own, spark, PINS[1:], began)
    days = DateRange(began.date(), datetime.now(UTC).date())
    rebuilt = rebuild.preview(lake, rebuild.RebuildRequest(days, "unicode", 5))
    assert rebuilt.is_empty

    versions = {table: lake.version(table) for table in TABLES_OF_PINS}
    assert _erase(own, spark, PIN).removed == 0
    assert {table: lake.version(table) for table in versions} == versions

    # Later events are new ones, of the erased pin as of the others.
    _send(own, *(events.pin(unique_id, 50) for unique_id in PINS))
    run_lanes(spark, own)
    _assert_rest_is_right(own, spark, PINS, began)


def _send(own: Settings, *pins: dict[str, object] | bytes) -> None:
    events.send(own.kafka, pins)


def _erase(own: Settings, spark: SparkSession, *ids: str) -> ErasureReceipt:
    return Erasure(spark, own, Subjects.of(ids), on_step=lambda step: None).run()


def _put_page(own: Settings) -> None:
    page = f"<p>for example {PIN}: {SECRET}".encode()
    s3_client(own.s3).put_object(Bucket=own.s3.bucket, Key="reports/index.html", Body=page)
    folder = own.home / "quality-report"
    folder.mkdir(parents=True)
    (folder / "index.html").write_bytes(page)


def _write_postgres_files(own: Settings) -> None:
    with closing(connect(own.postgres)) as session, session.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def _postgres_files_with(unique_id: str, own: Settings) -> list[str]:
    """Return the tables and indexes whose bytes contain an id; this test's home is below the stack's."""
    files = (own.home.parent / "postgres").glob("base/*/*")
    return [str(path) for path in files if path.is_file() and UUID(unique_id).bytes in path.read_bytes()]


def _assert_versions(own: Settings, spark: SparkSession, before: dict[Table, int]) -> None:
    """Assert that versions without the pin can be read, and that no key of an object names the pin."""
    lake = DeltaLake.of(spark, own)
    for table in (BATCH.silver, STREAM.silver, BATCH.features, STREAM.features):
        assert lake.read(table, version=before[table]).count() == len(PINS) - 1
        newest = lake.read(table)
        assert {row.unique_id for row in newest.select("unique_id").collect()} == set(PINS[1:])
    keys = [key for key in stored.keys(own, "warehouse/") if key.endswith(".html") or PIN in key]
    assert keys == []


def _assert_topics_are_empty(own: Settings) -> None:
    for topic in (own.kafka.batch_topic, own.kafka.stream_topic):
        assert topics.earliest_offsets(own.kafka, topic) == topics.latest_offsets(own.kafka, topic)


def _assert_rest_is_right(own: Settings, spark: SparkSession, pins: Sequence[str], began: datetime) -> None:
    lake = DeltaLake.of(spark, own)
    assert consume(own) == []
    assert batch_lane.run_bronze(lake) == StepMetrics()
    assert batch_lane.run_silver(lake, text_policy="unicode") == StepMetrics()
    assert batch_lane.run_gold(lake).written == 0
    assert open_stream(spark, own).drain().read == 0
    assert set(served(own)) == set(pins)
    daily = lake.read(CATEGORY_DAILY).collect()
    assert sum(row.pins for row in daily) == len(pins)
    sums = ledger.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))
    assert [total for total in sums if not total.balanced] == []
    until = datetime.now(UTC) + timedelta(seconds=1)
    assert reconcile.compare(lake, since=began, until=until).differences == ()
