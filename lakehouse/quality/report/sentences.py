"""What each rule says, from the suites."""

from __future__ import annotations

from pathlib import Path

import orjson


def read(folder: Path) -> dict[str, str]:
    """Return the sentence of every rule by its id, from the suites in a folder.

    Raises:
        orjson.JSONDecodeError: a suite is not JSON.
    """
    suites = (orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json")))
    rules = (rule.get("meta", {}) for suite in suites for rule in suite["expectations"])
    return {meta["id"]: meta["sentence"] for meta in rules if "id" in meta and "sentence" in meta}
