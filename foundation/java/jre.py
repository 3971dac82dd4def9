"""The Java that runs Spark, Kafka and S3Proxy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from foundation.errors import ConfigurationError

OLDEST = 17
INSTALL = (
    f"Install Java {OLDEST} or newer (Debian: apt install openjdk-17-jre-headless; macOS: brew install "
    "openjdk@17) and set JAVA_HOME or PATH."
)

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find() -> Path:
    """Return the `java` to run: the one of JAVA_HOME, else the first on PATH.

    Raises:
        ConfigurationError: Java is missing or too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    where = "JAVA_HOME" if home else "PATH"
    if program is None or not os.access(program, os.X_OK):
        raise ConfigurationError("Java is missing", where=where, hint=INSTALL)
    version = _version(program)
    if version is None or version < OLDEST:
        raise ConfigurationError(f"Java is too old: {version or 'unknown'}", where=program, hint=INSTALL)
    return Path(program)


def _version(java: str) -> int | None:
    try:
        # Java prints its version on standard error.
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stderr)
    return int(match[1]) if match else None
