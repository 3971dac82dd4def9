"""`python -m benchmarks.handwritten`: compare the hand-written pipeline with Pinlake's, and time nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from random import Random
from typing import Annotated, Any

import typer

from pinlake.cli import console as output
from pinlake.cli import error_output as entry

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def compare(
    compared: Annotated[
        int, typer.Option(min=0, help="Generated records, besides all sample pins.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed generates other records.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compare silver and features of both pipelines, row by row and column by column.

    The exit code is 1 if a value differs.

    Example: python -m benchmarks.handwritten --compared 50000 --seed 7
    """
    from benchmarks.handwritten import comparison
    from benchmarks.handwritten.dirty_records import generate
    from foundation import settings
    from lakehouse.spark import session

    bronze = generate(compared, random=Random(seed))
    spark = session.build(settings.load(), app="pinlake comparison")
    try:
        found = {
            policy: comparison.compare(spark, bronze, text_policy=policy) for policy in comparison.POLICIES
        }
    finally:
        session.stop(spark)
    differences = [{"policy": policy} | asdict(each) for policy in found for each in found[policy]]
    if as_json:
        print(json.dumps({"records": len(bronze), "differences": differences}, default=str))
    else:
        _print(len(bronze), differences)
    if differences:
        raise typer.Exit(1)


def _print(records: int, differences: list[dict[str, Any]]) -> None:
    console = output.console(markup=False)
    for difference in differences:
        console.print(", ".join(f"{name} {value!r}" for name, value in difference.items()))
    console.print(f"{len(differences)} differences in {records:,} records under each text policy")


if __name__ == "__main__":
    entry.run(app)
