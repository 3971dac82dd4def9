"""`pinlake quality`: checks of the suites, and results of validations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli.error_output import print_error
from pinlake.cli.options import AsJson, TableName
from pinlake.cli.spark_session import short_spark_session

if TYPE_CHECKING:
    from foundation.errors import TerminalError
    from lakehouse.quality.results import RuleResult

app = typer.Typer(
    no_args_is_help=True,
    help="Check suites, and print results of validations.\n\nExample: pinlake quality check-suites",
)
_SHOWN = ("at", "version", "rule", "severity", "kind", "evaluated", "unexpected", "observed", "success")


@app.command("check-suites")
def check_suites(
    folder: Annotated[Path | None, typer.Option(help="Folder of the suites; default: expectations/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every suite without data: JSON, expectations, columns, ids, and whether Spark can run it.

    Prints every mistake: first those in the files; if there are none, those that Great Expectations or Spark
    find.

    Example: pinlake quality check-suites
    """
    from foundation import settings as settings_module
    from lakehouse.catalog.tables import PUBLISHED
    from lakehouse.quality.gate import find_compile_errors
    from lakehouse.quality.suite_file import FOLDER
    from lakehouse.quality.suites import find_errors, find_unknown_suites, load_file

    suites_folder = folder or FOLDER
    errors = [error for table in PUBLISHED for error in find_errors(table, folder=suites_folder)]
    _exit_on(errors + find_unknown_suites(PUBLISHED, folder=suites_folder))
    suites = {table: load_file(table, folder=suites_folder) for table in PUBLISHED}
    with short_spark_session(settings_module.load(), app="pinlake quality") as spark:
        _exit_on(
            [error for table, rules in suites.items() for error in find_compile_errors(spark, table, rules)]
        )
    for rules in suites.values():
        rows, whole = len(rules.row_rules), len(rules.table_rules)
        lanes = Counter(rule.lane for rule in rules.rules if rule.lane)
        if as_json:
            data = {"suite": rules.name, "row": rows, "table": whole, "lanes": lanes}
            print(json.dumps(data | {"fingerprint": rules.fingerprint}))
        else:
            of_lanes = "".join(f", {count} for the {lane} lane alone" for lane, count in lanes.items())
            print(f"{rules.name}: {rows} row rules, {whole} table rules{of_lanes}, {rules.fingerprint[:12]}")


@app.command()
def history(
    table: TableName,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many results, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Print the results of validations of a table, newest first.

    Example: pinlake quality history silver.pins_batch --rule silver.unique_id.unique
    """
    from foundation import settings as settings_module
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.quality.results import read_results

    settings = settings_module.load()
    with short_spark_session(settings, app="pinlake quality") as spark:
        lake = DeltaLake.of(spark, settings)
        rows = read_results(lake, table, rule=rule).limit(limit).collect()
    if as_json:
        for row in rows:
            print(json.dumps(row.asDict(), default=str))
        return
    shown = output.table(*_SHOWN)
    for row in rows:
        shown.add_row(*("" if row[name] is None else str(row[name]) for name in _SHOWN))
    output.console(markup=False).print(shown)


def _exit_on(errors: list[TerminalError]) -> None:
    for error in errors:
        print_error(error)
    if errors:
        raise typer.Exit(1)


@contextmanager
def printing_failures() -> Iterator[None]:
    """Print the critical rules that failed if the block ends with `AuditFailedError`."""
    from lakehouse.quality.publish import AuditFailedError

    try:
        yield
    except AuditFailedError as error:
        print_failures(error.failures)
        raise


def print_failures(failures: list[RuleResult]) -> None:
    """Print failed rules with their figures on standard error."""
    table = output.table("table", "version", "rule", numbers=("evaluated", "unexpected", "observed"))
    for failure in failures:
        cells = (failure.evaluated, failure.unexpected, failure.observed)
        table.add_row(
            failure.table, str(failure.version), failure.rule, *("" if c is None else str(c) for c in cells)
        )
    output.console(markup=False, stderr=True).print(table)
