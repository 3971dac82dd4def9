"""Two Spark drivers that append to one table on S3 at once: the table has every row exactly once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from foundation.settings import Settings
from tests import appended, commands
from tests.appended import Appended

READY = "ready"


@pytest.mark.timeout(600)
def test_two_drivers_at_once(spark: SparkSession, stack: Settings, tmp_path: Path) -> None:
    table = Appended(spark, stack, bucket=stack.s3.bucket)
    command = [sys.executable, "-m", "tests.appender", table.url, "other driver", "6"]
    log = tmp_path / "log"
    with log.open("wb") as errors:
        other = subprocess.Popen(
            command,
            cwd=commands.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=commands.environment(stack),
        )
    with commands.ended(other):
        assert other.stdout is not None
        assert other.stdout.readline() == f"{READY}\n".encode(), log.read_text()
        with ThreadPoolExecutor(1) as pool:
            other_result = pool.submit(other.communicate, b"go\n")
            appended.append(spark, table.url, writer="this driver", numbers=range(6))
            other_result.result()
        assert other.returncode == 0, log.read_text()

    table.assert_holds((writer, number) for writer in ("this driver", "other driver") for number in range(6))
