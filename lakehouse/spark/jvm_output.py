"""The JVM's own output, redirected to standard error without its meaningless lines."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator

# Every Spark 4 session prints the first, because its launcher requests the module; VACUUM prints the others.
_NOISE = re.compile(rb"WARNING: Using incubator modules|(Deleted|Found) \d+ files .*director")


@contextlib.contextmanager
def redirect_jvm_output() -> Iterator[None]:
    """Redirect the output of a JVM that is started inside the block.

    Standard output is then left to the command's rows and JSON.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    read, write = os.pipe()
    for descriptor in (1, 2):
        os.dup2(write, descriptor)
    os.close(write)
    threading.Thread(target=_forward, args=(read, err), name="java-output", daemon=True).start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)


def _forward(read: int, err: int) -> None:
    with os.fdopen(read, "rb") as lines, os.fdopen(err, "wb", buffering=0) as target:
        for line in lines:
            if not _NOISE.match(line):
                target.write(line)
