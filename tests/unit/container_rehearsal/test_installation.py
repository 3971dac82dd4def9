"""Docker's sizes, and a documented command that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from container_rehearsal.installation import Installation, parse_size
from foundation.errors import TerminalError


@pytest.mark.parametrize(
    ("text", "megabytes"), [("1.5GB", 1500), ("512MiB ", 537), ("2GiB", 2147), ("900kB", 1), ("0B", 0)]
)
def test_a_size_is_read_in_megabytes(text: str, megabytes: int) -> None:
    assert parse_size(text) == megabytes


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(TerminalError, match="3 ells"):
        parse_size("3 ells")


def test_the_first_command_that_fails_ends_the_script_and_is_shown(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"exit code 3(.|\n)*reason"):
        Installation(tmp_path).run("(echo reason >&2; exit 3)\ntouch after")

    assert not (tmp_path / "after").exists()
