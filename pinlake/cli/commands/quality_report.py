"""`pinlake quality report`: the daily report as one HTML page."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli.options import AsJson
from pinlake.cli.spark_session import short_spark_session

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.observability.quality_report.model import Report


def report(
    to: Annotated[
        str | None,
        typer.Option(help="A folder, or s3://BUCKET/PREFIX; default: quality-report under PINLAKE_HOME."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page: rules that hold or fail and since when, quarantine, volume and freshness.

    The page loads nothing and runs no script, so it can be sent by mail and opened without a network.

    Example: pinlake quality report --to s3://reports/pinlake
    """
    from foundation import settings as settings_module
    from foundation.object_store import ObjectStore
    from lakehouse.observability.quality_report.deliver import deliver
    from lakehouse.observability.quality_report.render import render
    from pinlake.app import report_pages

    settings = settings_module.load()
    gathered = _gather(settings)
    page = deliver(
        render(gathered), to or str(settings.home / report_pages.FOLDER), store=ObjectStore.open(settings.s3)
    )
    if as_json:
        print(json.dumps({"page": page, **asdict(gathered)}, default=_plain))
        return
    output.console(markup=False).print(page)


def _gather(settings: Settings) -> Report:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.observability.quality_report import rule_texts as sentences
    from lakehouse.observability.quality_report.collect import collect_report

    with short_spark_session(settings, app="pinlake quality report", status="reading the tables") as spark:
        return collect_report(
            DeltaLake.of(spark, settings), rule_texts=sentences.load_rule_texts(), now=datetime.now(UTC)
        )


def _plain(value: object) -> str:
    # Dates and times; another type would be a bug of the report.
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
