"""Commits to a table on S3 whose request or answer is lost: every row that was appended is there once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable

import pytest
from deltalake import DeltaTable, QueryBuilder
from pyspark.sql import DataFrame, SparkSession

from ingestion.clients import s3_client
from pinlake.settings import Settings
from tests import relay

Row = tuple[str, int]


class Appended:
    """A table of one test's own, and what it has to hold.

    Args:
        spark: creates it, and reads it.
        settings: of the store.
        bucket: where it is.
    """

    def __init__(self, spark: SparkSession, settings: Settings, *, bucket: str) -> None:
        self.key = f"faulty-commits/{uuid.uuid4()}"
        self.url = f"s3a://{bucket}/{self.key}"
        self._bucket = bucket
        self._spark = spark
        self._settings = settings
        _rows(spark, writer="", numbers=range(0)).write.format("delta").save(self.url)

    def assert_holds(self, rows: Iterable[Row]) -> None:
        """Check rows and versions as Spark, delta-rs and the store itself see them."""
        expected = Counter(rows)
        assert Counter(map(tuple, self._spark.read.format("delta").load(self.url).collect())) == expected
        assert Counter(self._read_by_delta_rs()) == expected
        # The one that made the table, and one a row.
        assert self._versions() == list(range(1 + expected.total()))

    def _read_by_delta_rs(self) -> list[Row]:
        table = DeltaTable(self._address, storage_options=self._options)
        found = QueryBuilder().register("t", table).execute("SELECT writer, number FROM t").read_all()
        return list(zip(found["writer"].to_pylist(), found["number"].to_pylist(), strict=True))

    def _versions(self) -> list[int]:
        prefix = f"{self.key}/_delta_log/"
        listed = s3_client(self._settings.s3).list_objects_v2(Bucket=self._bucket, Prefix=prefix)["Contents"]
        names = [entry["Key"].removeprefix(prefix) for entry in listed]
        return sorted(int(name[:20]) for name in names if name[20:] == ".json")

    @property
    def _address(self) -> str:
        return self.url.replace("s3a:", "s3:")

    @property
    def _options(self) -> dict[str, str]:
        s3 = self._settings.s3
        assert s3.endpoint
        assert s3.access_key
        assert s3.secret_key
        return {
            "aws_endpoint": s3.endpoint,
            "aws_allow_http": "true",
            "aws_region": s3.region,
            "aws_access_key_id": s3.access_key,
            "aws_secret_access_key": s3.secret_key.get_secret_value(),
        }


@pytest.mark.parametrize("fault", ["request lost", "answer lost", "answer 503"])
def test_a_commit_whose_put_fails(spark: SparkSession, stack: Settings, fault: str) -> None:
    bucket = f"faulty-{uuid.uuid4()}"
    s3_client(stack.s3).create_bucket(Bucket=bucket)
    watcher = relay.FaultAtCommit(fault)
    with relay.before_s3(stack, watcher) as through:
        hadoop = spark.sparkContext._jsc.hadoopConfiguration()
        hadoop.set(f"fs.s3a.bucket.{bucket}.endpoint", through.s3.endpoint)
        table = Appended(spark, stack, bucket=bucket)
        watcher.times = 2

        _append(spark, table.url, writer="writer", numbers=range(2))

        assert watcher.times == 0
        table.assert_holds([("writer", 0), ("writer", 1)])


def _rows(spark: SparkSession, *, writer: str, numbers: range) -> DataFrame:
    # No Python worker is started for them.
    found = spark.range(numbers.start, numbers.stop, numPartitions=1)
    return found.selectExpr(f"'{writer}' AS writer", "id AS number")


def _append(spark: SparkSession, url: str, *, writer: str, numbers: range) -> None:
    for number in numbers:
        one = _rows(spark, writer=writer, numbers=range(number, number + 1))
        one.write.format("delta").mode("append").save(url)
