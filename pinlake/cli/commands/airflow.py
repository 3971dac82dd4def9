"""`pinlake airflow`: the scheduler of the batch lane, beside the local stack."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from pinlake.cli import console as output
from pinlake.cli.options import AsJson

app = typer.Typer(
    no_args_is_help=True,
    help="Run the batch lane every day by Airflow.\n\nExample: pinlake airflow up",
)


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start Airflow and the local stack on loopback, and wait until they are healthy.

    The administrator's password is made the first time, printed once, and kept in a file.

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
        told = {"url": configuration.url, "user": ADMINISTRATOR, "passwords": str(configuration.passwords)}
        print(json.dumps(told))
        return
    console = output.console()
    console.print(f"Airflow: {configuration.url}, user {ADMINISTRATOR}")
    kept = f"kept in {configuration.passwords}"
    console.print(f"password: {password} ({kept})" if password else f"password: {kept}", markup=False)


@app.command()
def down() -> None:
    """Stop Airflow and what its tasks run; the local stack stays up.

    Example: pinlake airflow down
    """
    from foundation import settings as settings_module
    from orchestration import server

    stopped = server.down(settings_module.load())
    output.console(stderr=True).print("stopped airflow" if stopped else "nothing was running")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Tell how Airflow's parts are. Exit code 0 if all are healthy, else 1.

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
