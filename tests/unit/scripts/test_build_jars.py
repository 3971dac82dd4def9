"""The project's own jars, which must equal their compiled sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lakehouse.spark import cleaning_functions, log_store

ROOT = Path(__file__).parents[3]


def test_the_jars_built_from_source_are_those_in_the_project(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "scripts/build_jars.py", "--to", tmp_path], check=True)

    for jar in (log_store.JAR, cleaning_functions.JAR):
        assert (tmp_path / jar.name).read_bytes() == jar.read_bytes()
