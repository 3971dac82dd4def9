"""`pinlake airflow`: Airflow, which schedules the batch lane, next to the local stack."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from pinlake.cli import console as output
from pinlake.cli.options import AsJson

app = typer.Typer(
    no_args_is_help=True,
    help="Run the batch lane every day with Airflow.\n\nExample: pinlake airflow up",
)


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start Airflow and the local stack on loopback, and wait until they are healthy.

    The first start generates the password of the administrator, prints it once, and keeps it in a file.

    Example: pinlake airflow up
    """
    from foundation import settings as settings_module
    from orchestration import server
    from orchestration.configuration import ADMINISTRATOR, Configuration

    settings = settings_module.load()
    configuration = Configuration.of(settings)
    with Console(stderr=True, highlight=False).status("starting Airflow"):
        password = server.up(settings)
    if as_json:
        login = {"url": configuration.url, "user": ADMINISTRATOR, "passwords": str(configuration.passwords)}
        print(json.dumps(login))
        return
    console = output.console()
    console.print(f"Airflow: {configuration.url}, user {ADMINISTRATOR}")
    stored = f"stored in {configuration.passwords}"
    console.print(f"password: {password} ({stored})" if password else f"password: {stored}", markup=False)


@app.command()
def down() -> None:
    """Stop Airflow and the commands of its tasks; the local stack stays up.

    Example: pinlake airflow down
    """
    from foundation import settings as settings_module
    from orchestration import server

    stopped = server.down(settings_module.load())
    output.console(stderr=True).print("stopped Airflow" if stopped else "Airflow was not running")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Print the state of Airflow's components. Exit code 0 if all are healthy, else 1.

    Example: pinlake airflow status --json
    """
    from foundation import settings as settings_module
    from orchestration import server

    states = server.health(settings_module.load())
    if as_json:
        print(json.dumps(states))
    elif states:
        table = output.table("part", "state")
        for name, state in states.items():
            table.add_row(name, f"[{'green' if state == server.HEALTHY else 'red'}]{state}")
        output.console().print(table)
    else:
        print("Airflow does not answer: run `pinlake airflow up`.")
    if not server.all_healthy(states):
        raise typer.Exit(1)
