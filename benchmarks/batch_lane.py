"""A load of fresh pins on its way through the batch lane, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import SparkSession

from benchmarks.report import Rate
from benchmarks.topic import fill
from foundation.errors import TerminalError
from foundation.settings import Settings
from ingestion.landing.run import consume
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch as batch_lane

AIMS = {"consumer": 60_000, "bronze": 50_000, "silver": 30_000, "gold": None}


@dataclass(frozen=True)
class Passage:
    """One load's way: how many events, the bytes of their JSON, and the seconds each step took."""

    events: int
    bytes: int
    steps: dict[str, float]

    @property
    def seconds(self) -> float:
        """What all steps took together."""
        return sum(self.steps.values())


def pass_through(spark: SparkSession, settings: Settings, *, events: int) -> Passage:
    """Fill the batch topic and take what is in it through consumer, bronze, silver and gold.

    Raises:
        TerminalError: a step has read more or less than that.
    """
    size = fill(settings.kafka, events=events)
    lake = DeltaLake.of(spark, settings)
    steps: dict[str, Callable[[], int]] = {
        "consumer": lambda: sum(landed.records for landed in consume(settings)),
        "bronze": lambda: batch_lane.run_bronze(lake).read,
        "silver": lambda: batch_lane.run_silver(lake, text_policy=settings.text_policy).read,
        "gold": lambda: batch_lane.run_gold(lake).read,
    }
    return Passage(events, size, {name: _time(name, step, events) for name, step in steps.items()})


def rates(passages: list[Passage]) -> list[Rate]:
    """Return how fast each step was over all of these passages."""
    events = sum(passage.events for passage in passages)
    size = sum(passage.bytes for passage in passages)
    return [
        Rate(name, events, size, sum(passage.steps[name] for passage in passages), aim)
        for name, aim in AIMS.items()
    ]


def _time(name: str, step: Callable[[], int], events: int) -> float:
    started = time.perf_counter()
    rows = step()
    seconds = time.perf_counter() - started
    if rows != events:
        raise TerminalError(
            f"{rows} of {events} events were read",
            where=name,
            hint="Find out why: no figure is worth anything.",
        )
    return seconds
