"""The hooks of .pre-commit-config.yaml are the commands of `make check`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ".venv/bin/"


def test_the_hooks_run_what_make_check_runs() -> None:
    entries = [str(hook["entry"]) for hook in _hooks()]

    assert [entry.removeprefix(ENVIRONMENT) for entry in entries] == _commands_of_make_check()
    assert all(entry.startswith(ENVIRONMENT) for entry in entries)


def test_every_hook_checks_the_whole_tree() -> None:
    for hook in _hooks():
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("system", False, True)


def _hooks() -> list[dict[str, Any]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    return [hook for repo in config["repos"] for hook in repo["hooks"]]


def _commands_of_make_check() -> list[str]:
    """Return the lines of the recipe of `check`, without Make's `@$(RUN)`."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^check:.*\n((?:\t.+\n)+)", makefile, flags=re.MULTILINE)
    assert recipe is not None
    return [line.strip().removeprefix("@$(RUN) ") for line in recipe[1].splitlines()]
