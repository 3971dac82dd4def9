"""The table of servers that `pinlake up` and `pinlake status` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from pinlake.cli import console as output

if TYPE_CHECKING:
    from foundation.settings import Settings
    from pinlake.app.servers import Server


def print_servers(servers: Sequence[Server], settings: Settings) -> None:
    """Print one line per server; with pid and log if a server belongs to the local stack."""
    console = output.console()
    if not servers:
        home = escape(str(settings.home.absolute()))
        console.print(f"No stack has been started in {home}: run `pinlake up`.")
        return
    has_local = any(server.is_local for server in servers)
    table = output.table("server", "state", "answer", "address", *(("pid", "log") if has_local else ()))
    for server in servers:
        colour = "green" if server.is_well else "red"
        process = (_text(server.pid), _text(server.log)) if has_local else ()
        cells = (_answer(server), _address(server, settings), *process)
        table.add_row(server.name, f"[{colour}]{server.state}", *map(escape, cells))
    console.print(table)


def as_data(server: Server) -> dict[str, Any]:
    """Return the JSON data of a server that `pinlake up` has started."""
    return {
        "name": server.name,
        "state": server.state,
        "pid": server.pid,
        "log": None if server.log is None else str(server.log),
        "address": server.address,
    }


def _answer(server: Server) -> str:
    if server.error:
        return server.error
    return "" if server.seconds is None else f"{server.seconds:.2f} s"


def _address(server: Server, settings: Settings) -> str:
    if server.name != "postgres":
        return server.address
    return f"postgresql://{settings.postgres.user}:***@{server.address}/{settings.postgres.database}"


def _text(value: object) -> str:
    return "" if value is None else str(value)
