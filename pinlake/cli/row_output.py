"""Printed rows: in columns, as CSV, or as one JSON object per row."""

from __future__ import annotations

import base64
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from pinlake.cli import console as output

_JSON = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
Rows = Iterable[Sequence[Any]]


def print_table(columns: Sequence[str], rows: Rows) -> None:
    """Print rows in columns (see `pinlake.cli.console`)."""
    table = output.table(*columns)
    for row in rows:
        table.add_row(*("null" if value is None else text(value) for value in row))
    output.console(markup=False).print(table)


def print_csv(columns: Sequence[str], rows: Rows) -> None:
    """Print CSV with a header; null is an empty field."""
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if value is None else text(value) for value in row])


def print_json(columns: Sequence[str], rows: Rows) -> None:
    """Print one JSON object per row."""
    for row in rows:
        print(as_json(dict(zip(columns, row, strict=True))))


def as_json(value: object) -> str:
    """Return JSON as Spark writes it: bytes in base64, times in UTC with milliseconds."""
    return orjson.dumps(value, default=_plain, option=_JSON).decode()


def text(value: object) -> str:
    """Return a value as text for people; times are UTC."""
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value)
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="backslashreplace")
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return f"{moment.isoformat(timespec='milliseconds')}{'Z' if value.tzinfo else ''}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
