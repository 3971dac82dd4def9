"""A server that runs `pinlake` commands in one warm process, whose JVM starts once.

Run as `python -m tests.command_server SOCKET`; it ends when its standard input does. A client opens one
connection to the Unix socket per request. A request is a JSON object with `arguments`, `environment`,
`folder` and `log`; the response has `code` and `out`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
import threading
from pathlib import Path

from pinlake.cli import main


def serve(path: Path) -> None:
    """Run the command of each request, one after another."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            code, out = _run(**json.loads(stream.readline()))
            stream.write(json.dumps({"code": code, "out": out}).encode())


def _run(*, arguments: list[str], environment: dict[str, str], folder: str, log: str) -> tuple[int, str]:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with Path(log).open("ab") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    sys.argv = ["pinlake", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = _exit_code()
    sys.stderr.flush()
    return code, out.getvalue()


def _exit_code() -> int:
    try:
        main.main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
