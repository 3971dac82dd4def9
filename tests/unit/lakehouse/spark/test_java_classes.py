"""Java classes are looked up once, by their full names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from pyspark.sql import SparkSession

from lakehouse.spark.java_classes import find_class, keep_classes_of_pyspark
from tests.unit.lakehouse.spark.java_class_lookups import Classes


def test_a_class_is_looked_up_once_for_all_sessions_of_a_process() -> None:
    classes = Classes()

    for _ in range(3):
        assert find_class(_session(classes), "org.example.Path") == "class org.example.Path"

    assert classes.lookups == {"org.example.Path": 1}


def test_the_classes_of_pyspark_are_attributes_which_it_finds_without_a_lookup() -> None:
    classes = Classes()

    keep_classes_of_pyspark(_session(classes))

    assert set(vars(classes)) - {"lookups"} == set(classes.lookups)
    assert classes.functions == "class functions"
    assert classes.lookups["functions"] == 1


def _session(classes: Classes) -> SparkSession:
    return cast("SparkSession", SimpleNamespace(sparkContext=SimpleNamespace(_jvm=classes)))
