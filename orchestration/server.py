"""Airflow next to the local stack: start, stop and health."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dotenv
import httpx

from foundation.errors import ConfigurationError, TerminalError
from foundation.settings import PREFIX, Settings
from local_stack import addresses, process, stack
from local_stack.addresses import Addresses
from local_stack.postgres import Postgres
from local_stack.process import Child
from orchestration.configuration import Configuration
from orchestration.supervisor import airflow

DATABASE = "airflow"
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
MIGRATE_SECONDS = 300
START_SECONDS = 180.0
STOP_SECONDS = 30.0
ANSWER_SECONDS = 5.0
HEALTHY = "healthy"


def up(settings: Settings) -> str | None:
    """Start the local stack and Airflow unless they run; wait until everything is healthy.

    Returns:
        The password of the administrator if it is new, else None.

    Raises:
        ConfigurationError: Airflow is not installed, or its port is taken.
        TerminalError: its database cannot be created, or Airflow ended while it was starting.
        TransientError: a server did not answer in time.
    """
    if not airflow().is_file():
        raise ConfigurationError(
            "Airflow is not installed", where=str(airflow()), hint="Run `uv sync --locked --group airflow`."
        )
    configuration, child = Configuration.of(settings), _child(settings)
    stack_addresses = stack.up(settings)
    configuration.write(database=_database(settings, stack_addresses))
    password = configuration.ensure_password()
    if process.find(child) is None:
        _refuse_taken_port(configuration)
        environment = _environment(settings, configuration)
        _migrate(environment, log=child.log)
        command = [sys.executable, "-m", "orchestration.supervisor", child.own_argument]
        process.start(child, command, environment=environment)
    process.await_answer(child, lambda: all_healthy(health(settings)), seconds=START_SECONDS)
    return password


def down(settings: Settings) -> bool:
    """Stop Airflow and the commands of its tasks; return whether it was running.

    Raises:
        TransientError: Airflow does not stop.
    """
    return process.stop(_child(settings), seconds=STOP_SECONDS)


def health(settings: Settings) -> dict[str, str]:
    """Return the state of each component, as Airflow names it; empty if the API server does not answer."""
    url = f"{Configuration.of(settings).url}/api/v2/monitor/health"
    try:
        answer = httpx.get(url, timeout=ANSWER_SECONDS).raise_for_status().json()
        return {name: str(answer[name]["status"]) for name in COMPONENTS}
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return {}  # also if another program answers on the port


def all_healthy(states: Mapping[str, str]) -> bool:
    """Return whether there is at least one component and all are healthy."""
    return bool(states) and set(states.values()) == {HEALTHY}


def _child(settings: Settings) -> Child:
    home = settings.home.resolve()
    log = home / "logs" / "airflow.log"
    return Child(name="airflow", own_argument=str(home / "airflow"), run=home / "run", log=log)


def _database(settings: Settings, stack_addresses: Addresses) -> str:
    own = settings.model_copy(
        update={"postgres": settings.postgres.model_copy(update={"database": DATABASE})}
    )
    server = Postgres(own, stack_addresses)
    server.answers()  # creates the database
    return server.dsn.replace("postgresql://", "postgresql+psycopg2://")


def _environment(settings: Settings, configuration: Configuration) -> dict[str, str]:
    """Return the environment of the caller with the settings of its .env, because tasks run its commands."""
    file_variables = {
        name: value for name, value in dotenv.dotenv_values(".env").items() if value is not None
    }
    scripts = str(Path(sys.executable).parent)
    return {
        **{name: value for name, value in file_variables.items() if name.startswith(PREFIX)},
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)]),
        "AIRFLOW_HOME": str(configuration.home),
        f"{PREFIX}HOME": str(settings.home.resolve()),
        f"{PREFIX}AIRFLOW_RETRY_SECONDS": str(settings.airflow.retry_seconds),
    }


def _migrate(environment: Mapping[str, str], *, log: Path) -> None:
    command = [str(airflow()), "db", "migrate"]
    with log.open("ab") as output:
        result = subprocess.run(
            command, env=environment, stdout=output, stderr=output, timeout=MIGRATE_SECONDS
        )
    if result.returncode != 0:
        raise TerminalError(
            "the database of Airflow cannot be created or upgraded",
            where=str(log),
            hint="Read the log, then run `pinlake airflow up` again.",
        )


def _refuse_taken_port(configuration: Configuration) -> None:
    if not addresses.is_free(configuration.port):
        raise ConfigurationError(
            f"port {configuration.port} of Airflow is taken",
            where=configuration.url,
            hint="Stop the program that listens there, or choose another port with PINLAKE_AIRFLOW_PORT.",
        )
