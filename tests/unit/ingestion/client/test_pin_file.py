"""Files of pins: a bad file is an error before anything is posted."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.errors import UsageError
from ingestion.client.pin_file import read_pin_file


def test_blank_lines_are_left_out_and_pins_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "pins.jsonl"
    file.write_bytes(b'{"a": 1}\n\n  \r\n{"b":2}')
    assert read_pin_file(file) == [b'{"a": 1}', b'{"b":2}']


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no pin"), (b'{"a":1}\n[1]', "pins.jsonl:2"), (b"{}\n{\n", "pins.jsonl:2"), (b"\xff", "not JSON")],
)
def test_the_error_of_a_bad_file_names_the_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "pins.jsonl"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_pin_file(file)


def test_the_error_of_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.jsonl"):
        read_pin_file(tmp_path / "absent.jsonl")
