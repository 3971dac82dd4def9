"""Both lanes in one session and one process: python -m tests.both_lanes.

Settings come from the environment. The commands would start one session each. One session is warm after the
first step, which saves minutes on a cluster of cold JVMs.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from foundation import logging_setup as logs
from foundation import settings as settings_module
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch as batch_lane
from lakehouse.pipelines.stream import open_stream
from lakehouse.spark import session


def run() -> None:
    """Run the landed records to gold, the stream topic to gold and Postgres, and print the counts."""
    logs.configure()
    settings = settings_module.load()
    spark = session.build(settings, app="both lanes")
    lake = DeltaLake.of(spark, settings)
    try:
        counts = {
            **batch_lane.run_all(lake, text_policy=settings.text_policy),
            "stream": open_stream(spark, settings).drain(),
        }
    finally:
        spark.stop()
    print(json.dumps({step: asdict(count) for step, count in counts.items()}))


if __name__ == "__main__":
    run()
