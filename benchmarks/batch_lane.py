"""The speed of the batch lane, step by step, for a load of fresh pins."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import SparkSession

from benchmarks.report import Rate
from benchmarks.topic import Load
from foundation.errors import TerminalError
from foundation.settings import Settings
from ingestion.landing.run import consume
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch as batch_lane

AIMS = {"consumer": 60_000, "bronze": 50_000, "silver": 30_000, "gold": None}


@dataclass(frozen=True)
class LaneRun:
    """One load: number of events, bytes of their JSON, and the seconds of each step."""

    events: int
    bytes: int
    steps: dict[str, float]

    @property
    def seconds(self) -> float:
        """Seconds of all steps together."""
        return sum(self.steps.values())


def run_steps(spark: SparkSession, settings: Settings, load: Load) -> LaneRun:
    """Run consumer, bronze, silver and gold on a load that was just written to the batch topic.

    Raises:
        TerminalError: a step read more or fewer events.
    """
    events = load.events
    lake = DeltaLake.of(spark, settings)
    steps: dict[str, Callable[[], int]] = {
        "consumer": lambda: sum(landed.records for landed in consume(settings)),
        "bronze": lambda: batch_lane.run_bronze(lake).read,
        "silver": lambda: batch_lane.run_silver(lake, text_policy=settings.text_policy).read,
        "gold": lambda: batch_lane.run_gold(lake).read,
    }
    return LaneRun(events, load.bytes, {name: _time_step(name, step, events) for name, step in steps.items()})


def compute_rates(runs: list[LaneRun]) -> list[Rate]:
    """Return the rate of each step over all of these runs, and of each run."""
    return [_compute_rate(name, aim, runs) for name, aim in AIMS.items()]


def _compute_rate(step: str, aim: float | None, runs: list[LaneRun]) -> Rate:
    return Rate(
        step,
        sum(run.events for run in runs),
        sum(run.bytes for run in runs),
        sum(run.steps[step] for run in runs),
        aim,
        runs=tuple(run.events / run.steps[step] for run in runs),
    )


def _time_step(name: str, step: Callable[[], int], events: int) -> float:
    started = time.perf_counter()
    rows = step()
    seconds = time.perf_counter() - started
    if rows != events:
        raise TerminalError(
            f"{rows} of {events} events were read",
            where=name,
            hint="Find the cause first: no figure of this run is valid.",
        )
    return seconds
