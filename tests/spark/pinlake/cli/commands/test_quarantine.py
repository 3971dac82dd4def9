"""What `pinlake quarantine` does to the bucket: commands that only read write nothing."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import NoReturn

import pytest
from pyspark.sql import SparkSession

from foundation import settings as settings_module
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.spark import session
from pinlake.cli.commands import quarantine


@pytest.fixture
def bucket(new_lake: DeltaLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty lakehouse, which the commands take for the bucket."""

    def build(*_: object, **__: object) -> SparkSession:
        return new_lake.spark

    def refuse(*_: object) -> NoReturn:
        pytest.fail("the store was probed")

    monkeypatch.setenv("PINLAKE_HOME", str(tmp_path.with_name("home")))
    monkeypatch.setattr(session, "build", build)
    monkeypatch.setattr(session, "stop", lambda _: None)
    monkeypatch.setattr(DeltaLake, "of", lambda *_: new_lake)
    monkeypatch.setattr(ObjectStore, "require_conditional_writes", refuse)
    return tmp_path


def test_reading_writes_nothing(bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    exported = tmp_path_factory.mktemp("export") / "refused.jsonl"

    quarantine.list_rows()
    quarantine.export(to=exported)
    with pytest.raises(Exception, match="no such row"):
        quarantine.show("0")

    assert exported.read_bytes() == b""
    assert list(bucket.iterdir()) == []


@pytest.mark.usefixtures("bucket")
def test_a_replay_loads_the_settings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Settings] = []
    load = settings_module.load

    def count_loads() -> Settings:
        loads.append(load())
        return loads[-1]

    monkeypatch.setattr(settings_module, "load", count_loads)
    monkeypatch.setattr(ObjectStore, "require_conditional_writes", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    quarantine.replay_rows(where="true", lane="stream")

    assert len(loads) == 1
