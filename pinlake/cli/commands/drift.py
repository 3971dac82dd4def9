"""`pinlake drift`: fields of the pins that are new, changed or lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from foundation.errors import UsageError
from pinlake.cli.drift_output import print_drift
from pinlake.cli.spark_session import asking_spark

if TYPE_CHECKING:
    from lakehouse.catalog.tables import Lane


def drift(
    lane: Annotated[str | None, typer.Option("--lane", help="batch or stream; default: both.")] = None,
    days: Annotated[float, typer.Option(min=0.01, help="How far to look back.")] = 7.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a lane.")] = False,
) -> None:
    """Tell which fields of the pins silver does not know, which have another type, and which are lost.

    Reads bronze, which keeps whatever came. Exit code 1 if a field has changed its type (in more than one
    record of twenty; fewer are told, and cleaning copes with them) or is lost: `pinlake status` says so too
    from then on, until it is asked again.

    Example: pinlake drift --lane stream --days 1
    """
    from foundation import settings as settings_module
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.observability.schema_drift.detect import detect_drift

    chosen, settings, now = _chosen(lane), settings_module.load(), datetime.now(UTC)
    with asking_spark(settings, app="pinlake drift", status="reading bronze") as spark:
        lake = DeltaLake.of(spark, settings)
        looked = (detect_drift(lake, each, days=days, now=now) for each in chosen)
        found = [told for told in looked if told]
    if not found:
        raise UsageError("nothing is in bronze yet", where="drift", hint="Run a lane first.")
    for told in found:
        if as_json:
            print(told.as_json())
        else:
            print_drift(told)
    if any(told.critical for told in found):
        raise typer.Exit(1)


def _chosen(name: str | None) -> list[Lane]:
    from lakehouse.catalog.tables import BATCH, STREAM

    chosen = [lane for lane in (BATCH, STREAM) if name in (None, lane.name)]
    if not chosen:
        raise UsageError(f"no lane {name}", where="--lane", hint="There are: batch, stream.")
    return chosen
