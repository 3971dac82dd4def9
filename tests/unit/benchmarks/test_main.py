"""The commands tell how they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["benchmarks", "benchmarks.client"])
def test_help_shows_an_example(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"Example: python -m {module}" in " ".join(done.stdout.split())
