"""`pinlake jars`: fetch the Java libraries."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from foundation.java import jars as java_libraries
from foundation.java import jre as java
from pinlake.cli import console as output


def jars(
    sets: Annotated[
        list[java_libraries.JarSet] | None, typer.Argument(help="Which sets; all of them if none is named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Fetch the Java libraries of Spark, Kafka and S3Proxy once, each verified by its SHA-256.

    Spark's classes are archived beside the environment then, so that commands start faster. The set
    `compiler` is what builds the log store's jar anew; no command needs it.

    Example: pinlake jars spark
    """
    from foundation import settings
    from lakehouse.spark import class_data_sharing, session

    java.find()
    loaded = settings.load()
    done = java_libraries.fetch(loaded, sets=sets or tuple(java_libraries.JarSet))
    if not sets or java_libraries.JarSet.SPARK in sets:
        with Console(stderr=True).status("archiving Spark's classes, once: about a minute"):
            class_data_sharing.create_archive(session.class_path(loaded))
    if as_json:
        print(json.dumps(asdict(done)))
        return
    place = java_libraries.folder(loaded)
    output.console(stderr=True).print(
        f"{done.jars} jars in {place}, {done.downloaded} fetched now ({done.downloaded_bytes / 1e6:.0f} MB)"
    )
