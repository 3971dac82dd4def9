"""`pinlake bronze`, `silver`, `gold`: steps of the batch lane; `pinlake stream`: the stream lane.

A step takes its lock, finds out without Spark whether it has work, and starts Spark only if it has.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import structlog
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
    from lakehouse.pipelines.pending_work.lake_state import LakeState

log = structlog.get_logger()


@dataclass(frozen=True)
class _Step:
    """A step of a lane.

    Attributes:
        name: the name of its command.
        lock: the lock of the tables that it writes.
        find_work: yields the reasons why it must run: see `lakehouse.pipelines.pending_work`.
        run: runs it with Spark.
        skip: what it does instead if there is no reason.
    """

    name: str
    lock: str
    find_work: Callable[[LakeState, Settings], Iterator[str]]
    run: Callable[[DeltaLake, Settings], StepMetrics]
    skip: Callable[[Settings], None] = lambda _: None


def bronze(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Append new records from landing to bronze.pins_batch, and exit.

    Example: pinlake bronze --json
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines.pending_work import batch as pending_work

    def run(lake: DeltaLake, _: Settings) -> StepMetrics:
        from lakehouse.pipelines import batch as batch_lane

        return batch_lane.run_bronze(lake)

    step = _Step("bronze", table_locks.BRONZE_LOCK, lambda lake, _: pending_work.bronze_work(lake), run)
    _run(step, wait=wait, as_json=as_json)


def silver(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Clean new records from bronze and merge them into silver.pins_batch, and exit.

    A record that is not a valid pin goes to quarantine.pins_batch with its reasons.

    Example: pinlake silver
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines.pending_work import batch as pending_work

    def run(lake: DeltaLake, settings: Settings) -> StepMetrics:
        from lakehouse.pipelines import batch as batch_lane

        return batch_lane.run_silver(lake, text_policy=settings.text_policy)

    step = _Step("silver", table_locks.SILVER_LOCK, lambda lake, _: pending_work.silver_work(lake), run)
    _run(step, wait=wait, as_json=as_json)


def gold(wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Update gold.pin_features_batch and gold.category_daily with the changes of silver, and exit.

    Example: pinlake gold
    """
    from lakehouse.delta.locks import table_locks
    from lakehouse.pipelines.pending_work import batch as pending_work

    def run(lake: DeltaLake, _: Settings) -> StepMetrics:
        from lakehouse.pipelines import batch as batch_lane

        return batch_lane.run_gold(lake)

    step = _Step("gold", table_locks.GOLD_LOCK, lambda lake, _: pending_work.gold_work(lake), run)
    _run(step, wait=wait, as_json=as_json)


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
    from lakehouse.pipelines.pending_work import stream as pending_work
    from lakehouse.pipelines.stream_status_writer import write_skipped_run

    def find_work(lake: LakeState, settings: Settings) -> Iterator[str]:
        return pending_work.stream_work(lake, settings) if once else iter(["records may arrive"])

    def run(lake: DeltaLake, settings: Settings) -> StepMetrics:
        from lakehouse.pipelines.stream import open_stream

        lane = open_stream(lake.spark, settings)
        if once:
            return lane.drain()
        return lane.follow(stop=_stop_on_signal())

    def skip(settings: Settings) -> None:
        write_skipped_run(settings.s3, command="pinlake stream")

    _run(_Step("stream", table_locks.STREAM_LOCK, find_work, run, skip), wait=wait, as_json=as_json)


def _run(step: _Step, *, wait: float, as_json: bool) -> None:
    from lakehouse.delta.metrics import StepMetrics
    from lakehouse.pipelines.pending_work.lake_state import LakeState
    from lakehouse.pipelines.pending_work.reasons import find_reason

    # The lock comes first: while another process writes, what is left to do is not known.
    with write_lock(step.name, [step.lock], wait=wait) as settings:
        reason = find_reason(lambda: step.find_work(LakeState(settings.s3), settings))
        log.debug("looked for work", step=step.name, reason=reason)
        if reason is None:
            step.skip(settings)
            counts = StepMetrics()
        else:
            counts = _run_with_spark(step, settings)
        _print(step.name, counts, as_json=as_json)


def _run_with_spark(step: _Step, settings: Settings) -> StepMetrics:
    from lakehouse.delta.lake import DeltaLake

    starting = f"{step.name}: starting Spark"
    with (
        spark_session(settings, app=f"pinlake {step.name}", status=starting) as (spark, line),
        printing_failures(),
    ):
        line.update(step.name)
        return step.run(DeltaLake.of(spark, settings), settings)


def _print(name: str, counts: StepMetrics, *, as_json: bool) -> None:
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
