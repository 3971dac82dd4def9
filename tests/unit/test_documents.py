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
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RECORDS = sorted(ROOT.glob("docs/adr/[0-9]*.md"))


def test_every_dependency_has_its_reason() -> None:
    groups = PROJECT["dependency-groups"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(entry for group in groups for entry in group)]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in wanted}

    listed = set(re.findall(r"\*\*([\w-]+)(?:\[.*?\])?\*\*", (ROOT / "docs/dependencies.md").read_text()))

    assert names == listed


def test_the_readme_can_be_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_and_files_a_document_names_exist(document: Path) -> None:
    text = document.read_text()
    known = set(get_command(app).list_commands(None))  # type: ignore[attr-defined]  # click's group has it

    commands = set(re.findall(r"(?:`|^|\s{2})pinlake ([a-z][a-z-]*)", text, flags=re.MULTILINE))
    links = re.findall(r"\]\((?!http)([^)#]+)", text)
    targets = set(re.findall(r"`make ([a-z-]+)", text))

    assert commands <= known
    assert [link for link in links if not (document.parent / link).exists()] == []
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def test_the_index_lists_every_decision_with_its_title_date_and_status() -> None:
    index = (ROOT / "docs/adr/README.md").read_text()
    rows = re.findall(r"^\| \[(\d{4})\]\((.+)\) \| (.+) \| (.+) \| (.+) \|$", index, flags=re.MULTILINE)

    assert [file for _, file, *_ in rows] == [record.name for record in RECORDS]
    for number, (name, file, title, date, status) in enumerate(rows, start=1):
        assert name == file[:4] == f"{number:04}"
        text = (ROOT / "docs/adr" / file).read_text()
        assert text.startswith(f"# {number}. {title}\n\n- Date: {date}\n- Status: {status}\n\n## Context\n")
        assert text.index("## Context") < text.index("## Decision") < text.index("## Consequences")


@pytest.mark.parametrize("name", sorted(get_command(app).list_commands(None)))  # type: ignore[attr-defined]
def test_every_command_has_an_example(name: str) -> None:
    command = get_command(app).get_command(None, name)  # type: ignore[attr-defined]

    assert f"Example: pinlake {name}" in (command.help or "")
