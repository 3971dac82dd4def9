"""`pinlake drift`: fields of the pins that are new, have another type, or are lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from foundation.errors import UsageError
from pinlake.cli.drift_output import print_drift
from pinlake.cli.options import AsJson, LaneName, select_lanes
from pinlake.cli.spark_session import short_spark_session


def drift(
    lane: LaneName = None,
    days: Annotated[float, typer.Option(min=0.01, help="How many days to look back.")] = 7.0,
    as_json: AsJson = False,
) -> None:
    """Report fields of the pins that silver does not know, that have another type, or that are lost.

    Reads bronze, which keeps every record. Exit code 1 if a field is lost or has another type in more than
    one record of twenty. A smaller share is reported only, because cleaning handles it. `pinlake status`
    shows the last result until the command is run again.

    Example: pinlake drift --lane stream --days 1
    """
    from foundation import settings as settings_module
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.observability.schema_drift.detect import detect_drift

    lanes, settings, now = select_lanes(lane), settings_module.load(), datetime.now(UTC)
    with short_spark_session(settings, app="pinlake drift", status="reading bronze") as spark:
        lake = DeltaLake.of(spark, settings)
        reports = [report for each in lanes if (report := detect_drift(lake, each, days=days, now=now))]
    if not reports:
        raise UsageError("bronze has no records yet", where="drift", hint="Run a lane first.")
    for report in reports:
        if as_json:
            print(report.as_json())
        else:
            print_drift(report)
    if any(report.critical for report in reports):
        raise typer.Exit(1)
