"""Pinlake's commands in the process of the tests, whose JVM and Spark session are warm.

A command of its own process would start a JVM and run every plan for the first time, which takes most of a
minute of one core. Here a command has the same entry point, arguments, environment and output, but it shares
the session of the tests: it cannot stop it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

import structlog

from foundation.settings import Settings
from lakehouse.spark import session
from pinlake.cli import main
from tests import commands
from tests.commands import ROOT, CommandResult


def in_turn(*calls: Sequence[str], settings: Settings) -> list[CommandResult]:
    """Run commands one after another."""
    environment = commands.environment(settings)
    session.build(settings, app="tests")  # if this is its start, with the options of the tests' JVM
    return [run(arguments, environment=environment) for arguments in calls]


def run(arguments: Sequence[str], *, environment: dict[str, str], folder: Path = ROOT) -> CommandResult:
    """Run one command in an environment and a working directory of its own."""
    out, errors = io.StringIO(), io.StringIO()
    with (
        _as_a_process(environment, folder),
        mock.patch.object(sys, "argv", ["pinlake", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        code = _exit_code()
    return CommandResult(code, out.getvalue(), errors.getvalue())


def serve_until_it_ends(script: subprocess.Popen[str], path: Path) -> None:
    """Run the commands that a script sends to a Unix socket, until the script ends.

    A request is a JSON object with `arguments`, `environment` and `folder`; the response is one with the
    fields of `CommandResult`.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        # The connection that the script's end makes is the last one.
        threading.Thread(target=_connect_at_the_end, args=(script, path), daemon=True).start()
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                if not (line := stream.readline()):
                    return
                request = json.loads(line)
                result = run(
                    request["arguments"],
                    environment=request["environment"],
                    folder=Path(request["folder"]),
                )
                stream.write(json.dumps(vars(result)).encode())


def _exit_code() -> int:
    try:
        main.main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


@contextlib.contextmanager
def _as_a_process(environment: dict[str, str], folder: Path) -> Iterator[None]:
    """Give a command its environment and folder; undo afterwards what it has set for the whole process."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    log_settings = structlog.get_config()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        contextlib.chdir(folder),
        mock.patch.object(session, "stop"),
    ):
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            structlog.configure(**log_settings)


def _connect_at_the_end(script: subprocess.Popen[str], path: Path) -> None:
    script.wait()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
