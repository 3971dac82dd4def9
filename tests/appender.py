"""A separate Spark driver that appends rows to a table, one commit per row, on a signal.

Run as `python -m tests.appender URL WRITER COMMITS`: it prints "ready", waits for a line, appends, and ends.
"""

from __future__ import annotations

import sys

from foundation import settings as settings_module
from lakehouse.spark import session
from tests import appended


def main() -> None:
    """Run the driver as the command line says."""
    url, writer, commits = sys.argv[1:]
    spark = session.build(settings_module.load(), app=writer)
    spark.read.format("delta").load(url).schema  # noqa: B018  # the slow first look at a table
    print("ready", flush=True)
    sys.stdin.readline()
    appended.append(spark, url, writer=writer, numbers=range(int(commits)))
    spark.stop()


if __name__ == "__main__":
    main()
