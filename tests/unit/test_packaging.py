"""What a wheel carries: every package of ours with its types, and the licence."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_a_wheel_carries_every_package_that_the_contracts_know() -> None:
    assert sorted(PACKAGES) == sorted(PYPROJECT["tool"]["importlinter"]["root_packages"])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").read_bytes() == b""


def test_the_licence_is_the_one_that_the_metadata_names() -> None:
    project = PYPROJECT["project"]
    (name,) = project["license-files"]

    assert project["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in (ROOT / name).read_text()
