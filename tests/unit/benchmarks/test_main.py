"""The help texts of the benchmark commands, and their defaults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.__main__ import choose_defaults


@pytest.mark.parametrize("module", ["benchmarks", "benchmarks.client", "benchmarks.handwritten"])
def test_help_shows_an_example(module: str) -> None:
    completed = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
    assert f"Example: python -m {module}" in " ".join(completed.stdout.split())


def test_the_long_runs_are_three_of_five_million_rows() -> None:
    assert choose_defaults(full=True) == (5_000_000, 5_000_000, 3)
    assert choose_defaults(full=False) == (200_000, 50_000, 2)
