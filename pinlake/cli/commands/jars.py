"""`pinlake jars`: fetch the Java libraries."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from foundation.java import jars as java_libraries
from foundation.java import jre
from pinlake.cli import console as output
from pinlake.cli.options import AsJson


def jars(
    sets: Annotated[
        list[java_libraries.JarSet] | None,
        typer.Argument(help="Which sets; default: spark, kafka and s3proxy."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the Java libraries of Spark, Kafka and S3Proxy once, and verify each by its SHA-256.

    Then archives Spark's classes next to the Python environment, so that commands start faster. The set
    `compiler` is fetched only if it is named: it builds the jar of the log store, and no command needs it.

    Example: pinlake jars spark
    """
    from foundation import settings
    from lakehouse.spark import class_data_sharing, session

    jre.find()
    loaded = settings.load()
    fetched = java_libraries.fetch(loaded, sets=sets or java_libraries.COMMAND_SETS)
    if not sets or java_libraries.JarSet.SPARK in sets:
        with Console(stderr=True).status("archiving Spark's classes, which takes about a minute, once"):
            class_data_sharing.create_archive(session.class_path(loaded))
    if as_json:
        print(json.dumps(asdict(fetched)))
        return
    folder = java_libraries.folder(loaded)
    output.console(markup=False, stderr=True).print(
        f"{fetched.jars} jars in {folder}, {fetched.downloaded} fetched now "
        f"({fetched.downloaded_bytes / 1e6:.0f} MB)"
    )
