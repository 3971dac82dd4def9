"""Hundreds of commits to one table by Spark sessions and delta-rs, during compactions and checkpoints."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from foundation.settings import Settings
from tests.appended import Appended


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("writers", "commits"), [(4, 25), (8, 25)])
def test_no_commit_is_lost(spark: SparkSession, stack: Settings, writers: int, commits: int) -> None:
    table = Appended(spark, stack, bucket=stack.s3.bucket, checkpoint_interval=5)

    table.race(writers=writers, commits=commits, by_delta_rs=50, joins=10)

    assert table.joins >= 1
    assert table.checkpoints() >= 20
