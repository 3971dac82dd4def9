"""The README's commands in order, as a reader would paste them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from foundation import settings as settings_module
from local_stack import addresses, stack
from tests import commands

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
log = os.path.join(os.environ["PINLAKE_HOME"], str(os.getpid()) + ".log")
request = dict(arguments=sys.argv[1:], environment=dict(os.environ), folder=os.getcwd(), log=log)
connection = socket.socket(socket.AF_UNIX)
connection.connect({socket!r})
connection.sendall(json.dumps(request).encode() + b"\\n")
answer = json.load(connection.makefile())
sys.stderr.write(open(log).read())
sys.stdout.write(answer["out"])
sys.exit(answer["code"])
"""


@pytest.mark.timeout(PATIENCE)
def test_its_commands_work_one_after_another(tmp_path: Path) -> None:
    (port,) = addresses.free_ports(1)
    lines = [line for line in _commands() if not line.startswith(NOT_HERE)]
    begin = ("set -euxo pipefail", "trap 'kill $(jobs -p)' EXIT")
    script = "\n".join([*begin, *lines]).replace("8000", str(port))
    home = tmp_path / "home"
    environment = {**commands.users_environment(home), "PINLAKE_API_PORT": str(port)}
    environment["PATH"] = f"{_warm_pinlake(tmp_path)}:{environment['PATH']}"

    try:
        completed = subprocess.run(
            ["bash", "-c", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    finally:
        stack.down(settings_module.load(home=home))

    assert completed.returncode == 0, completed.stderr[-5000:]
    assert '"event_id":' in completed.stdout
    assert '{"pins":0}' in completed.stdout
    assert "christmas" in completed.stdout


def _warm_pinlake(folder: Path) -> Path:
    """Return a folder with a `pinlake` that runs commands which need a JVM in a warm process."""
    script = folder / "bin" / "pinlake"
    script.parent.mkdir()
    socket = commands.warm_process().socket
    real = Path(sys.executable).with_name("pinlake")
    script.write_text(f"#!{sys.executable} -S\n{WARM.format(socket=str(socket), real=str(real))}")
    script.chmod(0o700)
    return script.parent


def _commands() -> list[str]:
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL
    )
    return [line for block in blocks for line in block.splitlines()]
