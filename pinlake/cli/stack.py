"""`pinlake up`, `pinlake down`, `pinlake status`: the local Kafka, object store and Postgres."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from pinlake.cli import output
from pinlake.cli.drift import print_drift
from pinlake.errors import PinlakeError

if TYPE_CHECKING:
    from lakehouse.drift.verdict import Drift
    from lakehouse.quality.verdict import Verdict
    from local_stack.stack import ServerStatus
    from pinlake.health import Vitals
    from pinlake.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with passwords, and nothing else.")]
NEXT = (
    ("pinlake demo", "sample pins through both lanes"),
    ("pinlake status", "how the servers are, and Kafka's lag"),
    ("pinlake down", "stop them; the data stays"),
)


def up(as_json: AsJson = False) -> None:
    """Start Kafka, the object store and Postgres on loopback, and wait until each answers.

    Data, logs and addresses are kept under PINLAKE_HOME (.pinlake). What runs already is left alone.

    Example: pinlake up
    """
    from local_stack import stack
    from pinlake import settings as settings_module

    settings = settings_module.load()
    console = Console(stderr=True, highlight=False)
    with console.status("starting Kafka, the object store and Postgres"):
        stack.up(settings)
    report = stack.status(settings)
    if as_json:
        print(json.dumps(_as_data(report, settings)))
        return
    _print_servers(report, settings)
    for command, meaning in NEXT:
        output.console().print(f"  {command:<16}{meaning}")


def down() -> None:
    """Stop the servers that `pinlake up` started; their data stays.

    Example: pinlake down
    """
    from local_stack import stack
    from pinlake import settings as settings_module

    stopped = stack.down(settings_module.load())
    output.console(stderr=True).print(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


def status(as_json: AsJson = False) -> None:
    """Tell how each server is, where it listens, and how far Kafka's readers are behind.

    Also whether the stream lane of this machine runs or waits, what its last audit found, and what has
    drifted. Exit code 0 if all servers run, the lane waits for nothing, no critical rule failed and no field
    is lost or of another type, else 1.

    Example: pinlake status --json
    """
    from local_stack import stack
    from pinlake import health
    from pinlake import settings as settings_module

    settings = settings_module.load()
    report = stack.status(settings)
    lag, fault = _lag(settings, report)
    verdict, vitals = _verdict(settings, report), health.read(settings.home)
    drifts = _drifts(settings, report)
    if as_json:
        told = {
            "stream": vitals and asdict(vitals),
            "quality": verdict and asdict(verdict),
            "drift": [json.loads(drift.as_json()) for drift in drifts],
        }
        print(json.dumps({**_as_data(report, settings), "lag": lag, "lag_error": fault, **told}))
    else:
        _print_servers(report, settings)
        _print_lag(lag, fault)
        _print_vitals(vitals)
        _print_verdict(verdict)
        for drift in drifts:
            print_drift(drift)
    if not report or any(server.state is not stack.State.RUNNING for server in report):
        raise typer.Exit(1)
    if (verdict and verdict.failed) or (vitals and not vitals.is_well):
        raise typer.Exit(1)
    if any(drift.critical for drift in drifts):
        raise typer.Exit(1)


def _verdict(settings: Settings, report: list[ServerStatus]) -> Verdict | None:
    """What the stream lane's last audit found, if there was one and the object store answers."""
    from lakehouse.quality.verdict import KEY, Verdict

    found = _stored(settings, report, KEY)
    return None if found is None else Verdict.from_json(found)


def _drifts(settings: Settings, report: list[ServerStatus]) -> list[Drift]:
    """What `pinlake drift` has found last, if it was asked and the object store answers."""
    from lakehouse.drift.verdict import Drift, key

    held = (_stored(settings, report, f"warehouse/{key(lane)}") for lane in ("batch", "stream"))
    return [Drift.from_json(found) for found in held if found is not None]


def _stored(settings: Settings, report: list[ServerStatus], key: str) -> bytes | None:
    from botocore.exceptions import BotoCoreError, ClientError

    from ingestion.clients import s3_client

    if not _has_store(settings, report):
        return None
    try:
        found = s3_client(settings.s3).get_object(Bucket=settings.s3.bucket, Key=key)
        return found["Body"].read()
    except (BotoCoreError, ClientError):
        return None


