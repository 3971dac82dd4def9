"""Rules of a test, and quality suites that replace those in expectations/ during a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse.quality import gx_adapter as gx
from lakehouse.quality import suites
from lakehouse.quality.suite_file import FOLDER
from lakehouse.quality.suite_model import Rule

PLAUSIBLE = "follower_count.plausible"


def make_rule(name: str, kind: str, **kwargs: Any) -> Rule:  # noqa: ANN401 - an expectation's own arguments
    """Return a rule from the type of an expectation without "expect_", and its arguments."""
    entry = {
        "type": f"expect_{kind}",
        "kwargs": kwargs,
        "severity": "warning",
        "meta": {"id": name, "sentence": "-"},
    }
    return Rule(name, "warning", "-", (), gx.rule_kind(entry), json.dumps(entry))


def allow_followers(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, between: tuple[int, int], layer: str = ""
) -> None:
    """Make the gates of silver and gold, or of one of them, accept only follower counts in a range.

    Args:
        monkeypatch: of the test.
        folder: the folder for the changed suites.
        between: the minimum and the maximum.
        layer: silver or gold; empty for both.
    """
    folder.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        document = json.loads(path.read_text())
        for entry in document["expectations"]:
            if entry["meta"]["id"].startswith(layer) and entry["meta"]["id"].endswith(PLAUSIBLE):
                entry["kwargs"] |= dict(zip(("min_value", "max_value"), between, strict=True))
        (folder / path.name).write_text(json.dumps(document))
    monkeypatch.setattr(suites.load_suite, "__kwdefaults__", {"folder": folder})
