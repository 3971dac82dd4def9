"""`pinlake up`, `pinlake down`: the local Kafka, object store and Postgres."""

from __future__ import annotations

import json

from rich.console import Console

from pinlake.cli import console as output
from pinlake.cli.options import AsJson
from pinlake.cli.server_table import as_data, print_servers

NEXT = (
    ("pinlake demo", "sample pins through both lanes"),
    ("pinlake status", "state of the servers, lag of Kafka's readers"),
    ("pinlake down", "stop the servers; their data stays"),
)


def up(as_json: AsJson = False) -> None:
    """Start Kafka, the object store and Postgres on loopback, and wait until each answers.

    Data, logs and addresses are under PINLAKE_HOME (.pinlake). Servers that run already are left alone.
    --json prints passwords too.

    Example: pinlake up
    """
    from foundation import settings as settings_module
    from local_stack import stack
    from pinlake.app import servers

    settings = settings_module.load()
    console = Console(stderr=True, highlight=False)
    with console.status("starting Kafka, the object store and Postgres"):
        stack.up(settings)
    started = servers.of_stack(settings)
    if as_json:
        data = [as_data(server) for server in started]
        print(json.dumps({"servers": data, "postgres_dsn": stack.dsn(settings)}))
        return
    print_servers(started, settings)
    for command, meaning in NEXT:
        output.console().print(f"  {command:<16}{meaning}")


def down() -> None:
    """Stop the servers that `pinlake up` started; their data stays.

    Example: pinlake down
    """
    from foundation import settings as settings_module
    from local_stack import stack

    stopped = stack.down(settings_module.load())
    output.console(stderr=True).print(f"stopped {', '.join(stopped)}" if stopped else "no server was running")