def _print_vitals(vitals: Vitals | None) -> None:
    if vitals is None:
        return
    colour = "green" if vitals.is_well else "red"
    wrote = f", last wrote {vitals.wrote_at}" if vitals.wrote_at else ""
    reason = f": {escape(vitals.reason)}" if vitals.reason else ""
    console = output.console()
    console.print(f"Stream lane: [{colour}]{vitals.state}[/] since {vitals.since}{wrote}{reason}")


def _print_verdict(verdict: Verdict | None) -> None:
    if verdict is None:
        return
    console = output.console()
    console.print(f"Quality of the stream lane, audited {verdict.at}")
    if verdict.error:
        console.print(f"[red]not audited:[/red] {verdict.error}")
    for name, table in verdict.tables.items():
        broken = ", ".join([*table.critical, *table.warning]) or "every rule holds"
        colour = "red" if table.critical else "yellow" if table.warning else "green"
        console.print(f"  {name} version {table.version}: [{colour}]{broken}")


def _as_data(report: list[ServerStatus], settings: Settings) -> dict[str, Any]:
    from local_stack import stack

    servers = [{**asdict(server), "log": str(server.log)} for server in report]
    return {"servers": servers, "postgres_dsn": stack.dsn(settings)}


def _lag(settings: Settings, report: list[ServerStatus]) -> tuple[list[dict[str, Any]], str | None]:
    from ingestion import topics
    from local_stack import addresses, stack

    kept = addresses.read(settings.home)
    local = settings.kafka.bootstrap_servers == (kept.bootstrap_servers if kept else None)
    kafka_runs = any(server.name == "kafka" and server.state is stack.State.RUNNING for server in report)
    if not kafka_runs and (local or kept is None):
        return [], None
    try:
        rows = [asdict(row) for row in topics.lag(settings.kafka)]
    except PinlakeError as error:
        return [], str(error)
    read = _stream_position(settings, report)
    for row in rows:
        if row["topic"] == settings.kafka.stream_topic and row["partition"] in read:
            row["committed"] = read[row["partition"]]
            row["lag"] = row["end"] - row["committed"]
    return rows, None


def _stream_position(settings: Settings, report: list[ServerStatus]) -> dict[int, int]:
    from botocore.exceptions import BotoCoreError, ClientError

    from ingestion.clients import s3_client
    from pinlake import stream_position

    if not _has_store(settings, report):
        return {}
    try:
        topic = settings.kafka.stream_topic
        return stream_position.read(s3_client(settings.s3), settings.s3.bucket, topic=topic)
    except (BotoCoreError, ClientError):
        return {}


def _has_store(settings: Settings, report: list[ServerStatus]) -> bool:
    from local_stack import stack

    stopped = any(server.name == "s3" and server.state is not stack.State.RUNNING for server in report)
    return not stopped and bool(report or settings.s3.endpoint)


def _print_servers(report: list[ServerStatus], settings: Settings) -> None:
    from local_stack import stack

    console = output.console()
    if not report:
        console.print(f"No stack has been started in {settings.home.absolute()}: run `pinlake up`.")
        return
    table = output.table("server", "state", "pid", "address", "log")
    for server in report:
        colour = "green" if server.state is stack.State.RUNNING else "red"
        pid = "" if server.pid is None else str(server.pid)
        table.add_row(
            server.name, f"[{colour}]{server.state}", pid, _address(server, settings), str(server.log)
        )
    console.print(table)


def _address(server: ServerStatus, settings: Settings) -> str:
    from local_stack import addresses

    kept = addresses.read(settings.home)
    if server.name != "postgres" or kept is None:
        return server.address
    return f"postgresql://{kept.postgres_user}:***@{server.address}/{settings.postgres.database}"


def _print_lag(lag: list[dict[str, Any]], fault: str | None) -> None:
    console = output.console()
    if fault:
        console.print(f"[red]lag unknown:[/red] {fault}")
    if not lag:
        return
    table = output.table(*lag[0], title="Kafka")
    for row in lag:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    console.print(table)
