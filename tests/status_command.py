"""`pinlake status` in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from foundation.settings import Settings
from tests import commands


def run_status(settings: Settings, folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit code and its JSON output."""
    log = folder / "status.log"
    with commands.start("status", "--json", *options, settings=settings, log=log) as command:
        out, _ = command.communicate(timeout=60)
    report: dict[str, Any] = orjson.loads(out)
    return command.returncode, report
