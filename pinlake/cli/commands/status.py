"""`pinlake status`: state of the servers, lag of Kafka's readers, state of the stream lane."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pinlake.cli import console as output
from pinlake.cli.drift_output import print_drift
from pinlake.cli.options import AsJson
from pinlake.cli.server_table import as_data, print_servers

if TYPE_CHECKING:
    from foundation.settings import Settings
    from lakehouse.pipelines.stream_status import StreamStatus
    from lakehouse.quality.stream_audit_status import StreamAuditStatus
    from pinlake.app.status import Lag, Report


def status(
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Only the stream lane: exit code 0 if it runs and does not wait."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the state of each server, the lag of Kafka's readers, and the state of the stream lane.

    The servers are those of the settings, whether `pinlake up` started them or not. The state of the stream,
    its last audit and the schema drift are read from the bucket. Exit code 0 if all servers can be used, the
    stream does not wait and has not died, no critical rule failed, and no field is lost or has another type;
    else 1. --json prints the passwords of the local stack too.

    Example: pinlake status --json
    """
    from foundation import settings as settings_module

    settings = settings_module.load()
    if stream:
        _print_stream_only(settings, as_json=as_json)
        return
    from pinlake.app.status import gather

    report = gather(settings)
    if as_json:
        print(json.dumps(_as_data(report, settings)))
    else:
        _print(report, settings)
    if not report.is_well:
        raise typer.Exit(1)


def _print_stream_only(settings: Settings, *, as_json: bool) -> None:
    """Ask only the object store, because a health check does this every few seconds."""
    from foundation.clients import BRIEF
    from foundation.object_store import ObjectStore
    from lakehouse.pipelines import stream_status

    state = stream_status.read(ObjectStore.open(settings.s3, BRIEF))
    if as_json:
        print(json.dumps({"stream": state and state.as_data()}))
    elif state is None:
        output.console().print(f"Stream lane: has never run with bucket {settings.s3.bucket}")
    else:
        _print_stream(state)
    if state is None or not state.is_running:
        raise typer.Exit(1)


def _as_data(report: Report, settings: Settings) -> dict[str, Any]:
    from local_stack import stack

    servers = [
        {**as_data(server), "seconds": server.seconds, "error": server.error} for server in report.servers
    ]
    has_local_postgres = any(server.name == "postgres" and server.is_local for server in report.servers)
    stored = report.stored
    return {
        "servers": servers,
        "postgres_dsn": stack.dsn(settings) if has_local_postgres else None,
        "lag": [asdict(row) for row in report.lag],
        "lag_error": report.lag_error,
        "stream": stored.stream and stored.stream.as_data(),
        "quality": stored.quality and asdict(stored.quality),
        "drift": [json.loads(drift.as_json()) for drift in stored.drift],
    }


def _print(report: Report, settings: Settings) -> None:
    print_servers(report.servers, settings)
    _print_lag(report.lag, report.lag_error)
    if report.stored.stream is not None:
        _print_stream(report.stored.stream)
    if report.stored.quality is not None:
        _print_quality(report.stored.quality)
    for drift in report.stored.drift:
        print_drift(drift)


def _print_stream(stream: StreamStatus) -> None:
    colour = "green" if stream.is_well else "red"
    wrote = f", last wrote {stream.wrote_at}" if stream.wrote_at else ""
    reason = f": {escape(stream.reason)}" if stream.reason else ""
    console = output.console()
    console.print(f"Stream lane: [{colour}]{stream.state}[/] since {stream.since}{wrote}{reason}")
    if stream.state not in ("running", "waiting"):
        return
    for name, query in stream.queries.items():
        colour = "green" if query.state == "running" else "red"
        wrote = f", last wrote {query.wrote_at}" if query.wrote_at else ""
        console.print(f"  {name}: [{colour}]{query.state}[/] since {query.since}{wrote}")


def _print_quality(verdict: StreamAuditStatus) -> None:
    console = output.console()
    console.print(f"Quality of the stream lane, audited {verdict.at}")
    if verdict.error:
        console.print(f"[red]not audited:[/red] {escape(verdict.error)}")
    for name, table in verdict.tables.items():
        failed = ", ".join([*table.critical, *table.warning]) or "every rule holds"
        colour = "red" if table.critical else "yellow" if table.warning else "green"
        console.print(f"  {name} version {table.version}: [{colour}]{failed}")


def _print_lag(lag: Sequence[Lag], error: str | None) -> None:
    console = output.console()
    if error:
        console.print(f"[red]lag unknown:[/red] {escape(error)}")
    if not lag:
        return
    table = output.table(*asdict(lag[0]), title="Kafka")
    for row in lag:
        table.add_row(*("-" if value is None else str(value) for value in asdict(row).values()))
    console.print(table)
