"""Parsing of bronze values in Polars: the fields of a pin as text, or the reason why a value is not a pin."""

from __future__ import annotations

import polars as pl

from benchmarks.handwritten import event_ids
from benchmarks.handwritten.json_text import read_object
from foundation.event import PIN_FIELDS

_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_TEXTS = pl.Schema(dict.fromkeys(PIN_FIELDS, pl.String))
# One object of texts, short integers, true, false and null, in one line. Lists, other numbers, surrogates and
# text that is not JSON are left to Python: there Polars' parser fails or differs from Spark's.
_STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))*"'
_VALUE = rf"(?:{_STRING}|-?[1-9][0-9]{{0,17}}|0|true|false|null)"
_MEMBER = rf" *{_STRING} *: *{_VALUE} *"
_PLAIN_OBJECT = rf"^ *\{{{_MEMBER}(?:,{_MEMBER})*\}} *$"


def parse(bronze: pl.DataFrame) -> pl.DataFrame:
    """Add the pin's fields as text, and `reason`, which is null if the pin could be parsed.

    Args:
        bronze: bronze rows; all their columns are kept.
    """
    text = _decode(bronze["value"])
    is_plain = text.str.contains(_PLAIN_OBJECT).fill_null(False)
    pins = _read_plain(text.filter(is_plain)) if is_plain.all() else _read_all(text, is_plain)
    rows = pl.concat([bronze, pins], how="horizontal")
    unique_id = pl.col("unique_id").str.strip_chars(" ").str.to_lowercase()
    return (
        rows.with_columns(unique_id, pl.Series("_is_text", text.is_not_null()))
        .with_columns(_reason().alias("reason"))
        .drop("_is_text", "_is_object")
    )


def _decode(values: pl.Series) -> pl.Series:
    """Return values as text, null where they are not UTF-8: Polars decodes all of them or none."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series([None if value is None else _decode_one(value) for value in values], dtype=pl.String)


def _decode_one(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _read_plain(texts: pl.Series) -> pl.DataFrame:
    """Read plain objects all at once, as lines of JSON."""
    lines = texts.str.join("\n").item().encode()
    pins = pl.read_ndjson(lines, schema=_TEXTS) if lines else pl.DataFrame(schema=_TEXTS)
    return pins.with_columns(pl.lit(True).alias("_is_object"))


def _read_all(texts: pl.Series, is_plain: pl.Series) -> pl.DataFrame:
    """Read plain objects all at once and the others one by one; return all in the order of the texts."""
    plain, others = is_plain.arg_true(), (~is_plain).arg_true()
    read = [None if text is None else read_object(text, PIN_FIELDS) for text in texts.gather(others)]
    rows = [[None] * len(PIN_FIELDS) if fields is None else fields for fields in read]
    pins = pl.DataFrame(rows, schema=_TEXTS, orient="row").with_columns(
        pl.Series("_is_object", [fields is not None for fields in read])
    )
    order = pl.concat([plain, others]).arg_sort()
    return pl.concat([_read_plain(texts.gather(plain)), pins])[order]


def _reason() -> pl.Expr:
    unique_id = pl.col("unique_id")
    event_time = event_ids.extract_time(pl.col("event_id"))
    is_ahead = event_time > pl.col("kafka_timestamp") + pl.duration(minutes=2)
    return (
        pl.when(pl.col("topic").is_null())
        .then(pl.lit("landing.not_an_envelope"))
        .when(pl.col("value").is_null())
        .then(pl.lit("value.missing"))
        .when(~pl.col("_is_text"))
        .then(pl.lit("value.not_utf8"))
        .when(~pl.col("_is_object"))
        .then(pl.lit("value.not_one_json_object"))
        .when(unique_id.is_null() | (unique_id == ""))
        .then(pl.lit("unique_id.missing"))
        .when(~unique_id.str.contains(_UUID))
        .then(pl.lit("unique_id.not_a_uuid"))
        .when(is_ahead)
        .then(pl.lit("event_id.from_the_future"))
    )
