"""A table on S3 to which many append, one row a commit, and what it has to hold in the end."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from arro3.core import Array, DataType, Field, Schema, Table
from delta.tables import DeltaTable as Deltas
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame, SparkSession
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from foundation.clients import s3_client
from foundation.settings import Settings

SCHEMA = Schema([Field("writer", DataType.utf8()), Field("number", DataType.int64())])
Row = tuple[str, int]

_LISTED = Retrying(retry=retry_if_exception_type(DeltaError), stop=stop_after_attempt(20), reraise=True)


class Appended:
    """A table of one test's own.

    Args:
        spark: creates it, and reads it.
        settings: of the store.
        bucket: where it is.
        checkpoint_interval: commits between two checkpoints of its log.

    Attributes:
        joins: commits that have joined files.
    """

    def __init__(
        self, spark: SparkSession, settings: Settings, *, bucket: str, checkpoint_interval: int = 10
    ) -> None:
        self.key = f"appended/{uuid.uuid4()}"
        self.url = f"s3a://{bucket}/{self.key}"
        self.joins = 0
        self._bucket = bucket
        self._spark = spark
        self._settings = settings
        writer = rows(spark, writer="", numbers=range(0)).write.format("delta")
        writer.option("delta.checkpointInterval", checkpoint_interval).save(self.url)

    def race(self, *, writers: int, commits: int, by_delta_rs: int, joins: int) -> None:
        """Let sessions of one driver and delta-rs append at the same time, and check what is there."""
        names = [f"session {number}" for number in range(writers)]
        with ThreadPoolExecutor(writers + 2) as pool:
            waiting = [
                pool.submit(append, self._spark.newSession(), self.url, writer=name, numbers=range(commits))
                for name in names
            ]
            waiting.append(pool.submit(self.by_delta_rs, writer="delta-rs", numbers=range(by_delta_rs)))
            waiting.append(pool.submit(self.join_files, joins))
            for writing in waiting:
                writing.result()
        by_spark = [(name, number) for name in names for number in range(commits)]
        self.assert_holds(by_spark + [("delta-rs", number) for number in range(by_delta_rs)])

    def by_delta_rs(self, *, writer: str, numbers: range) -> None:
        """Append one row a commit, without Spark.

        The local store may list a growing folder with a gap, before or after a commit; unlike Pinlake's log
        store delta-rs does not look again: it is asked whether the row is there.
        """
        options = {**self._options, "aws_conditional_put": "etag"}
        for number in numbers:
            row = [Array([writer], DataType.utf8()), Array([number], DataType.int64())]
            table = Table.from_arrays(row, schema=SCHEMA)
            for attempt in _LISTED:
                with attempt:
                    is_again = attempt.retry_state.attempt_number > 1
                    if not (is_again and (writer, number) in self._read_by_delta_rs()):
                        write_deltalake(self._address, table, mode="append", storage_options=options)

    def join_files(self, times: int) -> None:
        """Join the small files, and let delta-rs sum the log up in a checkpoint, again and again."""
        session = self._spark.newSession()
        for _ in range(times):
            joined = Deltas.forPath(session, self.url).optimize().executeCompaction()
            row = joined.select("metrics.numFilesRemoved").first()
            self.joins += int(bool(row and row[0]))
            _LISTED(lambda: DeltaTable(self._address, storage_options=self._options).create_checkpoint())

    def assert_holds(self, expected_rows: Iterable[Row]) -> None:
        """Check rows and versions as Spark, delta-rs and the store itself see them."""
        expected = Counter(expected_rows)
        assert Counter(map(tuple, self._spark.read.format("delta").load(self.url).collect())) == expected
        assert Counter(self._read_by_delta_rs()) == expected
        # The one that made the table, one a row, and those that joined files.
        assert self.versions() == list(range(1 + expected.total() + self.joins))

    def versions(self) -> list[int]:
        """Return the versions whose commit files the store lists."""
        return sorted(int(name[:20]) for name in self._log() if name[20:] == ".json")

    def checkpoints(self) -> int:
        """Return how many checkpoints the store lists."""
        return sum(".checkpoint." in name for name in self._log())

    def _log(self) -> list[str]:
        prefix = f"{self.key}/_delta_log/"
        pages = s3_client(self._settings.s3).get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"].removeprefix(prefix) for page in listed for entry in page.get("Contents", [])]

    def _read_by_delta_rs(self) -> list[Row]:
        table = DeltaTable(self._address, storage_options=self._options)
        found = QueryBuilder().register("t", table).execute("SELECT writer, number FROM t").read_all()
        return list(zip(found["writer"].to_pylist(), found["number"].to_pylist(), strict=True))

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


def rows(spark: SparkSession, *, writer: str, numbers: range) -> DataFrame:
    """Return one row a number: (writer, number). No Python worker is started for them."""
    found = spark.range(numbers.start, numbers.stop, numPartitions=1)
    return found.selectExpr(f"'{writer}' AS writer", "id AS number")


def append(spark: SparkSession, url: str, *, writer: str, numbers: range) -> None:
    """Append one row a commit."""
    for number in numbers:
        one = rows(spark, writer=writer, numbers=range(number, number + 1))
        one.write.format("delta").mode("append").save(url)
