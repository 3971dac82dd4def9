"""`pinlake quality`: suites checked, and what validations have found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake.cli import console as output
from pinlake.cli import error_output as entry
from pinlake.cli.spark_session import asking_spark

if TYPE_CHECKING:
    from foundation.errors import TerminalError
    from lakehouse.quality.results import RuleResult

app = typer.Typer(
    no_args_is_help=True,
    help="Check suites, and see what validations found.\n\nExample: pinlake quality check-suites",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
_SHOWN = ("at", "version", "rule", "severity", "kind", "evaluated", "unexpected", "observed", "success")


@app.command("check-suites")
def check_suites(
    folder: Annotated[Path | None, typer.Option(help="Where the suites are; default: expectations/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every suite without data: JSON, expectations, columns, ids, and whether Spark can do it.

    Names every mistake: first those that can be seen in the files, and if there are none those that Great
    Expectations or Spark find.

    Example: pinlake quality check-suites
    """
    from foundation import settings as settings_module
    from lakehouse.catalog.tables import PUBLISHED
    from lakehouse.quality.gate import find_compile_errors
    from lakehouse.quality.suites import FOLDER, find_errors, find_unknown_suites, load_suite

    place = folder or FOLDER
    faults = [fault for table in PUBLISHED for fault in find_errors(table, folder=place)]
    _stop_at(faults + find_unknown_suites(PUBLISHED, folder=place))
    suites = {table: load_suite(table, folder=place) for table in PUBLISHED}
    with asking_spark(settings_module.load(), app="pinlake quality") as spark:
        _stop_at(
            [fault for table, found in suites.items() for fault in find_compile_errors(spark, table, found)]
        )
    for found in suites.values():
        rows, whole = len(found.row_rules), len(found.table_rules)
        if as_json:
            told = {"suite": found.name, "row": rows, "table": whole, "fingerprint": found.fingerprint}
            print(json.dumps(told))
        else:
            print(f"{found.name}: {rows} rules for rows, {whole} for the table, {found.fingerprint[:12]}")


@app.command()
def history(
    table: Annotated[str, typer.Argument(help="Such as silver.pins_batch.")],
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many results, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Print what validations of a table found, newest first.

    Example: pinlake quality history silver.pins_batch --rule silver.unique_id.unique
    """
    from foundation import settings as settings_module
    from lakehouse.delta.lake import DeltaLake
    from lakehouse.quality.results import read_results

    settings = settings_module.load()
    with asking_spark(settings, app="pinlake quality") as spark:
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


def _stop_at(faults: list[TerminalError]) -> None:
    for fault in faults:
        entry.tell(fault)
    if faults:
        raise typer.Exit(1)


@contextmanager
def telling_failures() -> Iterator[None]:
    """Print which critical rules do not hold, if that ends the block."""
    from lakehouse.quality.publish import AuditFailedError

    try:
        yield
    except AuditFailedError as error:
        print_failures(error.failures)
        raise


def print_failures(failures: list[RuleResult]) -> None:
    """Print on standard error which rules failed and by how much."""
    table = output.table("table", "version", "rule", numbers=("evaluated", "unexpected", "observed"))
    for failure in failures:
        cells = (failure.evaluated, failure.unexpected, failure.observed)
        table.add_row(
            failure.table, str(failure.version), failure.rule, *("" if c is None else str(c) for c in cells)
        )
    output.console(markup=False, stderr=True).print(table)
