"""The file of a suite in expectations/, read without Great Expectations and without Spark."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.errors import TerminalError
from lakehouse.catalog.tables import Table

FOLDER = Path(__file__).parents[2] / "expectations"


@dataclass(frozen=True)
class SuiteFile:
    """The content of one file; whether its rules are valid is checked by `lakehouse.quality.suites`.

    Attributes:
        path: the file.
        document: its JSON object.
    """

    path: Path
    document: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal: it depends on the rules and not on the layout."""
        canonical = json.dumps(self.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def read_suite_file(table: Table, *, folder: Path = FOLDER) -> SuiteFile:
    """Read the suite of a table.

    Args:
        table: a table that has a suite.
        folder: the folder of the suites.

    Raises:
        TerminalError: the file cannot be read, or it is not a JSON object with a list of expectations.
    """
    path = folder / f"{table.suite}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise suite_error(path, "", f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise suite_error(path, "", f"is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        raise suite_error(path, "", 'must be an object with a list "expectations"')
    return SuiteFile(path, document)


def suite_error(path: Path, rule: str, reason: str) -> TerminalError:
    """Return the error for a file, or for one of its rules; the rule is empty for the file as a whole."""
    where = f"{path}, rule {rule}" if rule else str(path)
    return TerminalError(reason, where=where, hint="Fix the file, then run `pinlake quality check-suites`.")
