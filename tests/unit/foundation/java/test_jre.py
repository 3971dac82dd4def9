"""Finding Java."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.errors import ConfigurationError
from foundation.java import jre


def _install(folder: Path, *, says: str) -> Path:
    """Create a `java` that answers `-version` on standard error, as a real one does."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("says", ['openjdk version "17.0.15" 2025-04-15', 'java version "21" 2023-09-19'])
def test_java_home_comes_before_the_path(says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _install(tmp_path, says=says)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert jre.find() == program


def test_without_java_home_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _install(tmp_path, says='openjdk version "17.0.1"')
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    assert jre.find() == program


@pytest.mark.parametrize(("says", "told"), [('version "1.8.0_392"', "8"), ("no version here", "unknown")])
def test_the_error_of_an_old_java_says_what_to_install(
    says: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, says=says)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(ConfigurationError, match=rf"too old: {told} .*Install Java 17"):
        jre.find()


@pytest.mark.parametrize("home", ["/nowhere", None])
def test_the_error_of_a_missing_java_says_what_to_install(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if home is None:
        monkeypatch.delenv("JAVA_HOME", raising=False)
    else:
        monkeypatch.setenv("JAVA_HOME", home)

    with pytest.raises(ConfigurationError, match=r"missing .*Install Java 17"):
        jre.find()
