"""The gate: a suite's row rules on rows that come in. Pure: DataFrame to DataFrame, no job of its own."""

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
from lakehouse.quality.rules import Rule, Suite
from lakehouse.quality.suites import audited, load


@dataclass(frozen=True)
class Gate:
    """A table's row rules, ready to be applied.

    Attributes:
        table: the table it stands before.
        suite: the table's suite.
        predicates: by rule id, for the suite's row rules.
    """

    table: Table
    suite: Suite
    predicates: Mapping[str, Predicate]


@dataclass(frozen=True)
class RuleCount:
    """How many rows a rule judged, and how many broke it."""

    rule: Rule
    evaluated: int
    unexpected: int


@dataclass(frozen=True)
class Tally:
    """What one pass over judged rows counted."""

    counts: StepMetrics
    rules: tuple[RuleCount, ...]


@dataclass(frozen=True)
class Judged:
    """Rows that a gate has judged, and what it has counted.

    Attributes:
        rows: as `judge` returned them.
        gate: the gate.
        tally: of the rows.
        parsing: the rules of parsing, where the rows come from there.
    """

    rows: DataFrame
    gate: Gate
    tally: Tally
    parsing: Sequence[Rule] = ()

    @property
    def counts(self) -> StepMetrics:
        """Rows read, passed and refused."""
        return self.tally.counts

    def refused(self) -> DataFrame:
        """Return the rows that do not pass, explained."""
        return refused(self.rows, self.gate, parsing=self.parsing)


def open_gate(spark: SparkSession, table: Table) -> Gate:
    """Load a table's suite and compile it. Runs no job.

    Raises:
        TerminalError: the suite is not usable.
    """
    suite = load(table)
    gx.check(spark, suite.table_rules, audited(table))
    return Gate(table, suite, gx.predicates(spark, suite.row_rules, schemas.schema_of(table)))


def faults(spark: SparkSession, table: Table, suite: Suite) -> list[TerminalError]:
    """Return all that stands against compiling a suite. Runs no job."""
    found = []
    for rule in suite.rules:
        try:
            if rule.kind == "row":
                gx.predicates(spark, [rule], schemas.schema_of(table))
            else:
                gx.check(spark, [rule], audited(table))
        except TerminalError as error:
            found.append(error)
    return found


def judge(rows: DataFrame, gate: Gate) -> DataFrame:
    """Name the rules that each row breaks.

    Args:
        rows: the table's columns and `reasons`, which is not empty for a row that parsing has refused: such
            a row is not judged.
        gate: of the table.

    Returns:
        The same columns, with `reasons` (array<string>) naming the critical rules and `broken`
        (array<string>) all of them.
    """
    named = (
        F.when(gate.predicates[rule.id].broken, F.lit(rule.id)).otherwise(F.lit(""))
        for rule in gate.suite.row_rules
    )
    # array_compact would be a lambda, which Spark interprets row by row.
    broken = F.array_remove(F.array(F.lit(""), *named), "")
    critical = F.array(*(F.lit(rule.id) for rule in gate.suite.row_rules if rule.severity == "critical"))
    unread = F.size("reasons") > 0
    return rows.withColumn("broken", F.when(unread, F.col("reasons")).otherwise(broken)).withColumn(
        "reasons",
        F.when(unread | (F.size("broken") == 0), F.col("reasons")).otherwise(
            F.array_intersect("broken", critical.cast("array<string>"))
        ),
    )


def passed(judged: DataFrame) -> DataFrame:
    """Keep the rows without a reason against them."""
    return judged.where(F.size("reasons") == 0)


def refused(judged: DataFrame, gate: Gate, *, parsing: Sequence[Rule] = ()) -> DataFrame:
    """Keep the others, `broken` explained as in lakehouse.catalog.schemas.FAILED_RULES, and add `suite`.

    Args:
        judged: what `judge` returned.
        gate: the gate that judged.
        parsing: the rules of parsing.
    """
    told = [_told(rule) for rule in (*parsing, *gate.suite.row_rules)]
    # A lambda, but of the few rows that are refused.
    explained = F.filter(F.array(*told), lambda entry: entry.isNotNull())
    by_suite = F.arrays_overlap("reasons", F.array(*(F.lit(rule.id) for rule in gate.suite.row_rules)))
    return (
        judged.where(F.size("reasons") > 0)
        .withColumn("suite", F.when(by_suite, F.lit(gate.suite.fingerprint)))
        .withColumn("broken", explained.cast(FAILED_RULES))
    )


def tally(judged: DataFrame, gate: Gate, *, parsing: Sequence[Rule] = ()) -> Tally:
    """Count rows, refused rows, and per rule those judged and those that broke it. One job, no row leaves it.

    Args: as `refused`.
    """
    rules = (*parsing, *gate.suite.row_rules)
    unread = F.size(F.array_intersect("reasons", _ids(parsing))) > 0 if parsing else F.lit(False)
    figures = [F.count("*"), F.count_if(F.size("reasons") > 0), F.count_if(unread)]
    figures += [F.count_if(F.array_contains("broken", rule.id)) for rule in rules]
    limited = [rule for rule in gate.suite.row_rules if gate.predicates[rule.id].applies is not None]
    figures += [F.count_if(~unread & _applies(gate, rule)) for rule in limited]
    row = judged.agg(*(figure.alias(str(number)) for number, figure in enumerate(figures))).first()
    assert row is not None  # an aggregate without groups has one row
    read, stopped, not_read, *counted = row
    domains = {rule.id: number for rule, number in zip(limited, counted[len(rules) :], strict=True)}
    domains |= {rule.id: read for rule in parsing}
    per_rule = (
        RuleCount(rule, domains.get(rule.id, read - not_read), unexpected)
        for rule, unexpected in zip(rules, counted[: len(rules)], strict=True)
    )
    return Tally(StepMetrics(read=read, written=read - stopped, quarantined=stopped), tuple(per_rule))


def count(judged: DataFrame, gate: Gate, *, parsing: Sequence[Rule] = ()) -> Judged:
    """Return judged rows with their tally. Costs what `tally` costs."""
    return Judged(judged, gate, tally(judged, gate, parsing=parsing), parsing)


def _applies(gate: Gate, rule: Rule) -> Column:
    applies = gate.predicates[rule.id].applies
    return F.lit(True) if applies is None else applies


def _ids(rules: Sequence[Rule]) -> Column:
    return F.array(*(F.lit(rule.id) for rule in rules))


def _told(rule: Rule) -> Column:
    values = [F.coalesce(F.col(name).cast("string"), F.lit("null")) for name in rule.columns]
    observed = F.left(F.concat_ws(", ", *values), F.lit(200)) if values else F.lit(None).cast("string")
    entry = F.struct(
        F.lit(rule.id).alias("rule"),
        F.lit(rule.severity).alias("severity"),
        F.lit(rule.sentence).alias("sentence"),
        observed.alias("observed"),
    )
    return F.when(F.array_contains("broken", rule.id), entry)
