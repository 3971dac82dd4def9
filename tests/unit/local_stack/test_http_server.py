"""The API as a child process: it is ready, or it is named as not ready, and it always ends."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.errors import TransientError
from foundation.settings import KafkaSettings, Settings
from local_stack import http_server


class ApiProcess:
    """A child process that has no process behind it.

    Attributes:
        ready: whether it answers that it is ready; None if it does not answer.
        exit_code: of a process that has ended.
        obeys: whether it ends when it is asked to.
        killed: whether it was ended by force.
    """

    def __init__(self) -> None:
        self.ready: bool | None = True
        self.exit_code: int | None = None
        self.obeys = True
        self.killed = False
        self.command: list[str] = []
        self.environment: dict[str, str] = {}

    def start(self, command: list[str], *, env: dict[str, str], **streams: Any) -> ApiProcess:  # noqa: ANN401 - files
        self.command, self.environment = command, env
        return self

    def get(self, url: str, *, timeout: float) -> httpx.Response:
        if self.ready is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(200 if self.ready else 503, request=httpx.Request("GET", url))

    def poll(self) -> int | None:
        return self.exit_code

    def terminate(self) -> None:
        if self.obeys and self.exit_code is None:
            self.exit_code = -15

    def wait(self, timeout: float | None = None) -> int:
        if self.exit_code is None:
            raise subprocess.TimeoutExpired("pinlake", timeout or 0)
        return self.exit_code

    def kill(self) -> None:
        self.exit_code, self.killed = -9, True


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> ApiProcess:
    process = ApiProcess()
    monkeypatch.setattr(subprocess, "Popen", process.start)
    monkeypatch.setattr(httpx, "get", process.get)
    return process


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    kafka = KafkaSettings(bootstrap_servers="broker:9092", security_protocol="SSL")
    return Settings(_env_file=None, home=tmp_path / "home", kafka=kafka)


def test_the_api_runs_for_the_duration_of_the_block(process: ApiProcess, settings: Settings) -> None:
    with http_server.running_api(settings) as url:
        assert process.exit_code is None
        assert url == f"http://127.0.0.1:{process.command[-1]}"
    assert process.exit_code == -15


def test_it_gets_the_broker_and_the_home_of_the_settings(process: ApiProcess, settings: Settings) -> None:
    with http_server.running_api(settings):
        pass

    assert process.environment["PINLAKE_HOME"] == str(settings.home)
    assert process.environment["PINLAKE_KAFKA_BOOTSTRAP_SERVERS"] == "broker:9092"
    assert process.environment["PINLAKE_KAFKA_SECURITY_PROTOCOL"] == "SSL"
    assert (settings.home / "logs" / "api.log").is_file()


@pytest.mark.parametrize(("ready", "exit_code"), [(True, 1), (None, 1), (False, None), (None, None)])
def test_an_api_that_ends_or_is_not_ready_in_time_is_an_error_with_its_log(
    ready: bool | None,
    exit_code: int | None,
    process: ApiProcess,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "READY_SECONDS", 0)
    process.ready, process.exit_code = ready, exit_code

    with (
        pytest.raises(TransientError, match=r"not ready within 0 s \(.*logs/api\.log\)"),
        http_server.running_api(settings),
    ):
        pytest.fail("the block must not run")
    assert process.exit_code is not None


def test_an_api_that_does_not_end_in_time_is_killed_after_a_failure_too(
    process: ApiProcess, settings: Settings
) -> None:
    process.obeys = False

    with pytest.raises(OSError, match="fault"), http_server.running_api(settings):
        raise OSError("fault")
    assert process.killed
