"""`pinlake airflow`: the address and the password of Airflow, and the health of its components."""

from __future__ import annotations

import pytest

from foundation.settings import Settings
from orchestration import server
from orchestration.configuration import Configuration
from tests.unit.pinlake.cli.command_line import run

WELL = {"metadatabase": "healthy", "scheduler": "healthy"}


@pytest.fixture
def configuration(loaded: Settings) -> Configuration:
    return Configuration.of(loaded)


def test_a_new_password_is_printed_once(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "up", lambda _: "[red]s3cret")

    outcome = run("airflow", "up")

    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        f"Airflow: {configuration.url}, user admin",
        f"password: [red]s3cret (stored in {configuration.passwords})",
    ]


def test_an_old_password_is_only_named_by_its_file(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "up", lambda _: None)

    assert run("airflow", "up").out.splitlines()[1] == f"password: stored in {configuration.passwords}"


def test_json_has_no_password(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "up", lambda _: "s3cret")

    outcome = run("airflow", "up", "--json")

    login = {"url": configuration.url, "user": "admin", "passwords": str(configuration.passwords)}
    assert outcome.documents == [login]
    assert "s3cret" not in outcome.err


@pytest.mark.parametrize(
    ("stopped", "message"), [(True, "stopped Airflow\n"), (False, "Airflow was not running\n")]
)
def test_down_says_whether_there_was_anything_to_stop(
    stopped: bool, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "down", lambda _: stopped)

    outcome = run("airflow", "down")

    assert (outcome.code, outcome.out, outcome.err) == (0, "", message)


@pytest.mark.parametrize(
    ("states", "code", "lines"),
    [
        (WELL, 0, ["part state", "metadatabase healthy", "scheduler healthy"]),
        (WELL | {"scheduler": "unhealthy"}, 1, ["part state", "metadatabase healthy", "scheduler unhealthy"]),
        ({}, 1, ["Airflow does not answer: run `pinlake airflow up`."]),
    ],
    ids=["well", "unhealthy", "silent"],
)
def test_status_fails_unless_every_component_is_healthy(
    states: dict[str, str], code: int, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "health", lambda _: states)

    outcome = run("airflow", "status")

    assert [" ".join(line.split()) for line in outcome.out.splitlines()] == lines
    assert outcome.code == code
    as_json = run("airflow", "status", "--json")
    assert (as_json.code, as_json.documents) == (code, [states])
