"""Suites of a test's own, in the place of those in expectations/."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse.quality import suites

PLAUSIBLE = "follower_count.plausible"


def allow_followers(monkeypatch: pytest.MonkeyPatch, folder: Path, *, between: tuple[int, int]) -> None:
    """Let silver's and gold's gates pass these counts of followers alone, from now on.

    Args:
        monkeypatch: of the test.
        folder: where the suites are written.
        between: the fewest and the most.
    """
    folder.mkdir(exist_ok=True)
    for path in suites.FOLDER.glob("*.json"):
        document = json.loads(path.read_text())
        for entry in document["expectations"]:
            if entry["meta"]["id"].endswith(PLAUSIBLE):
                entry["kwargs"] |= dict(zip(("min_value", "max_value"), between, strict=True))
        (folder / path.name).write_text(json.dumps(document))
    monkeypatch.setattr(suites.load_suite, "__kwdefaults__", {"folder": folder})
