"""The documents keep up with the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from pinlake.cli.main import app

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_dependency_has_its_reason() -> None:
    groups = PROJECT["dependency-groups"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(entry for group in groups for entry in group)]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in wanted}

    told = set(re.findall(r"\*\*([\w-]+)(?:\[.*?\])?\*\*", (ROOT / "docs/dependencies.md").read_text()))

    assert names == told


def test_the_readme_can_be_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize(
    "document", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"], ids=lambda p: p.name
)
def test_the_commands_and_files_a_document_names_exist(document: Path) -> None:
    text = document.read_text()
    known = set(get_command(app).list_commands(None))  # type: ignore[attr-defined]  # click's group has it

    commands = set(re.findall(r"(?:`|^|\s{2})pinlake ([a-z][a-z-]*)", text, flags=re.MULTILINE))
    links = re.findall(r"\]\((?!http)([^)#]+)", text)
    targets = set(re.findall(r"`make ([a-z-]+)", text))

    assert commands <= known
    assert [link for link in links if not (document.parent / link).exists()] == []
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("name", sorted(get_command(app).list_commands(None)))  # type: ignore[attr-defined]
def test_every_command_has_an_example(name: str) -> None:
    command = get_command(app).get_command(None, name)  # type: ignore[attr-defined]

    assert f"Example: pinlake {name}" in (command.help or "")
