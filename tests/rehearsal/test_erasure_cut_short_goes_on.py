"""An erasure killed while the stream runs: the next run completes it, and the stream goes on."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from foundation.clients import s3_client
from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import balance as closing
from lakehouse.observability.ledger import collect
from lakehouse.serving.postgres import ServingDatabase
from tests import commands, events, stored
from tests.served import served
from tests.traces import traces

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
PIN = PINS[0]
SLOW = 400.0


@pytest.mark.timeout(1500)
def test_an_erasure_that_was_killed_is_ended_by_the_next(
    own: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    log = tmp_path / "stream.log"
    with commands.ended(commands.start("stream", settings=own, log=log)) as stream:
        events.send(own.kafka, [events.pin(unique_id, 10) for unique_id in PINS])
        events.send(own.kafka, [events.pin(PIN, 20)])
        for reached in (_has_begun, _rows_are_gone, _files_go):
            erasing = _start(own, tmp_path)
            commands.kill_once(erasing, partial(_has, own, reached), log=tmp_path / "erase.log")
        with commands.ended(_start(own, tmp_path)) as last:
            assert last.wait(SLOW) == 0, (tmp_path / "erase.log").read_text()
            assert last.stdout is not None
            receipt = json.loads(last.stdout.read())

        events.send(own.kafka, [events.pin(unique_id, 30) for unique_id in PINS[1:]])
        commands.until(lambda: set(served(own)) == set(PINS[1:]) and _followers(own) == {30}, seconds=SLOW)
        assert stream.poll() is None
        stream.send_signal(signal.SIGTERM)
        assert stream.wait(SLOW) == 0, log.read_text()
    rows = {name: place["rows"] for name, place in receipt["places"].items()}
    assert (rows["landing"], rows["bronze.pins_stream"]) == (2, 2)
    assert (rows["silver.pins_batch"], rows["postgres"]) == (1, 1)
    assert traces(spark, own, PIN) == []
    lake = DeltaLake.of(spark, own)
    sums = closing.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))
    assert [total for total in sums if not total.balanced] == []


def _start(own: Settings, folder: Path) -> subprocess.Popen[bytes]:
    log = folder / "erase.log"
    return commands.start("erase", "--unique-id", PIN, "--yes", "--json", settings=own, log=log)


def _has(own: Settings, reached: Callable[[dict[str, Any]], bool]) -> bool:
    return reached(_read_places(own))


def _read_places(own: Settings) -> dict[str, Any]:
    """Return the places in the only receipt so far."""
    keys = stored.keys(own, "erasures/")
    if not keys:
        return {}
    body = s3_client(own.s3).get_object(Bucket=own.s3.bucket, Key=keys[0])["Body"].read()
    places: dict[str, Any] = json.loads(body)["places"]
    return places


def _has_begun(places: dict[str, Any]) -> bool:
    return "bronze.pins_batch" in places


def _rows_are_gone(places: dict[str, Any]) -> bool:
    return "postgres" in places


def _files_go(places: dict[str, Any]) -> bool:
    return any(place["unreadable"] for place in places.values())


def _followers(own: Settings) -> set[int]:
    return {followers for _, followers in served(own).values()}
