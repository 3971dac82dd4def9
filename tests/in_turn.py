"""Commands one after another in one process, whose JVM starts once: a list of argument lists in, results out.

Run as `python -m tests.in_turn`; see `tests.commands.in_turn`.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from pinlake.cli import main


def run() -> None:
    """Read the calls from standard input; write exit code and standard output of each as JSON."""
    found = []
    for arguments in json.load(sys.stdin):
        sys.argv = ["pinlake", *arguments]
        code, out = 0, io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                main.main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        found.append([code, out.getvalue()])
    print(json.dumps(found))


if __name__ == "__main__":
    run()
