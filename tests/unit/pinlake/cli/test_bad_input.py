"""Bad usage: one line on standard error and exit code 2, before any server is asked."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pinlake.cli import main


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
def test_it_says_what_is_valid_instead(
    call: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pinlake", *call])

    with pytest.raises(SystemExit) as ended:
        main.main()

    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_its_process_ends_with_the_same_code(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("pinlake")), "why", "pin-7"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Leave the logging of other tests as it was: a command configures it for its process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
