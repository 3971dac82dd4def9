"""Generator of foundation/java/jars.lock from the poms in this folder. For maintainers: it needs Maven.

Run it as `uv run python scripts/lock_jars.py` (or `make lock`) after changing a pom or pyspark's version.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import tempfile
from pathlib import Path

from foundation.java.jars import LOCK, JarSet

POMS = Path(__file__).parent
HEADER = "# Written by scripts/lock_jars.py. Jar set, coordinate, SHA-256, bytes.\n"

# Spark ships their classes under other names: in jcl-over-slf4j, and in RoaringBitmap since 1.0.
RENAMED = frozenset({"commons-logging", "shims"})


def main() -> None:
    """Resolve every set and write the lock."""
    shipped = _artifacts_of_pyspark() | RENAMED
    lines = []
    for jar_set in JarSet:
        for coordinate, jar in _resolve(jar_set):
            # Two versions of one library on the class path fail late, with a NoSuchMethodError.
            if jar_set is JarSet.SPARK and coordinate.split(":")[1] in shipped:
                continue
            digest = hashlib.sha256(jar.read_bytes()).hexdigest()
            lines.append(f"{jar_set} {coordinate} {digest} {jar.stat().st_size}\n")
    LOCK.write_text(HEADER + "".join(lines))
    print(f"{LOCK}: {len(lines)} jars")


def _resolve(jar_set: JarSet) -> list[tuple[str, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        class_path = Path(folder) / "class_path"
        command = [
            "mvn",
            "--quiet",
            "--batch-mode",
            "--color=never",
            "--file",
            str(POMS / f"lock_jars.{jar_set}.xml"),
        ]
        command += ["dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={class_path}"]
        subprocess.run(command, check=True)
        jars = [Path(entry) for entry in class_path.read_text().strip().split(":")]
    return sorted((_coordinate(jar), jar) for jar in jars)


def _coordinate(jar: Path) -> str:
    version, artifact = jar.parent.name, jar.parent.parent.name
    if jar.name != f"{artifact}-{version}.jar":
        raise SystemExit(
            f"{jar.name} has a classifier: the lock holds plain jars only, exclude it in the pom"
        )
    parts = jar.parts
    group = ".".join(parts[parts.index("repository") + 1 : -3])
    return f"{group}:{artifact}:{version}"


def _artifacts_of_pyspark() -> set[str]:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SystemExit("pyspark is not installed: run `uv sync`")
    jars = (Path(spec.origin).parent / "jars").glob("*.jar")
    return {re.sub(r"-\d[^/]*$", "", jar.stem) for jar in jars}


if __name__ == "__main__":
    main()
