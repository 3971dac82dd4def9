"""Ports and passwords of the local stack."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from foundation import settings as settings_module
from foundation.errors import ConfigurationError
from foundation.settings import Settings, StackSettings, stack_file
from local_stack import addresses


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_addresses_are_chosen_once_and_only_their_owner_reads_them(settings: Settings) -> None:
    first = addresses.allocate(settings)

    assert addresses.allocate(settings) == first
    assert len({first.kafka_port, first.s3_port, first.postgres_port}) == 3
    assert stack_file(settings.home).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.home.iterdir()] == ["stack.env"]


def test_what_was_allocated_is_what_the_settings_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "S3_ENDPOINT", "POSTGRES_PORT", "POSTGRES_PASSWORD"):
        monkeypatch.delenv(f"PINLAKE_{name}", raising=False)
    monkeypatch.chdir(settings.home.parent)
    allocated = addresses.allocate(settings)

    loaded = settings_module.load(home=settings.home)

    pointed = addresses.point(loaded, allocated)
    assert (loaded.kafka, loaded.s3, loaded.postgres) == (pointed.kafka, pointed.s3, pointed.postgres)
    assert loaded.kafka.bootstrap_servers == allocated.bootstrap_servers


def test_a_configured_port_replaces_the_kept_one_and_the_passwords_stay(settings: Settings) -> None:
    stored = addresses.allocate(settings)
    moved = addresses.allocate(settings.model_copy(update={"stack": StackSettings(kafka_port=29_092)}))

    assert moved.kafka_port == 29_092
    assert (moved.s3_port, moved.postgres_port) == (stored.s3_port, stored.postgres_port)
    assert moved.postgres_password == stored.postgres_password
    assert addresses.read(settings.home) == moved


def test_two_homes_share_no_secret(settings: Settings, tmp_path: Path) -> None:
    here = addresses.allocate(settings)
    there = addresses.allocate(Settings(home=tmp_path / "elsewhere"))

    assert here.s3_secret_key != there.s3_secret_key
    assert here.postgres_password != there.postgres_password


@pytest.mark.parametrize("text", ["", "garbage\n\x00", "PINLAKE_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:x\n"])
def test_a_file_that_cannot_be_used_is_named(text: str, settings: Settings) -> None:
    settings.home.mkdir()
    stack_file(settings.home).write_text(text)

    with pytest.raises(ConfigurationError, match=r"stack\.env"):
        addresses.allocate(settings)


def test_no_secret_shows_when_addresses_are_printed(settings: Settings) -> None:
    allocated = addresses.allocate(settings)

    assert allocated.postgres_password.get_secret_value() not in repr(allocated)
    assert allocated.s3_secret_key.get_secret_value() not in repr(allocated)


def test_a_port_that_a_process_listens_on_is_not_free() -> None:
    (port,) = addresses.free_ports(1)
    assert addresses.is_free(port)
    with socket.create_server((addresses.HOST, port)):
        assert not addresses.is_free(port)
