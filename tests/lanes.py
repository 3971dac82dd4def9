"""A lakehouse with a few pins of every kind in every table."""

from __future__ import annotations

from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import collect
from lakehouse.serving.postgres import ServingDatabase
from pinlake.app.lanes import run_lanes
from tests import events

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(8)]
TITLES = ["Кот", "a 'quoted' title", "tab\tand\\nline", "", "naïve", "x" * 300, "猫", "Untitled"]


def fill(spark: SparkSession, settings: Settings) -> None:
    """Send events, then newer events of some pins and two invalid records; drain both lanes after each."""
    first = [
        events.pin(pin, 10**number, title=title, tag_list=f"art,#tag {number},ä", downloaded=number % 2)
        for number, (pin, title) in enumerate(zip(PINS, TITLES, strict=True))
    ]
    first[3] |= {"follower_count": "User Info Error", "category": "home", "tag_list": "", "index": 7}
    events.send(settings.kafka, first)
    run_lanes(spark, settings)
    newer = [events.pin(pin, 20, category="home") for pin in PINS[:3]]
    events.send(settings.kafka, [*newer, b"no pin \xff", events.pin("no uuid", 1)])
    run_lanes(spark, settings)
    collect.collect(DeltaLake.of(spark, settings), ServingDatabase(settings.postgres))
