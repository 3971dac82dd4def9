"""The script that writes .env for docker compose."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NEEDED = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "write_env.sh", tmp_path / "scripts")
    return tmp_path


def test_every_secret_that_compose_needs_is_generated_for_its_owner_alone(checkout: Path) -> None:
    message = _run(checkout)

    secrets = _secrets(checkout)
    assert set(secrets) == NEEDED
    assert all(re.fullmatch(r"[\w=-]{20,}", value) for value in secrets.values())
    assert len(base64.urlsafe_b64decode(secrets["AIRFLOW_FERNET_KEY"])) == 32
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600
    assert all(name in message and value not in message for name, value in secrets.items())


def test_two_installations_share_no_secret(checkout: Path) -> None:
    _run(checkout)
    first = _secrets(checkout)
    (checkout / ".env").unlink()
    _run(checkout)

    assert not set(first.values()) & set(_secrets(checkout).values())


def test_an_existing_file_gets_only_what_it_lacks(checkout: Path) -> None:
    (checkout / ".env").write_text("PINLAKE_S3_ACCESS_KEY=mine\nAIRFLOW_SECRET_KEY=\nPUBLISH_API_PORT=9000")

    _run(checkout)

    lines = (checkout / ".env").read_text().splitlines()
    assert lines[:3] == ["PINLAKE_S3_ACCESS_KEY=mine", "AIRFLOW_SECRET_KEY=", "PUBLISH_API_PORT=9000"]
    assert set(_secrets(checkout)) == NEEDED | {"PUBLISH_API_PORT"}
    assert "nothing was changed" in _run(checkout)
    assert (checkout / ".env").read_text().splitlines() == lines


def _run(checkout: Path) -> str:
    completed = subprocess.run(
        ["scripts/write_env.sh"], cwd=checkout, capture_output=True, text=True, check=True
    )
    return completed.stderr


def _secrets(checkout: Path) -> dict[str, str]:
    """Return the values that compose reads: the last value of each name."""
    lines = (checkout / ".env").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {name: value for name, value in pairs if value}
