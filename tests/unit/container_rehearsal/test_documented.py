"""The shell commands of a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from container_rehearsal import documented
from foundation.errors import TerminalError

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"
TEXT = """# Title
### Start
Words.
```sh
one
two
```
```sh
three
```
### Stop
No commands.
### Restart
```sh
four
```
"""


@pytest.mark.parametrize(("heading", "block"), [("Start", "one\ntwo\n"), ("Restart", "four\n")])
def test_the_first_block_below_a_heading_is_taken(tmp_path: Path, heading: str, block: str) -> None:
    document = tmp_path / "document.md"
    document.write_text(TEXT)

    assert documented.commands(document, heading=heading) == block


@pytest.mark.parametrize("heading", ["Stop", "Upgrade"])
def test_a_heading_without_commands_is_named(tmp_path: Path, heading: str) -> None:
    document = tmp_path / "document.md"
    document.write_text(TEXT)

    with pytest.raises(TerminalError, match=heading):
        documented.commands(document, heading=heading)


@pytest.mark.parametrize("heading", ["Start", "Use", "Stop", "Upgrade", "Back up", "Restore"])
def test_the_operations_document_has_what_is_rehearsed(heading: str) -> None:
    assert "docker compose" in documented.commands(OPERATIONS, heading=heading)
