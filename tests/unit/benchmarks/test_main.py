"""The help texts of the benchmark commands."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["benchmarks", "benchmarks.client"])
def test_help_shows_an_example(module: str) -> None:
    completed = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
    assert f"Example: python -m {module}" in " ".join(completed.stdout.split())
