"""`pinlake up` in a new home: two at once, after a crash, with a taken port; and the output of status."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Producer

from foundation import kafka_admin as topics
from foundation import settings as settings_module
from local_stack import addresses, stack

SERVERS = {"kafka", "s3", "postgres"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "a home"
    yield home
    stack.down(settings_module.load(home=home))


def test_two_at_once_over_half_made_folders_start_one_of_each(home: Path) -> None:
    for name in ("kafka.new", "postgres.new", "kafka", "postgres"):
        (home / name).mkdir(parents=True)
        (home / name / "half").write_text("made")

    processes = [_start_command("up", "--json", home=home) for _ in range(2)]
    outputs = [command.communicate(timeout=120) for command in processes]

    assert [command.returncode for command in processes] == [0, 0], outputs
    first, second = (_servers(json.loads(stdout)) for stdout, _ in outputs)
    assert first == second
    assert {name: server["state"] for name, server in first.items()} == dict.fromkeys(SERVERS, "running")
    assert (home / "postgres.incomplete-1" / "half").read_text() == "made"
    _produce_unread(home, count=3)
    _assert_status_shows(home, first, lag=3)


def _produce_unread(home: Path, *, count: int) -> None:
    kafka = settings_module.load(home=home).kafka
    topics.create_topics(kafka)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for number in range(count):
        producer.produce(kafka.batch_topic, str(number))
    assert producer.flush(20) == 0


def _assert_status_shows(home: Path, servers: dict[str, Any], *, lag: int) -> None:
    stack_addresses = addresses.read(home)
    assert stack_addresses is not None
    password = stack_addresses.postgres_password.get_secret_value()

    status = _run("status", "--json", home=home)
    assert status.returncode == 0, status.stderr
    data = json.loads(status.stdout)
    assert {name: dict.fromkeys(("seconds", "error")) | server for name, server in servers.items()} == {
        name: server | dict.fromkeys(("seconds", "error")) for name, server in _servers(data).items()
    }
    assert all(server["seconds"] > 0 and server["error"] is None for server in data["servers"])
    assert data["lag_error"] is None
    assert sum(row["lag"] for row in data["lag"] if row["topic"] == "pinterest_batch") == lag
    assert all(Path(server["log"]).is_file() for server in servers.values())
    assert data["postgres_dsn"].startswith(
        f"postgresql://pinlake:{password}@127.0.0.1:{stack_addresses.postgres_port}/"
    )
    table = _run("status", home=home)
    assert table.returncode == 0
    assert all(name in table.stdout for name in (*SERVERS, "pinterest_batch"))
    assert password not in table.stdout + table.stderr
    secrets = (password, stack_addresses.s3_secret_key.get_secret_value())
    for server in servers.values():
        arguments = " ".join(psutil.Process(server["pid"]).cmdline())
        assert not any(secret in arguments for secret in secrets)

    assert _run("down", home=home).returncode == 0
    after = _run("status", "--json", home=home)
    assert after.returncode == 1
    assert {server["state"] for server in json.loads(after.stdout)["servers"]} == {"stopped"}


def test_a_port_that_others_took_is_named_with_who_took_it(home: Path) -> None:
    loaded = settings_module.load(home=home)
    stack_addresses = addresses.allocate(loaded)
    with socket.create_server((addresses.HOST, stack_addresses.postgres_port)):
        failed = _run("up", home=home)

    assert failed.returncode == 1
    assert failed.stdout == ""
    assert f"port {stack_addresses.postgres_port} of postgres is taken" in failed.stderr
    assert f"pid {os.getpid()}" in failed.stderr
    assert "PINLAKE_STACK_POSTGRES_PORT" in failed.stderr
    # The other servers have started; with the port free again, the missing one starts too.
    assert _run("up", home=home).returncode == 0


def test_a_password_that_is_not_the_clusters_is_reported_at_once(home: Path) -> None:
    loaded = settings_module.load(home=home)
    assert _run("up", home=home).returncode == 0
    stack.down(loaded)
    settings_module.stack_file(home).unlink()

    failed = _run("up", home=home)

    assert failed.returncode == 1
    assert "another password" in failed.stderr


def test_status_before_the_first_up_says_so(home: Path) -> None:
    status = _run("status", home=home)

    assert status.returncode == 1
    assert "pinlake up" in status.stdout
    assert not home.exists()


def _start_command(*arguments: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from pinlake.cli.main import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PINLAKE_HOME": str(home)},
    )


def _run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    command = _start_command(*arguments, home=home)
    stdout, stderr = command.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, command.returncode, stdout, stderr)


def _servers(data: dict[str, Any]) -> dict[str, Any]:
    return {server["name"]: server for server in data["servers"]}
