"""`pinlake bronze`, `silver`, `gold`: the batch lane's steps; `pinlake stream`: the stream lane."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli.commands.quality import telling_failures
from pinlake.cli.spark_session import working_spark
from pinlake.cli.write_lock import Wait, sole_writer

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.delta.metrics import StepMetrics

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def bronze(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Append what is new in landing to bronze.pins_batch, and exit.

    Example: pinlake bronze --json
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines import batch as batch_lane

    with sole_writer("bronze", [table_locks.BRONZE_LOCK], wait=wait) as settings:
        _step("bronze", settings, batch_lane.run_bronze, as_json=as_json)


def silver(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Clean what is new in bronze and merge it into silver.pins_batch, and exit.

    What cannot be read as a pin goes to quarantine.pins_batch with its reasons.

    Example: pinlake silver
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines import batch as batch_lane

    with sole_writer("silver", [table_locks.SILVER_LOCK], wait=wait) as settings:

        def run(lake: DeltaLake) -> StepMetrics:
            return batch_lane.run_silver(lake, text_policy=settings.text_policy)

        _step("silver", settings, run, as_json=as_json)


def gold(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Bring what changed in silver into gold.pin_features_batch and gold.category_daily, and exit.

    Example: pinlake gold
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines import batch as batch_lane

    with sole_writer("gold", [table_locks.GOLD_LOCK], wait=wait) as settings:
        _step("gold", settings, batch_lane.run_gold, as_json=as_json)


def stream(
    once: Annotated[bool, typer.Option("--once", help="Write what is in Kafka now, and exit.")] = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Take pins from Kafka into bronze, silver, gold and Postgres until SIGTERM or Ctrl-C.

    Only one may run. The micro-batch under way is finished first; a second signal does not wait. While
    Kafka, the object store or Postgres is away it waits, says so in `pinlake status`, and goes on by itself.

    Example: pinlake stream --once
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines.stream import open_stream

    with sole_writer("stream", [table_locks.STREAM_LOCK], wait=wait) as settings:

        def run(_: DeltaLake) -> StepMetrics:
            lane = open_stream(_.spark, settings)
            if once:
                return lane.drain()
            return lane.follow(trigger_seconds=settings.stream.trigger_seconds, stop=_stop_on_signal())

        _step("stream", settings, run, as_json=as_json)


def _step(name: str, settings: Settings, run: Callable[[DeltaLake], StepMetrics], *, as_json: bool) -> None:
    from lakehouse.delta.lake import DeltaLake

    starting = f"{name}: starting Spark"
    with (
        working_spark(settings, app=f"pinlake {name}", status=starting) as (spark, line),
        telling_failures(),
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

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    # After the session has started: pyspark installs a handler of its own for SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop
