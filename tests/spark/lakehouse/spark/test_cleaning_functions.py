"""The catalog of cleaning functions: what SQL sees of it. What each function does is tested in `silver`."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from lakehouse.spark.cleaning_functions import CATALOG

FUNCTIONS = {
    "tidy": "",
    "tidy_ascii": "",
    "drop_ellipsis": "",
    "drop_placeholders": ", array('none')",
    "parse_integer": "",
    "parse_count": "",
    "parse_flag": "",
    "join_spelled_out": "",
    "split_tags": ", array('none')",
}


def test_the_catalog_lists_its_functions(spark: SparkSession) -> None:
    listed = spark.sql(f"SHOW USER FUNCTIONS IN {CATALOG}").collect()

    assert [row.function.rpartition(".")[2] for row in listed] == sorted(FUNCTIONS)


@pytest.mark.parametrize("interpreted", [True, False])
@pytest.mark.parametrize(("name", "further"), FUNCTIONS.items())
def test_null_stays_null(
    spark: SparkSession, request: pytest.FixtureRequest, name: str, further: str, interpreted: bool
) -> None:
    if not interpreted:
        request.getfixturevalue("compiled")

    # A condition that Spark cannot compute in advance.
    (row,) = spark.sql(
        f"SELECT {CATALOG}.{name}(if(id = 0, null, 'text'){further}) AS result FROM range(1)"
    ).collect()

    assert row.result is None


def test_a_function_that_does_not_exist_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException, match="nothing"):
        spark.sql(f"SELECT {CATALOG}.nothing('text')")


def test_arguments_of_another_type_are_an_error(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException):
        spark.sql(f"SELECT {CATALOG}.drop_placeholders('text', 'text')")
