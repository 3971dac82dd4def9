"""Landing lines are parsed back into the records they were made from, whatever bytes those contain."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from ingestion.landing.envelope import to_line
from lakehouse.bronze.sources import parse_envelopes
from tests.landing_objects import Record

content = st.none() | st.binary(max_size=40) | st.text(max_size=20).map(str.encode)
records = st.builds(
    Record,
    topic=st.text("abcXYZ019._-", min_size=1),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    timestamp=st.integers(0, 4_000_000_000_000),
    key=content,
    headers=st.lists(st.tuples(st.text(max_size=8), content), max_size=3),
    value=content,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records, min_size=1, max_size=60))
def test_every_record_survives_the_landing_format(spark: SparkSession, records: list[Record]) -> None:
    lines = [(to_line(record).decode().removesuffix("\n"),) for record in records]

    parsed = parse_envelopes(spark.createDataFrame(lines, "value string")).collect()

    assert [_as_record(row) for row in parsed] == records


def test_a_line_that_is_not_an_envelope_is_kept_whole(spark: SparkSession) -> None:
    lines = ["", "not json", '{"partition": 1}', "[]", '{"topic": "t", "partition": 0}', '{"topic": 1']

    parsed = parse_envelopes(spark.createDataFrame([(line,) for line in lines], "value string")).collect()

    assert [(row.topic, bytes(row.value).decode()) for row in parsed] == [(None, line) for line in lines]


def _as_record(row: Row) -> Record:
    timestamp: datetime = row.timestamp.replace(tzinfo=UTC)
    headers = [(header.key, _bytes(header.value)) for header in row.headers]
    milliseconds = round(timestamp.timestamp() * 1000)
    return Record(
        row.topic, row.partition, row.offset, milliseconds, _bytes(row.key), headers, _bytes(row.value)
    )


def _bytes(content: bytearray | None) -> bytes | None:
    return None if content is None else bytes(content)
