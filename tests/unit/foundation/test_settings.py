"""Settings: their sources, errors of invalid values, and .env.example, which lists all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from foundation import settings as settings_module
from foundation.errors import ConfigurationError
from foundation.settings import PREFIX, Settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"
SECRET = "hunter2-never-shown"


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without .env, and no settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in _names():
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_example_lists_every_setting_once_with_its_default(empty_place: Path) -> None:
    lines = EXAMPLE.read_text().splitlines()
    listed = [match[1] for line in lines if (match := re.match(rf"(?:# )?({PREFIX}\w+)=", line))]
    assert sorted(listed) == sorted(_names())

    (empty_place / ".env").write_text(EXAMPLE.read_text())
    assert settings_module.load() == Settings()


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_local_stack(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("BUCKET", "REGION", "ENDPOINT")
    places = ("environment", "dotenv", "stack")
    stack = settings_module.stack_file(empty_place / ".pinlake")
    stack.parent.mkdir()
    stack.write_text("".join(f"{PREFIX}S3_{name}=stack\n" for name in names))
    (empty_place / ".env").write_text("".join(f"{PREFIX}S3_{name}=dotenv\n" for name in names[:2]))
    monkeypatch.setenv(f"{PREFIX}S3_{names[0]}", "environment")

    loaded = settings_module.load().s3

    assert (loaded.bucket, loaded.region, loaded.endpoint) == places


def test_a_bad_value_names_the_setting_and_every_place_searched(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}POSTGRES_PORT", "a port")

    with pytest.raises(ConfigurationError) as raised:
        settings_module.load()

    message = str(raised.value)
    for part in (f"{PREFIX}POSTGRES_PORT", "environment", str(empty_place / ".env"), "stack.env"):
        assert part in message


def test_a_section_that_does_not_know_a_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}KAFKA_BOOTSTRAP", "broker:9092")

    with pytest.raises(ConfigurationError, match=f"{PREFIX}KAFKA_BOOTSTRAP"):
        settings_module.load()


def test_a_secret_is_in_no_message_and_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}POSTGRES_PASSWORD", SECRET)
    assert SECRET not in repr(settings_module.load())

    monkeypatch.setenv(f"{PREFIX}POSTGRES_PORT", "a port")
    with pytest.raises(ConfigurationError) as raised:
        settings_module.load()
    assert SECRET not in str(raised.value)


def test_settings_cannot_be_changed() -> None:
    loaded = settings_module.load()

    with pytest.raises(ValidationError):
        loaded.text_policy = "ascii"  # type: ignore[misc]  # that is the point


def _names() -> list[str]:
    names = []
    for name, value in Settings():
        fields = [f"{name}_{field}" for field, _ in value] if isinstance(value, BaseModel) else [name]
        names += [f"{PREFIX}{field}".upper() for field in fields]
    return names
