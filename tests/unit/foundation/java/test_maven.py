"""The Maven repository that jars are fetched from."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from foundation.errors import ConfigurationError
from foundation.java import maven


def test_a_configured_repository_wins_and_loses_its_closing_slash() -> None:
    assert maven.root("https://mirror.example/maven/") == "https://mirror.example/maven"


def test_without_one_it_is_the_root_that_ivy_knows() -> None:
    root = maven.root(None)

    assert root.startswith("https://")
    assert root.endswith("/maven2")


@pytest.mark.parametrize("content", [None, {}, {"org/example/Other.class": b""}])
def test_an_ivy_that_cannot_be_read_says_which_setting_helps(
    content: dict[str, bytes] | None, tmp_path: Path
) -> None:
    jar = tmp_path / "ivy-2.jar"
    if content is not None:
        with zipfile.ZipFile(jar, "w") as archive:
            for name, body in content.items():
                archive.writestr(name, body)

    with pytest.raises(ConfigurationError, match="PINLAKE_MAVEN_REPOSITORY"):
        maven._root_of_ivy(jar)
