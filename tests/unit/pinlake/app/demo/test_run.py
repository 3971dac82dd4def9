"""The demonstration leaves the stack as it was asked to, whatever happens in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from foundation import kafka_admin
from foundation.errors import TransientError
from foundation.kafka_admin import PartitionLag
from foundation.settings import KafkaSettings, Settings
from local_stack import addresses, stack
from local_stack.addresses import Addresses
from local_stack.stack import ServerStatus, State
from pinlake.app.demo import run
from pinlake.app.demo.run import Demonstration

NAMES = ["kafka", "s3", "postgres"]
AWAY = TransientError("the API was not ready", where="log", hint="Read it.")


@dataclass
class Machine:
    """The servers of the stack, by their states; `fails` is raised when they are started."""

    states: list[State] = field(default_factory=list)
    fails: Exception | None = None

    def up(self, settings: Settings) -> Addresses:
        self.states = [State.RUNNING] * 3
        if self.fails:
            raise self.fails
        return addresses.allocate(settings)

    def down(self, settings: Settings) -> list[str]:
        self.states = [State.STOPPED] * 3
        return NAMES

    def status(self, settings: Settings) -> list[ServerStatus]:
        return [
            ServerStatus(name, state, None, Path("log"), "address")
            for name, state in zip(NAMES, self.states, strict=False)
        ]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    for name in ("up", "down", "status"):
        monkeypatch.setattr(stack, name, getattr(machine, name))

    def fail(settings: Settings) -> None:
        raise AWAY

    monkeypatch.setattr(run, "running_api", fail)
    return machine


def _run(home: Path, *, keep: bool = False) -> list[str]:
    steps: list[str] = []
    settings = Settings(_env_file=None, home=home)
    with pytest.raises(TransientError):
        Demonstration(settings, keep=keep, on_step=steps.append).run([b"{}"])
    return steps


@pytest.mark.parametrize(
    ("before", "keep", "after"),
    [
        ([], False, State.STOPPED),
        ([], True, State.RUNNING),
        ([State.RUNNING] * 3, False, State.RUNNING),
        ([State.RUNNING, State.STOPPED, State.RUNNING], False, State.STOPPED),
        ([State.RUNNING, State.UNRESPONSIVE, State.RUNNING], True, State.RUNNING),
    ],
)
def test_a_failure_stops_the_servers_unless_they_ran_before_or_are_kept(
    before: list[State], keep: bool, after: State, machine: Machine, tmp_path: Path
) -> None:
    machine.states = before

    steps = _run(tmp_path, keep=keep)

    assert machine.states == [after] * 3
    assert steps[0] == "start Kafka, the object store and Postgres"
    assert (steps[-1] == "stop the servers") is (after is State.STOPPED)


def test_servers_that_do_not_all_start_are_stopped(machine: Machine, tmp_path: Path) -> None:
    machine.fails = AWAY

    assert _run(tmp_path) == ["start Kafka, the object store and Postgres", "stop the servers"]
    assert machine.states == [State.STOPPED] * 3


def test_the_time_of_a_step_that_fails_is_kept_too(machine: Machine, tmp_path: Path) -> None:
    demonstration = Demonstration(
        Settings(_env_file=None, home=tmp_path), keep=True, on_step=lambda name: None
    )

    with pytest.raises(OSError, match="fault"), demonstration._step("a step"):
        raise OSError("fault")
    assert demonstration._seconds["a step"] >= 0


def test_records_of_this_run_begin_at_the_ends_of_the_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    lag = [PartitionLag("batch", 1, 2, 9, 7), PartitionLag("stream", 0, None, 4, None)]
    monkeypatch.setattr(kafka_admin, "read_lag", lambda kafka: lag)

    assert run._ends(KafkaSettings()) == {("batch", 1): 9, ("stream", 0): 4}
