"""The command line as a whole: its commands, its help and its log level."""

from __future__ import annotations

import logging

import pytest
import structlog

from local_stack import stack
from tests.unit.pinlake.cli.command_line import run

COMMANDS = [
    "jars", "init", "demo", "up", "down", "status", "serve", "emulate", "bronze", "silver", "gold", "stream",
    "sql", "history", "diff", "why", "restore", "maintain", "rebuild", "erase", "drift", "consume",
    "reconcile", "ledger", "quality", "quarantine", "airflow",
]  # fmt: skip
GROUPS = {
    "quality": ["check-suites", "history", "report"],
    "quarantine": ["list", "show", "export", "fix", "replay", "drop"],
    "airflow": ["up", "down", "status"],
    "ledger": ["check"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = run(name, "-h")

    assert (shown.code, shown.err) == (0, "")
    assert f"Example: pinlake {name}" in shown.words


@pytest.mark.parametrize(("group", "names"), GROUPS.items())
def test_every_command_of_a_group_has_help_with_an_example(group: str, names: list[str]) -> None:
    for name in names:
        assert f"Example: pinlake {group} {name}" in run(group, name, "--help").words


def test_help_lists_every_command() -> None:
    words = run("--help").words.split()

    assert [name for name in COMMANDS if name not in words] == []


@pytest.mark.parametrize("arguments", [["nothing"], ["up", "--nothing"], ["sql"]])
def test_a_wrong_command_line_ends_with_code_2(arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err


@pytest.mark.parametrize(("level", "shown"), [("debug", True), ("WARNING", False)])
def test_the_log_level_is_set_for_the_command(
    level: str, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: object) -> list[str]:
        structlog.get_logger().info("stopping")
        return []

    monkeypatch.setattr(stack, "down", down)

    outcome = run("--log-level", level, "down")

    assert ("stopping" in outcome.err) is shown
    assert logging.getLogger().level == logging.WARNING
