"""The project's jar of the log store, which must equal its compiled source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lakehouse.spark import log_store

ROOT = Path(__file__).parents[3]


def test_the_log_store_built_from_source_is_the_one_in_the_project(tmp_path: Path) -> None:
    built = tmp_path / "built.jar"

    subprocess.run([sys.executable, ROOT / "scripts/build_log_store.py", "--to", built], check=True)

    assert built.read_bytes() == log_store.JAR.read_bytes()
