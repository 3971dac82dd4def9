"""`pinlake bronze`, `silver`, `gold`: steps of the batch lane; `pinlake stream`: the stream lane."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli.commands.quality import printing_failures
from pinlake.cli.options import AsJson, Wait
from pinlake.cli.spark_session import spark_session
from pinlake.cli.write_lock import write_lock

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.delta.metrics import StepMetrics


def bronze(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Append new records from landing to bronze.pins_batch, and exit.

    Example: pinlake bronze --json
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines import batch as batch_lane

    with write_lock("bronze", [table_locks.BRONZE_LOCK], wait=wait) as settings:
        _step("bronze", settings, batch_lane.run_bronze, as_json=as_json)


def silver(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Clean new records from bronze and merge them into silver.pins_batch, and exit.

    A record that is not a valid pin goes to quarantine.pins_batch with its reasons.

    Example: pinlake silver
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines import batch as batch_lane

    with write_lock("silver", [table_locks.SILVER_LOCK], wait=wait) as settings:

        def run(lake: DeltaLake) -> StepMetrics:
            return batch_lane.run_silver(lake, text_policy=settings.text_policy)

        _step("silver", settings, run, as_json=as_json)


def gold(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Update gold.pin_features_batch and gold.category_daily with the changes of silver, and exit.

    Example: pinlake gold
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines import batch as batch_lane

    with write_lock("gold", [table_locks.GOLD_LOCK], wait=wait) as settings:
        _step("gold", settings, batch_lane.run_gold, as_json=as_json)


def stream(
    once: Annotated[bool, typer.Option("--once", help="Process the records in Kafka now, and exit.")] = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Write pins from Kafka to Postgres, and to bronze, silver and gold, until SIGTERM or Ctrl-C.

    Two queries read the same events: one serves them as often as it can, one writes the tables every 15
    seconds. The figures are those of the tables. Only one process may run. A signal stops it after the
    current micro-batches, a second signal at once. If Kafka, the object store or Postgres is unavailable,
    the query that needs it waits, `pinlake status` says so, and it continues by itself.

    Example: pinlake stream --once
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines.stream import open_stream

    with write_lock("stream", [table_locks.STREAM_LOCK], wait=wait) as settings:

        def run(lake: DeltaLake) -> StepMetrics:
            lane = open_stream(lake.spark, settings)
            if once:
                return lane.drain()
            return lane.follow(stop=_stop_on_signal())

        _step("stream", settings, run, as_json=as_json)


def _step(name: str, settings: Settings, run: Callable[[DeltaLake], StepMetrics], *, as_json: bool) -> None:
    from lakehouse.delta.lake import DeltaLake

    starting = f"{name}: starting Spark"
    with (
        spark_session(settings, app=f"pinlake {name}", status=starting) as (spark, line),
        printing_failures(),
    ):
        line.update(name)
        counts = run(DeltaLake.of(spark, settings))
    if as_json:
        print(json.dumps({"step": name, **asdict(counts)}))
        return
    output.console().print(
        f"{name}: {counts.read:,} rows read, {counts.written:,} written, {counts.quarantined:,} quarantined "
        f"in {counts.batches} micro-batches, {counts.seconds:.1f} s"
    )


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()

    def request_stop(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    # Called after the session has started, because pyspark installs its own handler for SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    return stop
