"""A build hook that writes the git revision into a wheel, because an installed package has no repository."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REVISION_FILE = "pinlake/REVISION"


class RevisionHook(BuildHookInterface):
    """Writes the revision into the package; an editable install reads it from its checkout instead."""

    _temporary_file: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file, unless a source distribution already has it or there is no repository."""
        root = Path(self.root)
        if version == "editable" or (root / REVISION_FILE).exists() or not (root / ".git").exists():
            return
        completed = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True)
        if completed.returncode == 0:
            with tempfile.NamedTemporaryFile("w", delete=False) as file:
                file.write(completed.stdout)
            build_data["force_include"][file.name] = REVISION_FILE
            self._temporary_file = Path(file.name)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary file of the build."""
        if self._temporary_file:
            self._temporary_file.unlink()
