"""`pinlake quality report`: the page a team opens every morning."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli.spark_session import asking_spark

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.observability.quality_report.model import Report


def report(
    to: Annotated[
        str | None,
        typer.Option(help="A folder, or s3://BUCKET/PREFIX; default: quality-report under PINLAKE_HOME."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report's figures as JSON, and where the page is.")
    ] = False,
) -> None:
    """Write one HTML page: what holds, what fails and since when, quarantine, volume and freshness.

    It loads nothing and runs no script: send it by mail, open it without a network.

    Example: pinlake quality report --to s3://reports/pinlake
    """
    from foundation import settings as settings_module
    from foundation.clients import s3_client
    from lakehouse.observability.quality_report.deliver import deliver
    from lakehouse.observability.quality_report.render import render
    from pinlake.app import report_pages as pages

    settings = settings_module.load()
    gathered = _gathered(settings)
    place = deliver(render(gathered), to or str(settings.home / pages.FOLDER), s3=s3_client(settings.s3))
    if as_json:
        print(json.dumps({"page": place, **asdict(gathered)}, default=_plain))
        return
    output.console(markup=False).print(place)


def _gathered(settings: Settings) -> Report:
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.observability.quality_report import rule_texts as sentences
    from lakehouse.observability.quality_report.collect import collect_report

    with asking_spark(settings, app="pinlake quality report", status="reading the tables") as spark:
        return collect_report(
            DeltaLake.of(spark, settings), rule_texts=sentences.load_rule_texts(), now=datetime.now(UTC)
        )


def _plain(value: object) -> str:
    # Dates and times; anything else would be a fault of the report's own.
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
