"""A temporary stack leaves neither servers nor data behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from foundation.errors import ConfigurationError, TransientError
from foundation.settings import Settings
from local_stack import addresses, stack
from local_stack.addresses import Addresses
from local_stack.temporary import temporary_stack


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """The homes of the stacks that run; their folders are in an empty folder."""
    running: set[Path] = set()

    def up(settings: Settings) -> Addresses:
        running.add(settings.home)
        return addresses.allocate(settings)

    def down(settings: Settings) -> list[str]:
        assert settings.home.is_dir()
        running.discard(settings.home)
        return []

    monkeypatch.setattr(stack, "up", up)
    monkeypatch.setattr(stack, "down", down)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PINLAKE_KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    return running


def test_the_settings_are_those_of_the_new_stack(running: set[Path], tmp_path: Path) -> None:
    with temporary_stack("test") as settings:
        allocated = addresses.read(settings.home)
        assert allocated is not None
        assert settings.kafka.bootstrap_servers == allocated.bootstrap_servers
        assert running == {settings.home}
        assert settings.home.name.startswith("pinlake-test-")
    assert running == set()
    assert list(tmp_path.iterdir()) == []


def test_servers_and_data_are_gone_after_a_failure_too(running: set[Path], tmp_path: Path) -> None:
    with pytest.raises(OSError, match="fault"), temporary_stack("test"):
        raise OSError("fault")
    assert running == set()
    assert list(tmp_path.iterdir()) == []


def test_servers_that_do_not_all_start_are_stopped(
    running: set[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(settings: Settings) -> Addresses:
        running.add(settings.home)
        raise TransientError("kafka runs but did not answer", where="log", hint="Read it.")

    monkeypatch.setattr(stack, "up", fail)
    with pytest.raises(TransientError, match="did not answer"), temporary_stack("test"):
        pytest.fail("the block must not run")
    assert running == set()
    assert list(tmp_path.iterdir()) == []


def test_settings_that_are_wrong_leave_no_folder_behind(
    running: set[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINLAKE_POSTGRES_PORT", "many")

    with pytest.raises(ConfigurationError, match="PINLAKE_POSTGRES_PORT"), temporary_stack("test"):
        pytest.fail("the block must not run")
    assert list(tmp_path.iterdir()) == []
