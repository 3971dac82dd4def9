"""Suites: the JSON files in expectations/, validated before any data is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from pyspark.sql.types import DoubleType, StructField, StructType

from foundation.errors import TerminalError
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import LaneName, Table
from lakehouse.quality import gx_adapter as gx
from lakehouse.quality.suite_file import FOLDER, SuiteFile, read_suite_file, suite_error
from lakehouse.quality.suite_model import Rule, Severity, Suite

# Columns that an audit adds to the table's: one value for all rows, or a value computed from event_time.
MEASURED_COLUMNS = (StructField("quarantined_share", DoubleType()), StructField("age_hours", DoubleType()))
_LANES: tuple[LaneName, ...] = get_args(LaneName)
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


def load_suite(table: Table, *, folder: Path = FOLDER) -> Suite:
    """Return the suite of a table: the rules in its file that are for its lane.

    Args:
        table: a table that has a suite.
        folder: the folder of the suites.

    Raises:
        TerminalError: the file is not JSON, or a rule is invalid; the message names file, rule and reason.
    """
    suite = load_file(table, folder=folder)
    rules = tuple(rule for rule in suite.rules if rule.lane in (None, table.lane))
    return Suite(suite.name, rules, suite.fingerprint)


def load_file(table: Table, *, folder: Path = FOLDER) -> Suite:
    """Return all rules in the file of a table's suite, those for one lane included.

    Args: as `load_suite`.

    Raises: as `load_suite`.
    """
    file, rules, errors = _parse(table, folder)
    if errors:
        raise errors[0]
    return Suite(table.suite, tuple(rules), file.fingerprint)


def find_errors(table: Table, *, folder: Path = FOLDER) -> list[TerminalError]:
    """Return every error of a table's suite; `load_suite` raises the first."""
    try:
        return _parse(table, folder)[2]
    except TerminalError as error:
        return [error]


def find_unknown_suites(tables: Iterable[Table], *, folder: Path = FOLDER) -> list[TerminalError]:
    """Return an error for each JSON file in a folder that is not the suite of a table."""
    names = [table.suite for table in tables]
    return [
        suite_error(path, "", f"no table has this suite; there are: {', '.join(names)}")
        for path in sorted(folder.glob("*.json"))
        if path.stem not in names
    ]


def audit_schema(table: Table) -> StructType:
    """Return the columns that rules of an audit may use: the table's own and the measured ones."""
    return StructType([*schemas.schema_of(table), *MEASURED_COLUMNS])


def _parse(table: Table, folder: Path) -> tuple[SuiteFile, list[Rule], list[TerminalError]]:
    file = read_suite_file(table, folder=folder)
    path = file.path
    rules: list[Rule] = []
    errors: list[TerminalError] = []
    for number, entry in enumerate(file.document["expectations"], start=1):
        try:
            rule = _rule(entry, path, number, table)
        except TerminalError as error:
            errors.append(error)
            continue
        if any(rule.id == other.id for other in rules):
            errors.append(suite_error(path, rule.id, "another rule has this id"))
        rules.append(rule)
    return file, rules, errors


def _rule(entry: object, path: Path, number: int, table: Table) -> Rule:
    if not isinstance(entry, dict):
        raise suite_error(path, f"number {number}", "must be an object")
    meta, kwargs, severity = entry.get("meta"), entry.get("kwargs"), entry.get("severity")
    name = meta.get("id") if isinstance(meta, dict) else None
    if not (isinstance(name, str) and name and isinstance(meta, dict) and meta.get("sentence")):
        raise suite_error(path, name or f"number {number}", 'needs "id" and "sentence" in its meta')
    if severity not in _SEVERITIES:
        raise suite_error(path, name, f"severity must be one of {', '.join(_SEVERITIES)}")
    lane = meta.get("lane")
    if lane is not None and lane not in _LANES:
        raise suite_error(path, name, f"lane must be one of {', '.join(_LANES)}, or absent for both")
    if not isinstance(kwargs, dict):
        raise suite_error(path, name, '"kwargs" must be an object')
    try:
        kind = gx.rule_kind(entry)
    except ValueError as error:
        raise suite_error(path, name, str(error)) from None
    columns = _columns(kwargs)
    available = (audit_schema(table) if kind == "table" else schemas.schema_of(table)).fieldNames()
    if missing := [column for column in columns if column not in available]:
        raise suite_error(path, name, f"there is no column {missing[0]}")
    return Rule(
        name,
        cast("Severity", severity),
        str(meta["sentence"]),
        columns,
        kind,
        json.dumps(entry),
        str(path),
        cast("LaneName | None", lane),
    )


def _columns(kwargs: dict[str, Any]) -> tuple[str, ...]:
    listed: Sequence[Any] = kwargs.get("column_list") or kwargs.get("column_set") or ()
    return tuple(str(name) for name in [*(kwargs.get(a) for a in _COLUMN_ARGUMENTS), *listed] if name)
