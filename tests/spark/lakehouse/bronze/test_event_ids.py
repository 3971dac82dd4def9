"""Event ids as columns agree with the API's ids, and derived ids keep Kafka's order."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from foundation import event
from lakehouse.bronze import event_ids

few = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
LAST_MILLISECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)

records = st.tuples(
    st.integers(-1, LAST_MILLISECOND), st.integers(0, 4095), st.integers(0, 2**48 - 1), st.text(min_size=1)
)


@few
@given(st.lists(records, min_size=1, max_size=50))
def test_a_derived_id_is_a_uuid7_of_its_records_time(
    spark: SparkSession, rows: list[tuple[int, int, int, str]]
) -> None:
    frame = spark.createDataFrame(rows, "ms bigint, partition int, offset bigint, topic string")
    derived = event_ids.derive(F.timestamp_millis("ms"), F.col("topic"), F.col("partition"), F.col("offset"))
    with_ids = frame.withColumn("id", derived)
    parsed = with_ids.select("ms", "id", event_ids.parse_header(F.encode("id", "UTF-8")).alias("parsed"))

    for row in parsed.collect():
        derived_id = uuid.UUID(row.id)
        assert (derived_id.version, derived_id.variant) == (7, uuid.RFC_4122)
        assert derived_id.int >> 80 == max(row.ms, 0)
        assert row.parsed == row.id == str(derived_id)


def test_records_of_one_partition_keep_their_order_within_a_millisecond(spark: SparkSession) -> None:
    frame = spark.range(0, 3000, 7).withColumn("ms", F.lit(1_700_000_000_000))
    derived = event_ids.derive(F.timestamp_millis("ms"), F.lit("pins"), F.lit(3), F.col("id"))

    ids = [row.derived for row in frame.select(derived.alias("derived"), "id").orderBy("id").collect()]

    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_the_time_inside_the_apis_ids_is_read_to_the_millisecond(spark: SparkSession) -> None:
    ids = [event.new_event_id() for _ in range(3)]
    frame = spark.createDataFrame([(event_id,) for event_id in ids], "id string")

    times = frame.select(F.unix_millis(event_ids.extract_time(F.col("id"))).alias("ms")).collect()

    assert [row.ms for row in times] == [uuid.UUID(event_id).int >> 80 for event_id in ids]


def test_headers_that_are_not_a_uuid7_are_ignored(spark: SparkSession) -> None:
    good = event.new_event_id()
    other = [good[:-1].encode(), f"{good}\n".encode()]
    headers = [None, b"", b"\xff\xfe", str(uuid.uuid4()).encode(), good.upper().encode(), *other]
    frame = spark.createDataFrame([(header,) for header in headers], "header binary")

    ids = [row.id for row in frame.select(event_ids.parse_header(F.col("header")).alias("id")).collect()]

    assert ids == [None, None, None, None, good, None, None]
