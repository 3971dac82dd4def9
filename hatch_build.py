"""Puts the git revision into a wheel, where no repository is at hand to ask."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACE = "pinlake/REVISION"


class RevisionHook(BuildHookInterface):
    """Writes the revision beside pinlake's modules; an editable install reads its checkout instead."""

    _written: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file, unless there is one from a source distribution or nothing is known."""
        root = Path(self.root)
        if version == "editable" or (root / PLACE).exists() or not (root / ".git").exists():
            return
        asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True)
        if asked.returncode == 0:
            with tempfile.NamedTemporaryFile("w", delete=False) as file:
                file.write(asked.stdout)
            build_data["force_include"][file.name] = PLACE
            self._written = Path(file.name)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what it has written for the build."""
        if self._written:
            self._written.unlink()
