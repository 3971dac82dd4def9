"""Old names of settings: still read, with a warning that names the new one."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import BaseModel

from foundation import setting_names
from foundation import settings as settings_module
from foundation.setting_names import RENAMED
from foundation.settings import PREFIX, Settings

OLD, NEW = "PINLAKE_DOOR_PORT", "PINLAKE_API_PORT"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without .env, no such settings in the environment, and no warning given yet."""
    monkeypatch.chdir(tmp_path)
    for name in (*RENAMED, *RENAMED.values()):
        monkeypatch.delenv(name, raising=False)
    setting_names._warn.cache_clear()
    return tmp_path


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_in_the_environment_sets_the_setting(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = "4.5" if old.endswith("SECONDS") else "2048"
    monkeypatch.setenv(old, value)

    assert str(_value_of(RENAMED[old])) == value


def test_an_old_name_in_the_env_file_sets_the_setting(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text(f"{OLD}=9001\nPINLAKE_STREAM_PATIENCE_SECONDS=7\n")

    settings = settings_module.load()

    assert (settings.api.port, settings.stream.timeout_seconds) == (9001, 7.0)


def test_an_old_name_in_the_environment_wins_over_one_in_the_env_file(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / ".env").write_text(f"{OLD}=9001\n")
    monkeypatch.setenv(OLD, "9002")

    assert settings_module.load().api.port == 9002


@pytest.mark.parametrize("old_in", ["environment", "file"])
@pytest.mark.parametrize("new_in", ["environment", "file"])
def test_the_new_name_wins_wherever_both_are_set(
    old_in: str, new_in: str, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    for name, value, source in ((OLD, "9001", old_in), (NEW, "9002", new_in)):
        if source == "environment":
            monkeypatch.setenv(name, value)
        else:
            lines.append(f"{name}={value}\n")
    (empty_folder / ".env").write_text("".join(lines))

    assert settings_module.load().api.port == 9002


def test_one_warning_names_the_old_and_the_new_name(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(OLD, "9001")

    settings_module.load()
    settings_module.load()

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert OLD in record.getMessage() and NEW in record.getMessage()


def test_the_warning_says_so_when_the_new_name_wins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(OLD, "9001")
    monkeypatch.setenv(NEW, "9002")

    settings_module.load()

    assert f"{NEW} is set too and wins" in caplog.text


def test_new_names_give_no_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(NEW, "9002")

    settings_module.load()

    assert caplog.records == []


def test_every_old_name_stands_for_a_setting_and_is_none_itself() -> None:
    names = {
        f"{PREFIX}{section}_{field}".upper()
        for section, value in Settings(_env_file=None)
        if isinstance(value, BaseModel)
        for field, _ in value
    }

    assert set(RENAMED.values()) <= names
    assert not set(RENAMED) & names


def _value_of(name: str) -> object:
    section, _, field = name.removeprefix(PREFIX).lower().partition("_")
    return getattr(getattr(settings_module.load(), section), field)
