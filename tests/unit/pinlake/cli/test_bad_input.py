"""Bad usage: one line on standard error and exit code 2, before any server is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["history", "gold.pins"], "There are: bronze.pins_batch"),
        (["diff", "silver.pins_batch", "--from", "[/yesterday]"], "Give a version such as 12, or a time"),
        (["diff", "pins_batch", "--from", "1"], "There are: bronze.pins_batch"),
        (["restore", "silver.pins_batch", "--to", "-3"], "Give a version such as 12, or a time"),
        (["restore", "silver.pins_batch", "--to", "3", "--json"], "Give --yes too"),
        (["erase", "--unique-id", "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10", "--json"], "Give --yes too"),
        (["rebuild", "--from", "2026-01-31", "--to", "2026-01-30"], "Give the earlier day as --from"),
        (["rebuild", "--from", "2026-01-30", "--to", "2026-01-30", "--lane", "stream"], "--lane batch"),
        (["why", "pin-7"], "Give the pin's unique_id"),
        (["quarantine", "show", "xyz"], "an id has hexadecimal digits"),
        (["quarantine", "fix", "--id", "XYZ", "--set", "title = 'a'"], "an id has hexadecimal digits"),
        (["quarantine", "fix", "--id", "1f0c", "--set", "title"], 'Write "field = SQL"'),
        (["quarantine", "fix", "--id", "1f0c"], "Give --json-file or --set"),
        (["quarantine", "replay"], "Give either --id or --where"),
        (
            ["quarantine", "drop", "--id", "1f", "--where", "true", "--note", "-"],
            "Give either --id or --where",
        ),
        (["sql", "DELETE FROM silver.pins_batch"], "Give one SELECT or WITH"),
        (["sql", "SELECT * FROM pins"], "There are: bronze.pins_batch"),
        (["sql", "SELECT (1"], "not SQL"),
    ],
    ids=lambda call: " ".join(call) if isinstance(call, list) else "",
)
def test_it_says_what_is_valid_instead(call: list[str], said: str, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("pinlake")), *call]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
