"""One query is parsed, with the tables that it names; anything else is an error of one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import UsageError
from lakehouse.catalog.tables import BATCH, STREAM
from lakehouse.query import statement

SILVER, GOLD = BATCH.silver.full_name, STREAM.features.full_name


def _tables(text: str) -> list[str]:
    return [
        reference.table.full_name for reference in statement.table_references(statement.parse_query(text))
    ]


def test_tables_are_found_wherever_a_query_names_them() -> None:
    text = f"""
        WITH few AS (SELECT * FROM {SILVER} VERSION AS OF 3), FEWER AS (SELECT * FROM few)
        SELECT * FROM fewer f JOIN {GOLD.upper()} g USING (unique_id)
        WHERE EXISTS (SELECT 1 FROM {GOLD} TIMESTAMP AS OF '2026-01-31' WHERE unique_id = f.unique_id)
        UNION ALL SELECT * FROM few, {SILVER}
    """

    assert sorted(_tables(text)) == [GOLD, GOLD, SILVER, SILVER]
    assert _tables("SELECT 1") == []


def test_the_newest_rows_of_a_history_are_named_like_a_table() -> None:
    query = statement.parse_query(
        f"SELECT * FROM {GOLD}_latest VERSION AS OF 3 JOIN {GOLD} USING (unique_id)"
    )

    references = {(each.table.full_name, each.is_latest) for each in statement.table_references(query)}

    assert references == {(GOLD, True), (GOLD, False)}


@pytest.mark.parametrize(
    "text",
    [
        f"DELETE FROM {SILVER}",
        f"INSERT INTO {SILVER} SELECT * FROM {SILVER}",
        f"MERGE INTO {SILVER} USING {GOLD} ON true WHEN MATCHED THEN DELETE",
        f"UPDATE {SILVER} SET title = ''",
        f"DROP TABLE {SILVER}",
        f"CREATE TABLE t AS SELECT * FROM {SILVER}",
        f"ALTER TABLE {SILVER} ADD COLUMN x int",
        f"RESTORE TABLE {SILVER} TO VERSION AS OF 1",
        f"OPTIMIZE {SILVER}",
        f"VACUUM {SILVER}",
        "SET x = 1",
        "",
        ";",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT 'no end",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "SELECT * FROM parquet.`/tmp`",
        "SELECT * FROM pins_batch",
        f"SELECT * FROM {SILVER}_latest",
    ],
)
def test_anything_but_a_query_over_the_tables_is_an_error_of_one_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        _tables(text)

    assert len(str(raised.value).splitlines()) == 1


@given(st.text(alphabet=st.sampled_from("SELECT FROM silver.pins_batch(*)'\"`;,=1-- \n")))
def test_any_text_is_parsed_or_is_an_error_of_one_line(text: str) -> None:
    try:
        _tables(text)
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
