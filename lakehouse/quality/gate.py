"""The gate: a suite's row rules, applied to incoming rows. Pure functions from DataFrame to DataFrame.

Only `count_violations` runs a job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.errors import TerminalError
from lakehouse.catalog import schemas
from lakehouse.catalog.schemas import FAILED_RULES
from lakehouse.catalog.tables import Table
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality import gx_adapter as gx
from lakehouse.quality.gx_adapter import Predicate
from lakehouse.quality.suite_model import Rule, Suite
from lakehouse.quality.suites import audit_schema, load_suite


@dataclass(frozen=True)
class Gate:
    """A table's row rules, compiled.

    Attributes:
        table: the table that the rows are for.
        suite: the table's suite.
        predicates: one per row rule of the suite, by rule id.
    """

    table: Table
    suite: Suite
    predicates: Mapping[str, Predicate]


@dataclass(frozen=True)
class RuleCount:
    """How many rows a rule was evaluated on, and how many of them broke it."""

    rule: Rule
    evaluated: int
    unexpected: int


@dataclass(frozen=True)
class GateResult:
    """Checked rows and their counts.

    Attributes:
        rows: the rows as `check_rows` returned them.
        gate: the gate that checked them.
        counts: rows read, written (valid) and quarantined (invalid).
        rules: one count per rule, parsing rules first.
        parsing: the parsing rules, if the rows come from parsing.
    """

    rows: DataFrame
    gate: Gate
    counts: StepMetrics
    rules: tuple[RuleCount, ...]
    parsing: Sequence[Rule] = ()

    def invalid_rows(self) -> DataFrame:
        """Return the rows that broke a critical rule, with explanations."""
        return invalid_rows(self.rows, self.gate, parsing=self.parsing)


def open_gate(spark: SparkSession, table: Table) -> Gate:
    """Load a table's suite and compile its row rules. Runs no job.

    Raises:
        TerminalError: the suite is invalid.
    """
    suite = load_suite(table)
    gx.check_supported(spark, suite.table_rules, audit_schema(table))
    return Gate(table, suite, gx.compile_predicates(spark, suite.row_rules, schemas.schema_of(table)))


def find_compile_errors(spark: SparkSession, table: Table, suite: Suite) -> list[TerminalError]:
    """Return an error for each rule of a suite that Spark cannot evaluate. Runs no job."""
    errors = []
    for rule in suite.rules:
        try:
            if rule.kind == "row":
                gx.compile_predicates(spark, [rule], schemas.schema_of(table))
            else:
                gx.check_supported(spark, [rule], audit_schema(table))
        except TerminalError as error:
            errors.append(error)
    return errors


def check_rows(rows: DataFrame, gate: Gate) -> DataFrame:
    """Name the rules that each row breaks.

    Args:
        rows: the table's columns and `reasons`. A row whose `reasons` is not empty was refused by parsing; no
            rule is evaluated on it.
        gate: the gate of the table.

    Returns:
        The same columns; `reasons` (array<string>) names the critical rules that the row breaks, `broken`
        (array<string>) all rules that it breaks.
    """
    ids = (
        F.when(gate.predicates[rule.id].violated, F.lit(rule.id)).otherwise(F.lit(""))
        for rule in gate.suite.row_rules
    )
    # array_compact would be a lambda, which Spark interprets row by row.
    failed_rules = F.array_remove(F.array(F.lit(""), *ids), "")
    critical_rules = _ids([rule for rule in gate.suite.row_rules if rule.severity == "critical"])
    unparsed = F.size("reasons") > 0
    return rows.withColumn("broken", F.when(unparsed, F.col("reasons")).otherwise(failed_rules)).withColumn(
        "reasons",
        F.when(unparsed | (F.size("broken") == 0), F.col("reasons")).otherwise(
            F.array_intersect("broken", critical_rules.cast("array<string>"))
        ),
    )


def valid_rows(checked: DataFrame) -> DataFrame:
    """Return the checked rows that break no critical rule."""
    return checked.where(F.size("reasons") == 0)


def invalid_rows(checked: DataFrame, gate: Gate, *, parsing: Sequence[Rule] = ()) -> DataFrame:
    """Return the checked rows that break a critical rule, with explanations.

    Args:
        checked: rows that `check_rows` returned.
        gate: the gate that checked them.
        parsing: the parsing rules, if the rows come from parsing.

    Returns:
        The same columns; `broken` has the type lakehouse.catalog.schemas.FAILED_RULES, and `suite` is added.
    """
    entries = [_explanation(rule) for rule in (*parsing, *gate.suite.row_rules)]
    # Spark interprets this lambda row by row, but only for the few invalid rows.
    explanations = F.filter(F.array(*entries), lambda entry: entry.isNotNull())
    by_suite = F.arrays_overlap("reasons", _ids(gate.suite.row_rules))
    return (
        checked.where(F.size("reasons") > 0)
        .withColumn("suite", F.when(by_suite, F.lit(gate.suite.fingerprint)))
        .withColumn("broken", explanations.cast(FAILED_RULES))
    )


def count_violations(checked: DataFrame, gate: Gate, *, parsing: Sequence[Rule] = ()) -> GateResult:
    """Count all rows, the invalid rows, and for each rule the rows evaluated and those that broke it.

    Costs one job, which returns a single row to the driver.

    Args: as `invalid_rows`.
    """
    rules = (*parsing, *gate.suite.row_rules)
    unparsed = F.size(F.array_intersect("reasons", _ids(parsing))) > 0 if parsing else F.lit(False)
    counts = [F.count("*"), F.count_if(F.size("reasons") > 0), F.count_if(unparsed)]
    counts += [F.count_if(F.array_contains("broken", rule.id)) for rule in rules]
    conditional = [rule for rule in gate.suite.row_rules if gate.predicates[rule.id].applies is not None]
    counts += [F.count_if(~unparsed & _applies(gate, rule)) for rule in conditional]
    row = checked.agg(*(count.alias(str(number)) for number, count in enumerate(counts))).first()
    assert row is not None  # an aggregate without groups has one row
    total, invalid, not_parsed, *per_rule = row
    evaluated = {rule.id: count for rule, count in zip(conditional, per_rule[len(rules) :], strict=True)}
    evaluated |= {rule.id: total for rule in parsing}
    rule_counts = (
        RuleCount(rule, evaluated.get(rule.id, total - not_parsed), unexpected)
        for rule, unexpected in zip(rules, per_rule[: len(rules)], strict=True)
    )
    metrics = StepMetrics(read=total, written=total - invalid, quarantined=invalid)
    return GateResult(checked, gate, metrics, tuple(rule_counts), parsing)


def _applies(gate: Gate, rule: Rule) -> Column:
    applies = gate.predicates[rule.id].applies
    return F.lit(True) if applies is None else applies


def _ids(rules: Sequence[Rule]) -> Column:
    return F.array(*(F.lit(rule.id) for rule in rules))


def _explanation(rule: Rule) -> Column:
    """The entry in `broken` for a rule that the row breaks; null if it does not."""
    values = [F.coalesce(F.col(name).cast("string"), F.lit("null")) for name in rule.columns]
    observed = F.left(F.concat_ws(", ", *values), F.lit(200)) if values else F.lit(None).cast("string")
    entry = F.struct(
        F.lit(rule.id).alias("rule"),
        F.lit(rule.severity).alias("severity"),
        F.lit(rule.sentence).alias("sentence"),
        observed.alias("observed"),
    )
    return F.when(F.array_contains("broken", rule.id), entry)
