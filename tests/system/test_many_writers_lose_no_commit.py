"""Many writers of one table on S3, and answers that are lost: every row that was appended is there once."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from arro3.core import Array, DataType, Field, Schema, Table
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from pyspark.sql import SparkSession

from ingestion.clients import s3_client
from pinlake.settings import Settings
from tests import appender, commands, relay

ROOT = Path(__file__).parents[2]
SCHEMA = Schema([Field("writer", DataType.utf8()), Field("number", DataType.int64())])
Row = tuple[str, int]


class Appended:
    """A table of one test's own, and what it has to hold.

    Args:
        spark: creates it, and reads it.
        settings: of the store.
        bucket: where it is.
    """

    def __init__(self, spark: SparkSession, settings: Settings, *, bucket: str) -> None:
        self.key = f"many-writers/{uuid.uuid4()}"
        self.url = f"s3a://{bucket}/{self.key}"
        self._bucket = bucket
        self._spark = spark
        self._settings = settings
        appender.rows(spark, writer="", numbers=range(0)).write.format("delta").save(self.url)

    def by_delta_rs(self, *, writer: str, numbers: range) -> None:
        """Append one row a commit, without Spark."""
        for number in numbers:
            row = [Array([writer], DataType.utf8()), Array([number], DataType.int64())]
            write_deltalake(
                self._address,
                Table.from_arrays(row, schema=SCHEMA),
                mode="append",
                storage_options=self._options,
            )

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
            "aws_conditional_put": "etag",
        }


@pytest.mark.timeout(600)
def test_sessions_of_one_driver_and_delta_rs_at_once(spark: SparkSession, stack: Settings) -> None:
    table = Appended(spark, stack, bucket=stack.s3.bucket)
    sessions = [f"session {number}" for number in range(3)]

    with ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(appender.append, spark.newSession(), table.url, writer=writer, numbers=range(3))
            for writer in sessions
        ]
        waiting.append(pool.submit(table.by_delta_rs, writer="delta-rs", numbers=range(4)))
        for writing in waiting:
            writing.result()

    by_spark = [(writer, number) for writer in sessions for number in range(3)]
    table.assert_holds(by_spark + [("delta-rs", number) for number in range(4)])


def test_two_drivers_at_once(spark: SparkSession, stack: Settings, tmp_path: Path) -> None:
    table = Appended(spark, stack, bucket=stack.s3.bucket)
    command = [sys.executable, "-m", "tests.appender", table.url, "other driver", "4"]
    log = tmp_path / "log"
    with log.open("wb") as errors:
        other = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=commands.environment(stack),
        )
    with commands.ended(other):
        assert other.stdout is not None
        assert other.stdout.readline() == f"{appender.READY}\n".encode(), log.read_text()
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(other.communicate, b"go\n")
            appender.append(spark, table.url, writer="this driver", numbers=range(4))
            told.result()
        assert other.returncode == 0, log.read_text()

    table.assert_holds((writer, number) for writer in ("this driver", "other driver") for number in range(4))


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

        appender.append(spark, table.url, writer="writer", numbers=range(2))

        assert watcher.times == 0
        table.assert_holds([("writer", 0), ("writer", 1)])
