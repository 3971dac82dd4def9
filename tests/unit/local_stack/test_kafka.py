"""The broker: its storage, its configuration and its answer, without Java."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dotenv
import pytest
from confluent_kafka import KafkaError, KafkaException

from foundation.errors import TerminalError
from foundation.java import jars, jre
from foundation.settings import KafkaSettings, Settings
from local_stack import kafka
from local_stack.kafka import Kafka

AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT))


@dataclass
class StorageTool:
    """Kafka's tool that formats a data folder.

    Attributes:
        output: standard error and standard output of a failure; None if it succeeds.
        runs: the configurations that it was given.
    """

    output: tuple[str, str] | None = None
    runs: list[dict[str, str | None]] = field(default_factory=list)

    def run(self, command: list[str], **options: Any) -> SimpleNamespace:  # noqa: ANN401 - as subprocess takes them
        (configuration,) = (
            word.removeprefix("--config=") for word in command if word.startswith("--config=")
        )
        values = dotenv.dotenv_values(configuration, interpolate=False)
        self.runs.append(values)
        if self.output is not None:
            return SimpleNamespace(returncode=1, stderr=self.output[0], stdout=self.output[1])
        Path(values["log.dirs"] or "", "meta.properties").touch()
        return SimpleNamespace(returncode=0, stderr="", stdout="")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> StorageTool:
    tool = StorageTool()
    monkeypatch.setattr(subprocess, "run", tool.run)
    monkeypatch.setattr(jre, "find", lambda: Path("/jre/bin/java"))
    monkeypatch.setattr(
        jars, "class_path", lambda jar_set, settings: [Path("/jars/a.jar"), Path("/jars/b.jar")]
    )
    return tool


@pytest.fixture
def broker(tmp_path: Path) -> Kafka:
    settings = Settings(_env_file=None, home=tmp_path, kafka=KafkaSettings(consumer_group="landing"))
    return Kafka(settings, 29_092)


def test_the_storage_is_formatted_once(tool: StorageTool, broker: Kafka, tmp_path: Path) -> None:
    broker.prepare()
    (tmp_path / "kafka" / "segment").write_text("records")
    broker.prepare()

    assert len(tool.runs) == 1
    assert (tmp_path / "kafka" / "segment").read_text() == "records"
    assert not (tmp_path / "kafka.format.properties").exists()


@pytest.mark.usefixtures("tool")
def test_the_command_runs_the_broker_with_its_own_private_configuration(
    broker: Kafka, tmp_path: Path
) -> None:
    command = broker.prepare()

    configuration = tmp_path / "run" / "kafka.properties"
    assert command[0] == "/jre/bin/java"
    assert command[command.index("-cp") + 1] == "/jars/a.jar:/jars/b.jar"
    assert command[-2:] == ["kafka.Kafka", str(configuration)]
    assert broker.child.own_argument in command
    assert configuration.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("tool")
def test_clients_and_controller_have_different_loopback_ports(broker: Kafka, tmp_path: Path) -> None:
    broker.prepare()

    values = dotenv.dotenv_values(tmp_path / "run" / "kafka.properties", interpolate=False)
    clients, controller = (values["listeners"] or "").split(",")
    assert (clients, values["advertised.listeners"]) == ("PLAINTEXT://127.0.0.1:29092",) * 2
    assert controller.startswith("CONTROLLER://127.0.0.1:")
    assert not controller.endswith(":29092")
    assert values["controller.quorum.voters"] == f"1@{controller.removeprefix('CONTROLLER://')}"
    assert values["log.dirs"] == str(tmp_path / "kafka")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (("a stack trace\nNo space left\n", "ignored"), "No space left"),
        (("", "printed\nelsewhere\n"), "elsewhere"),
        (("", ""), "no output"),
    ],
)
def test_storage_that_cannot_be_formatted_is_named_and_left_absent(
    output: tuple[str, str], reason: str, tool: StorageTool, broker: Kafka, tmp_path: Path
) -> None:
    tool.output = output

    with pytest.raises(TerminalError) as raised:
        broker.prepare()
    assert raised.value.what == f"Kafka's storage cannot be formatted: {reason}"
    assert raised.value.where.startswith(str(tmp_path))
    assert not (tmp_path / "kafka").exists()
    assert not (tmp_path / "kafka.format.properties").exists()


@dataclass
class Admin:
    """A client of the broker, which may be away, without brokers, or without a coordinator."""

    brokers: dict[int, str] = field(default_factory=lambda: {1: "broker"})
    metadata_error: Exception | None = None
    group_error: Exception | None = None
    groups: list[str] = field(default_factory=list)

    def connect(self, config: dict[str, Any]) -> Admin:
        assert config["bootstrap.servers"] == "127.0.0.1:29092"
        return self

    def list_topics(self, *, timeout: float) -> Admin:
        if self.metadata_error:
            raise self.metadata_error
        return self

    def describe_consumer_groups(self, groups: list[str], *, request_timeout: float) -> dict[str, Admin]:
        self.groups += groups
        return dict.fromkeys(groups, self)

    def result(self) -> None:
        if self.group_error:
            raise self.group_error


@pytest.mark.parametrize(
    ("admin", "answers", "groups"),
    [
        (Admin(), True, ["landing"]),
        (Admin(brokers={}), False, []),
        (Admin(metadata_error=AWAY), False, []),
        (Admin(group_error=AWAY), False, ["landing"]),
    ],
    ids=["ready", "no broker", "away", "no coordinator"],
)
def test_a_broker_answers_once_its_group_has_a_coordinator(
    admin: Admin, answers: bool, groups: list[str], broker: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("confluent_kafka.admin.AdminClient", admin.connect)

    assert broker.answers() is answers
    assert admin.groups == groups


def test_the_process_is_the_same_for_every_spelling_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert kafka.child(Path("home")) == kafka.child(tmp_path / "home")
    assert kafka.child(tmp_path / "home") != kafka.child(tmp_path / "other")
