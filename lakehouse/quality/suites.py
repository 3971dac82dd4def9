"""Suites read from expectations/ and checked before any data is touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from pyspark.sql.types import DoubleType, StructField, StructType

from foundation.errors import TerminalError
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import Table
from lakehouse.quality import gx_adapter as gx
from lakehouse.quality.rules import Rule, Severity, Suite

FOLDER = Path(__file__).parents[2] / "expectations"

# What an audit measures beside a table's columns; the same value in every row, or one made from event_time.
MEASURED = (StructField("quarantined_share", DoubleType()), StructField("age_hours", DoubleType()))
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


def load(table: Table, *, folder: Path = FOLDER) -> Suite:
    """Read the suite of a table.

    Args:
        table: a table that has a suite.
        folder: where the files are.

    Raises:
        TerminalError: it is not JSON, or a rule is not usable; the message names file, rule and reason.
    """
    document, rules, faults = _parse(table, folder)
    if faults:
        raise faults[0]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Suite(table.suite, tuple(rules), hashlib.sha256(canonical.encode()).hexdigest())


def faults(table: Table, *, folder: Path = FOLDER) -> list[TerminalError]:
    """Return all that `load` would raise, one after another."""
    try:
        return _parse(table, folder)[2]
    except TerminalError as error:
        return [error]


def strays(tables: Iterable[Table], *, folder: Path = FOLDER) -> list[TerminalError]:
    """Return an error for each JSON file of a folder that is no table's suite."""
    known = [table.suite for table in tables]
    return [
        _fault(path, "", f"no table has this suite; there are: {', '.join(known)}")
        for path in sorted(folder.glob("*.json"))
        if path.stem not in known
    ]


def audited(table: Table) -> StructType:
    """Return the columns that an audit of a table judges: its own, and what is measured."""
    return StructType([*schemas.schema_of(table), *MEASURED])


def _parse(table: Table, folder: Path) -> tuple[dict[str, Any], list[Rule], list[TerminalError]]:
    path = folder / f"{table.suite}.json"
    document = _read(path)
    rules: list[Rule] = []
    faults: list[TerminalError] = []
    for number, entry in enumerate(document["expectations"], start=1):
        try:
            rule = _rule(entry, path, number, table)
        except TerminalError as error:
            faults.append(error)
            continue
        if any(rule.id == other.id for other in rules):
            faults.append(_fault(path, rule.id, "another rule has this id"))
        rules.append(rule)
    return document, rules, faults


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _fault(path, "", f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _fault(path, "", f"is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        raise _fault(path, "", 'must be an object with a list "expectations"')
    return document


def _rule(entry: object, path: Path, number: int, table: Table) -> Rule:
    if not isinstance(entry, dict):
        raise _fault(path, f"number {number}", "must be an object")
    meta, kwargs, severity = entry.get("meta"), entry.get("kwargs"), entry.get("severity")
    name = meta.get("id") if isinstance(meta, dict) else None
    if not (isinstance(name, str) and name and isinstance(meta, dict) and meta.get("sentence")):
        raise _fault(path, name or f"number {number}", 'needs "id" and "sentence" in its meta')
    if severity not in _SEVERITIES:
        raise _fault(path, name, f"severity must be one of {', '.join(_SEVERITIES)}")
    if not isinstance(kwargs, dict):
        raise _fault(path, name, '"kwargs" must be an object')
    try:
        kind = gx.kind_of(entry)
    except ValueError as error:
        raise _fault(path, name, str(error)) from None
    used = _columns(kwargs)
    known = (audited(table) if kind == "table" else schemas.schema_of(table)).fieldNames()
    if missing := [column for column in used if column not in known]:
        raise _fault(path, name, f"there is no column {missing[0]}")
    return Rule(
        name, cast("Severity", severity), str(meta["sentence"]), used, kind, json.dumps(entry), str(path)
    )


def _columns(kwargs: dict[str, Any]) -> tuple[str, ...]:
    listed: Sequence[Any] = kwargs.get("column_list") or kwargs.get("column_set") or ()
    return tuple(str(name) for name in [*(kwargs.get(a) for a in _COLUMN_ARGUMENTS), *listed] if name)


def _fault(path: Path, rule: str, reason: str) -> TerminalError:
    where = f"{path}, rule {rule}" if rule else str(path)
    return TerminalError(reason, where=where, hint="Correct it, then run `pinlake quality check-suites`.")
