"""The check of a host before docker compose starts, with a stub as the engine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STUB = """#!/bin/sh
case "$*" in
    "version "*) echo "${STUB_ENGINE}"; [ -n "$STUB_ENGINE" ] ;;
    "compose version"*) echo "${STUB_COMPOSE}" ;;
    "info --format {{.MemTotal}}") echo "${STUB_MEMORY}" ;;
    "info --format {{.DockerRootDir}}") echo /nowhere ;;
esac
"""


@dataclass
class Host:
    """A checkout with secrets, and the versions and memory that the stub reports."""

    checkout: Path
    engine: str = "20.10.24"
    compose: str = "v2.24.0"
    gibibytes: int = 16

    def check(self) -> tuple[int, str]:
        """Run the script; return its exit code and its error output."""
        environment = {
            **os.environ,
            "PATH": f"{self.checkout / 'bin'}:{os.environ['PATH']}",
            "STUB_ENGINE": self.engine,
            "STUB_COMPOSE": self.compose,
            "STUB_MEMORY": str(self.gibibytes << 30),
        }
        completed = subprocess.run(
            ["scripts/check_host.sh"], cwd=self.checkout, env=environment, capture_output=True, text=True
        )
        return completed.returncode, completed.stderr


@pytest.fixture
def host(tmp_path: Path) -> Host:
    for folder in ("scripts", "bin"):
        (tmp_path / folder).mkdir()
    for script in ("write_env.sh", "check_host.sh"):
        shutil.copy(ROOT / "scripts" / script, tmp_path / "scripts")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    stub = tmp_path / "bin" / "docker"
    stub.write_text(STUB)
    stub.chmod(0o755)
    subprocess.run(["scripts/write_env.sh"], cwd=tmp_path, capture_output=True, check=True)
    with (tmp_path / ".env").open("a") as env:
        for name in ("PUBLISH_API_PORT", "PUBLISH_AIRFLOW_PORT", "PUBLISH_POSTGRES_PORT"):
            env.write(f"{name}={_free_port()}\n")
    return Host(tmp_path)


def test_a_host_that_has_everything_is_ready(host: Host) -> None:
    code, message = host.check()

    assert (code, message.startswith("this host is ready")) == (0, True), message


def test_without_an_engine_only_that_is_reported(host: Host) -> None:
    host.engine = ""

    code, message = host.check()

    assert (code, len(message.splitlines())) == (1, 1)
    assert "no container engine answers" in message


@pytest.mark.parametrize(
    ("engine", "compose", "gibibytes", "named"),
    [
        ("19.03.1", "v2.24.0", 16, "Docker Engine 19.03.1 is too old"),
        ("24.0.1", "2.23.3", 16, "Docker Compose 2.23.3 is too old"),
        ("24.0.1", "2.40.3", 6, "SPARK_WORKER_LIMIT in "),
    ],
)
def test_what_is_too_old_or_too_little_is_named(
    host: Host, engine: str, compose: str, gibibytes: int, named: str
) -> None:
    host.engine, host.compose, host.gibibytes = engine, compose, gibibytes

    code, message = host.check()

    assert (code, len(message.splitlines())) == (1, 1), message
    assert named in message


def test_a_missing_file_a_missing_secret_and_a_bad_one_are_named(host: Host) -> None:
    env = host.checkout / ".env"
    lines = env.read_text().splitlines()
    remaining = [
        line for line in lines if not line.startswith(("AIRFLOW_ADMIN_PASSWORD", "PINLAKE_S3_SECRET_KEY"))
    ]
    env.write_text("\n".join([*remaining, "PINLAKE_S3_SECRET_KEY=two words"]) + "\n")

    code, message = host.check()

    assert code == 1
    assert f"AIRFLOW_ADMIN_PASSWORD is not set in {env}" in message
    assert f"PINLAKE_S3_SECRET_KEY in {env} may have letters" in message
    assert "two words" not in message
    env.unlink()
    assert f"{env} is missing" in host.check()[1]


def test_a_port_in_use_is_named_with_the_variable_that_changes_it(host: Host) -> None:
    env = host.checkout / ".env"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env.write_text(env.read_text() + f"PUBLISH_API_PORT={port}\n")

        code, message = host.check()

    assert (code, len(message.splitlines())) == (1, 1), message
    assert f"port {port} is in use. Set PUBLISH_API_PORT in {env}" in message


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
