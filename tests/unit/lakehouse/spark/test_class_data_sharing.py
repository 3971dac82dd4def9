"""The class data sharing archive: it is used only where it fits, and replaced whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lakehouse.spark import class_data_sharing
from lakehouse.spark.class_data_sharing import archive_path, create_archive, jvm_options


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A jar on the class path of an empty Python environment with a Java."""
    java = tmp_path / "java-home" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch(mode=0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java-home"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    path = tmp_path / "delta.jar"
    path.touch()
    os.utime(path, (1000, 1000))
    return path


def test_without_an_archive_java_gets_no_options(jar: Path) -> None:
    assert jvm_options([str(jar)]) == ""


def test_java_is_pointed_to_an_archive_and_stays_silent_if_it_does_not_fit(jar: Path) -> None:
    archive = archive_path([str(jar)])
    archive.touch()

    assert jvm_options([str(jar)]).split() == [
        f"-XX:SharedArchiveFile={archive}",
        "-Xshare:auto",
        "-Xlog:cds*=off",
        "-Xlog:class+path=off",
    ]


def test_a_changed_class_path_or_java_needs_another_archive(
    jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = archive_path([str(jar)])
    os.utime(jar, (1000.9, 1000.9))
    assert archive_path([str(jar)]) == before  # Java compares whole seconds

    os.utime(jar, (1001, 1001))
    rebuilt = archive_path([str(jar)])
    os.utime(tmp_path / "java-home" / "bin" / "java", (1, 1))
    other_java = archive_path([str(jar)])
    longer = archive_path([str(jar), "missing.jar"])
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert len({before, rebuilt, other_java, longer, archive_path([str(jar)])}) == 5
    assert before.parent == tmp_path


def test_a_new_archive_replaces_the_older_ones(
    jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pinlake-0.jsa").touch()
    monkeypatch.setattr(subprocess, "run", _training(writes=True, status=0))

    archive = create_archive([str(jar)])

    assert archive == archive_path([str(jar)])
    assert archive.read_text() == str(jar)
    assert list(tmp_path.glob("pinlake-*")) == [archive]


def test_an_archive_that_exists_is_left_alone(jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_path([str(jar)])
    archive.write_text("classes")
    monkeypatch.setattr(subprocess, "run", _training(writes=True, status=0))

    assert create_archive([str(jar)]) == archive
    assert archive.read_text() == "classes"


@pytest.mark.parametrize(("writes", "status"), [(False, 0), (False, 1), (True, 1)])
def test_a_java_that_cannot_archive_leaves_everything_as_it_was(
    writes: bool, status: int, jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pinlake-0.jsa").touch()
    monkeypatch.setattr(subprocess, "run", _training(writes=writes, status=status))

    with capture_logs() as logs:
        assert create_archive([str(jar)]) is None

    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("classes could not be archived", "no such option")
    ]
    assert [path.name for path in tmp_path.glob("pinlake-*")] == ["pinlake-0.jsa"]


def _training(*, writes: bool, status: int) -> object:
    """Return a stand-in for the training process, which may write the archive that Java was asked for."""

    def run(
        command: Sequence[str], *, env: Mapping[str, str], capture_output: bool, text: bool
    ) -> subprocess.CompletedProcess[str]:
        assert command[:3] == [sys.executable, "-m", class_data_sharing.__name__]
        option = env["SPARK_SUBMIT_OPTS"].split()[0]
        if writes:
            Path(option.removeprefix("-XX:ArchiveClassesAtExit=")).write_text(" ".join(command[3:]))
        return subprocess.CompletedProcess(command, status, "", "no such option\n")

    return run
