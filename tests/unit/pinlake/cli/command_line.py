"""A run of `pinlake` in the process of the test, as its user would see it."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from pinlake.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[Any]:
        """The JSON documents on standard output, one per line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def words(self) -> str:
        """Standard output with single blanks, because the widths of columns do not matter."""
        return " ".join(self.out.split())


def run(*arguments: str, answer: str = "") -> Outcome:
    """Run a command line to its end.

    Args:
        arguments: what follows `pinlake`.
        answer: the user's answer to a question.
    """
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(out), redirect_stderr(err):
        monkeypatch.setattr(sys, "argv", ["pinlake", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        try:
            main.main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Outcome(code, out.getvalue(), err.getvalue())
