"""The stream lane killed while it writes: the next one goes on, and every table has every event once."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.pipelines.stream import open_stream
from tests import commands, stored
from tests.sent_events import SentEvents, assert_all_arrived_once
from tests.served import served

SLOW = 240.0


@pytest.mark.timeout(900)
def test_a_stream_killed_while_it_writes_goes_on_where_it_was(
    own: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    sent = SentEvents(own)
    sent.round()
    log = tmp_path / "first.log"
    with commands.start("stream", settings=own, log=log) as stream:
        try:
            # One table has the micro-batch; the other tables may lack it, and the checkpoint does.
            has_bronze = partial(stored.has_version, own, STREAM.bronze, 1)
            commands.until(partial(_holds_or_ended, has_bronze, stream), seconds=SLOW)
            assert stream.poll() is None, log.read_text()
        finally:
            stream.kill()
    sent.round()
    log = tmp_path / "last.log"
    with commands.start("stream", settings=own, log=log) as stream:
        try:
            has_all = partial(_serves, own, sent)
            commands.until(partial(_holds_or_ended, has_all, stream), seconds=SLOW)
            stream.send_signal(signal.SIGTERM)
            assert stream.wait(SLOW) == 0, log.read_text()
        finally:
            stream.kill()
    # The tables may be behind Postgres.
    open_stream(spark, own).drain()
    assert_all_arrived_once(sent, own, spark)


def _serves(own: Settings, sent: SentEvents) -> bool:
    return served(own) == sent.newest


def _holds_or_ended(condition: Callable[[], bool], command: subprocess.Popen[bytes]) -> bool:
    return condition() or command.poll() is not None
