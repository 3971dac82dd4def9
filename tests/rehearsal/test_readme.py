"""The README's commands in order, as a reader would paste them."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from foundation import settings as settings_module
from foundation.settings import Settings
from lakehouse.spark import session
from local_stack import addresses, stack
from tests import commands, warm_commands

ROOT = Path(__file__).parents[2]
PATIENCE = 900
# This test runs in the environment that the first commands create; `make demo` has its own test.
NOT_HERE = (
    *("make demo", "make setup", "make check", ". .venv/bin/activate"),
    # `make rehearse-containers` runs these.
    *("make env", "docker compose"),
)

WARM = """
import json, os, socket, sys
if sys.argv[1] in ("up", "down", "serve", "emulate", "consume"):
    os.execv({real!r}, sys.argv)
request = dict(arguments=sys.argv[1:], environment=dict(os.environ), folder=os.getcwd())
connection = socket.socket(socket.AF_UNIX)
connection.connect({socket!r})
connection.sendall(json.dumps(request).encode() + b"\\n")
result = json.load(connection.makefile())
sys.stderr.write(result["errors"])
sys.stdout.write(result["out"])
sys.exit(result["code"])
"""


@pytest.fixture
def session_again(spark: SparkSession, settings: Settings) -> Iterator[None]:
    """Give the session of the tests its own servers and options again after the test."""
    yield
    session.build(settings, app="tests")


@pytest.mark.timeout(PATIENCE)
@pytest.mark.usefixtures("session_again")
def test_its_commands_work_one_after_another(tmp_path: Path) -> None:
    (port,) = addresses.free_ports(1)
    lines = [line for line in _commands() if not line.startswith(NOT_HERE)]
    begin = ("set -euxo pipefail", "trap 'kill $(jobs -p)' EXIT")
    home, out, errors = tmp_path / "home", tmp_path / "out", tmp_path / "errors"
    environment = {**commands.users_environment(home), "PINLAKE_API_PORT": str(port)}
    with tempfile.TemporaryDirectory() as short:  # because the path of a socket has at most 107 bytes
        socket = Path(short, "socket")
        environment["PATH"] = f"{_warm_pinlake(tmp_path, socket)}:{environment['PATH']}"
        with out.open("w") as outputs, errors.open("w") as messages:
            script = subprocess.Popen(
                ["bash", "-c", "\n".join([*begin, *lines]).replace("8000", str(port))],
                cwd=ROOT,
                env=environment,
                stdout=outputs,
                stderr=messages,
                text=True,
            )
        try:
            warm_commands.serve_until_it_ends(script, socket)
        finally:
            script.terminate()
            stack.down(settings_module.load(home=home))

    assert script.returncode == 0, errors.read_text()[-5000:]
    printed = out.read_text()
    assert '"event_id":' in printed
    assert '{"pins":0}' in printed
    assert "christmas" in printed


def _warm_pinlake(folder: Path, socket: Path) -> Path:
    """Return a folder with a `pinlake` whose commands that need a JVM run in this process."""
    script = folder / "bin" / "pinlake"
    script.parent.mkdir()
    real = Path(sys.executable).with_name("pinlake")
    script.write_text(f"#!{sys.executable} -S\n{WARM.format(socket=str(socket), real=str(real))}")
    script.chmod(0o700)
    return script.parent


def _commands() -> list[str]:
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL
    )
    return [line for block in blocks for line in block.splitlines()]
