"""Commits to a table on S3 with a lost request or response: the table has every row exactly once."""

from __future__ import annotations

import uuid

import pytest
from pyspark.sql import SparkSession

from foundation.clients import s3_client
from foundation.settings import Settings
from tests import appended, relay
from tests.appended import Appended


@pytest.mark.parametrize("fault", ["request lost", "answer lost", "no answer", "answer 503"])
def test_a_commit_whose_put_fails(spark: SparkSession, stack: Settings, fault: str) -> None:
    bucket = f"faulty-{uuid.uuid4()}"
    s3_client(stack.s3).create_bucket(Bucket=bucket)
    watcher = relay.FaultAtCommit(fault)
    with relay.before_s3(stack, watcher) as relay_settings:
        hadoop = spark.sparkContext._jsc.hadoopConfiguration()
        hadoop.set(f"fs.s3a.bucket.{bucket}.endpoint", relay_settings.s3.endpoint)
        # The shortest timeout of S3A.
        hadoop.set(f"fs.s3a.bucket.{bucket}.connection.timeout", "15s")
        table = Appended(spark, stack, bucket=bucket)
        watcher.times = 1

        appended.append(spark, table.url, writer="writer", numbers=range(2))

        assert watcher.times == 0
        table.assert_holds([("writer", 0), ("writer", 1)])
