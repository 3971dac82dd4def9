"""A table on S3 to which many writers append one row per commit, and the check of its rows."""

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
from lakehouse.catalog.tables import OPS_LEDGER
from lakehouse.delta.retries import retry_on_conflict

SCHEMA = Schema([Field("writer", DataType.utf8()), Field("number", DataType.int64())])
Row = tuple[str, int]

_RETRYING = Retrying(retry=retry_if_exception_type(DeltaError), stop=stop_after_attempt(20), reraise=True)


class Appended:
    """A table of one test.

    Args:
        spark: the session that creates and reads it.
        settings: of the object store.
        bucket: the bucket of the table.
        checkpoint_interval: commits between two checkpoints of its log.

    Attributes:
        joins: number of commits that joined files.
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
        """Let sessions of one driver and delta-rs append at the same time, then check the rows."""
        names = [f"session {number}" for number in range(writers)]
        with ThreadPoolExecutor(writers + 2) as pool:
            futures = [
                pool.submit(append, self._spark.newSession(), self.url, writer=name, numbers=range(commits))
                for name in names
            ]
            futures.append(pool.submit(self.by_delta_rs, writer="delta-rs", numbers=range(by_delta_rs)))
            futures.append(pool.submit(self.join_files, joins))
            for future in futures:
                future.result()
        by_spark = [(name, number) for name in names for number in range(commits)]
        self.assert_holds(by_spark + [("delta-rs", number) for number in range(by_delta_rs)])

    def by_delta_rs(self, *, writer: str, numbers: range) -> None:
        """Append one row per commit with delta-rs.

        The local store may list a growing folder with a gap, before or after a commit. Pinlake's log store
        lists it again; delta-rs does not, so this method checks before a retry whether the row is there.
        """
        options = {**self._options, "aws_conditional_put": "etag"}
        for number in numbers:
            row = [Array([writer], DataType.utf8()), Array([number], DataType.int64())]
            table = Table.from_arrays(row, schema=SCHEMA)
            for attempt in _RETRYING:
                with attempt:
                    is_retry = attempt.retry_state.attempt_number > 1
                    if not (is_retry and (writer, number) in self._read_by_delta_rs()):
                        write_deltalake(self._address, table, mode="append", storage_options=options)

    def join_files(self, times: int) -> None:
        """Join the small files and let delta-rs write a checkpoint of the log, `times` times."""
        session = self._spark.newSession()
        for _ in range(times):
            joined = Deltas.forPath(session, self.url).optimize().executeCompaction()
            row = joined.select("metrics.numFilesRemoved").first()
            self.joins += int(bool(row and row[0]))
            _RETRYING(lambda: DeltaTable(self._address, storage_options=self._options).create_checkpoint())

    def assert_holds(self, expected_rows: Iterable[Row]) -> None:
        """Check the rows that Spark and delta-rs read, and the versions that the store lists."""
        expected = Counter(expected_rows)
        assert Counter(map(tuple, self._spark.read.format("delta").load(self.url).collect())) == expected
        assert Counter(self._read_by_delta_rs()) == expected
        # One commit created the table, one per row appended it, and some joined files.
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
        listing = pages.paginate(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"].removeprefix(prefix) for page in listing for entry in page.get("Contents", [])]

    def _read_by_delta_rs(self) -> list[Row]:
        table = DeltaTable(self._address, storage_options=self._options)
        rows = QueryBuilder().register("t", table).execute("SELECT writer, number FROM t").read_all()
        return list(zip(rows["writer"].to_pylist(), rows["number"].to_pylist(), strict=True))

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
    """Return one row per number: (writer, number). This starts no Python worker."""
    ids = spark.range(numbers.start, numbers.stop, numPartitions=1)
    return ids.selectExpr(f"'{writer}' AS writer", "id AS number")


def append(spark: SparkSession, url: str, *, writer: str, numbers: range) -> None:
    """Append one row per commit, as the product does: an append that meets a conflict is repeated.

    A folder that the local store lists with a gap can look like a table that does not exist yet.
    """
    for number in numbers:
        row = rows(spark, writer=writer, numbers=range(number, number + 1))
        for attempt in retry_on_conflict(OPS_LEDGER):
            with attempt:
                row.write.format("delta").mode("append").save(url)
