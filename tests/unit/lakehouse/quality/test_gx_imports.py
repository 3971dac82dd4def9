"""Great Expectations prints nothing on import, whichever module is the first to import it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["gx_validation", "gx_metrics"])
def test_nothing_is_printed(module: str) -> None:
    code = f"import lakehouse.quality.{module}"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
