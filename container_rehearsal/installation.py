"""One installation of docker-compose.yml: a checkout with its own project on the engine."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
from dotenv import dotenv_values

from container_rehearsal import documented
from foundation.errors import TerminalError

PROJECT = "pinlake-rehearsal"
API = "http://127.0.0.1:8000"
AIRFLOW = "http://127.0.0.1:8080"
OUTPUT_SHOWN = 1500


@dataclass(frozen=True)
class Installation:
    """A checkout with the compose project of the rehearsal.

    Attributes:
        checkout: a clone of the repository, at any revision.
    """

    checkout: Path

    def run_documented(self, heading: str) -> str:
        """Run the commands below a heading of docs/operations.md and return their output.

        Raises:
            TerminalError: one of them failed.
        """
        return self.run(documented.commands(self.checkout / "docs" / "operations.md", heading=heading))

    def run(self, script: str) -> str:
        """Run shell commands in the checkout, stop at the first failure, and return their standard output.

        Raises:
            TerminalError: one of them failed.
        """
        completed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.checkout,
            env={**os.environ, "COMPOSE_PROJECT_NAME": PROJECT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if completed.returncode:
            output = completed.stdout[-OUTPUT_SHOWN // 3 :] + completed.stderr[-OUTPUT_SHOWN:]
            raise TerminalError(
                f"exit code {completed.returncode} of:\n{script}\n{output}",
                where=str(self.checkout),
                hint=f"Run the commands by hand there, with COMPOSE_PROJECT_NAME={PROJECT}.",
            )
        return completed.stdout

    def query(self, statement: str) -> str:
        """Run a statement that returns one value in Postgres, and return it."""
        psql = 'psql --username="$POSTGRES_USER" --no-align --tuples-only --dbname=pinterest_streaming'
        command = f'PGPASSWORD=$POSTGRES_PASSWORD {psql} --command="{statement}"'
        return self.run(f"docker compose exec -T postgres sh -c '{command}'").strip()

    def count_pins(self) -> int:
        """Return the number of pins that Postgres serves."""
        return int(self.query("SELECT count(*) FROM experimental_data"))

    def open_airflow(self) -> httpx.Client:
        """Return a client of Airflow's REST API, logged in as the admin."""
        password = dotenv_values(self.checkout / ".env")["AIRFLOW_ADMIN_PASSWORD"]
        login = {"username": "admin", "password": password}
        answer = httpx.post(f"{AIRFLOW}/auth/token", json=login, timeout=60).raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=f"{AIRFLOW}/api/v2", headers=headers, timeout=60)

    def memory(self) -> dict[str, int]:
        """Return the memory that each service uses now, in MB."""
        identifiers = self.run("docker compose ps --quiet").split()
        lines = self.run(f"docker stats --no-stream --format '{{{{json .}}}}' {' '.join(identifiers)}")
        rows = [json.loads(line) for line in lines.splitlines()]
        return {
            row["Name"].removeprefix(f"{PROJECT}-").rsplit("-", 1)[0]: parse_size(
                row["MemUsage"].split("/")[0]
            )
            for row in rows
        }

    def image_sizes(self) -> dict[str, int]:
        """Return the size of each image built here, in MB; shared layers count in each image."""
        lines = self.run("docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' 'pinlake*'")
        pairs = (line.rsplit(" ", 1) for line in lines.splitlines())
        return {name: parse_size(size) for name, size in pairs}


def parse_size(text: str) -> int:
    """Return a size as Docker prints it, such as 1.2GiB or 512kB, in MB."""
    units = {"GiB": 1073.7, "MiB": 1.0486, "KiB": 0.001, "GB": 1000.0, "MB": 1.0, "kB": 0.001, "B": 1e-6}
    for unit, factor in units.items():
        if text.strip().endswith(unit):
            return round(float(text.strip().removesuffix(unit)) * factor)
    raise TerminalError(f"not a size: {text!r}", where="docker", hint="Add this unit to parse_size.")
