"""The `pinlake` command: every subcommand in one list."""

from __future__ import annotations

from typing import Annotated

import typer

from foundation import logging_setup
from pinlake.cli import error_output
from pinlake.cli.commands.airflow import app as airflow
from pinlake.cli.commands.consume import consume
from pinlake.cli.commands.demo import demo
from pinlake.cli.commands.diff import diff
from pinlake.cli.commands.drift import drift
from pinlake.cli.commands.emulate import emulate
from pinlake.cli.commands.erase import erase
from pinlake.cli.commands.history import history
from pinlake.cli.commands.init import init
from pinlake.cli.commands.jars import jars
from pinlake.cli.commands.lanes import bronze, gold, silver, stream
from pinlake.cli.commands.ledger import app as ledger
from pinlake.cli.commands.ledger import reconcile
from pinlake.cli.commands.local_stack import down, up
from pinlake.cli.commands.maintain import maintain
from pinlake.cli.commands.quality import app as quality
from pinlake.cli.commands.quality_report import report
from pinlake.cli.commands.quarantine import app as quarantine
from pinlake.cli.commands.rebuild import rebuild
from pinlake.cli.commands.restore import restore
from pinlake.cli.commands.serve import serve
from pinlake.cli.commands.sql import sql
from pinlake.cli.commands.status import status
from pinlake.cli.commands.why import why

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A lakehouse for pin events: HTTP to Kafka to Delta on S3 to Postgres.",
)


@app.callback()
def _options(
    log_level: Annotated[
        str, typer.Option(help="Lowest log level: DEBUG (includes the Kafka client), INFO, WARNING, ERROR.")
    ] = "INFO",
) -> None:
    logging_setup.configure(level=log_level.upper())


app.command()(jars)
app.command()(init)
app.command()(demo)
app.command()(up)
app.command()(down)
app.command()(status)
app.command()(serve)
app.command()(emulate)
app.command()(bronze)
app.command()(silver)
app.command()(gold)
app.command()(stream)
app.command()(sql)
app.command()(history)
app.command()(diff)
app.command()(why)
app.command()(restore)
app.command()(maintain)
app.command()(rebuild)
app.command()(erase)
app.command()(drift)
app.command()(consume)
app.command()(reconcile)
app.add_typer(ledger, name="ledger")
quality.command()(report)
app.add_typer(quality, name="quality")
app.add_typer(quarantine, name="quarantine")
app.add_typer(airflow, name="airflow")


def main() -> None:
    """Run the command line: see `pinlake.cli.error_output`."""
    error_output.run(app)
