"""The position of the serving query: the offsets that it reads next, as the table `loads` knows them.

A load and its position are written in the transaction of the upsert, so a crash cannot separate them. The
numbers of the loads continue whatever happens to Spark's checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from foundation.errors import PinlakeError
from foundation.offsets import Positions
from foundation.postgres import connect
from foundation.settings import PostgresSettings

# The identity of a load is this name and a number.
QUERY = "serving"
RunStatement = Callable[..., list[tuple[Any, ...]]]

_NEWEST = "SELECT batch, position FROM loads WHERE query = %s ORDER BY batch DESC LIMIT 1"
# Loads of older versions, whose one query wrote Postgres and the tables, under the step bronze at first.
_RECEIPTS = """
SELECT part ->> 'topic', part ->> 'partition', max((part ->> 'last')::bigint) + 1
FROM loads, jsonb_array_elements(
    CASE jsonb_typeof(receipt -> 'offsets') WHEN 'array' THEN receipt -> 'offsets' ELSE '[]' END
) AS part
WHERE receipt ->> 'step' IN ('serving', 'bronze')
GROUP BY 1, 2
"""
# The queries of commands are named after their run: replay/..., erase/...
_NEWEST_OF_OTHERS = """
SELECT query, batch FROM loads WHERE query <> %s AND query NOT LIKE '%%/%%' ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True)
class ServingPosition:
    """How far Postgres is.

    Attributes:
        offsets: the offset to be read next, by topic and partition. A partition that is missing has never
            been served.
        next_load: the number of the next load.
    """

    offsets: Positions = field(default_factory=dict)
    next_load: int = 0


def read_position(run: RunStatement) -> ServingPosition:
    """Return the position that `loads` holds.

    The newest load of the serving query wins. Before its first one the loads of an older version count: each
    of them was committed as a whole, in the order of the offsets in its receipt.

    Args:
        run: runs a statement with its values and returns its rows.
    """
    newest = run(_NEWEST, QUERY)
    if newest:
        ((number, following),) = newest
        return ServingPosition(following, number + 1)
    offsets: dict[str, dict[str, int]] = {}
    for topic, partition, offset in run(_RECEIPTS):
        offsets.setdefault(topic, {})[partition] = offset
    return ServingPosition(offsets)


def read_newest_of_others(run: RunStatement) -> tuple[str, int] | None:
    """Return query and number of the newest load that an older version made; None if there is none."""
    rows = run(_NEWEST_OF_OTHERS, QUERY)
    return (str(rows[0][0]), int(rows[0][1])) if rows else None


def read_offsets(settings: PostgresSettings) -> Positions | None:
    """Return the offsets that are served next, without Spark; None if that cannot be known now.

    Asks once. The server may be away, and its tables may not be there yet.
    """
    try:
        with closing(connect(settings)) as session, session.cursor() as cursor:

            def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
                cursor.execute(statement, values)
                return cursor.fetchall()

            return read_position(run).offsets
    except (psycopg2.Error, PinlakeError):
        return None
