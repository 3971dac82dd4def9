"""Commands as child processes: they get exactly the settings of this process, and end with their block."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from foundation.settings import PREFIX, PostgresSettings, Settings
from local_stack import pinlake_command


def test_variables_give_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres = PostgresSettings(host="db", password=SecretStr("hunter2"))
    settings = Settings(_env_file=None, home=tmp_path, text_policy="ascii", postgres=postgres)

    for name, value in pinlake_command.setting_variables(settings).items():
        monkeypatch.setenv(name, value)

    assert Settings(_env_file=None) == settings


def test_a_command_sees_no_other_settings_and_ends_with_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(_program(tmp_path)))
    settings = Settings(_env_file=None)
    monkeypatch.setenv(f"{PREFIX}MAVEN_REPOSITORY", "https://another.example")
    log = tmp_path / "logs" / "serve.log"

    with pinlake_command.running_command(["serve"], settings, log=log) as command:
        assert command.stdout is None
        while not log.read_text().endswith("ready\n"):
            assert command.poll() is None

    assert command.returncode == -signal.SIGTERM
    assert "-m pinlake serve" in log.read_text()
    assert "another.example" not in log.read_text()


def _program(folder: Path) -> Path:
    program = folder / "python"
    program.write_text('#!/bin/sh\necho "$@"\nenv\necho ready\nexec sleep 60\n')
    program.chmod(0o700)
    return program
