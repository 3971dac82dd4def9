"""The Maven repository that jars are fetched from: the configured one, else the root that Apache Ivy uses."""

from __future__ import annotations

import importlib.util
import struct
import zipfile
from pathlib import Path

from foundation.errors import ConfigurationError

RESOLVER = "org/apache/ivy/plugins/resolver/IBiblioResolver.class"

_UTF8 = 1
# Number of bytes after the tag of each constant of a class file (JVM specification, section 4.4). Constants
# of type long and double take two entries of the pool.
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}
_TWO_ENTRIES = frozenset({5, 6})


def root(configured: str | None) -> str:
    """Return the root of the repository, without a trailing slash.

    The default is DEFAULT_M2_ROOT of the Ivy that Spark ships, so the address is defined once and is the one
    that `spark.jars.packages` would use.

    Args:
        configured: setting `maven_repository`; None for Ivy's root.

    Raises:
        ConfigurationError: no repository is configured and Ivy's root cannot be read.
    """
    return (configured or _root_of_ivy(_ivy_jar())).rstrip("/")


def _ivy_jar() -> Path:
    spec = importlib.util.find_spec("pyspark")
    folder = Path(spec.origin).parent / "jars" if spec and spec.origin else Path("pyspark/jars")
    paths = sorted(folder.glob("ivy-*.jar"))
    if not paths:
        raise _root_error("Apache Ivy's jar is missing", folder)
    return paths[0]


def _root_of_ivy(jar: Path) -> str:
    try:
        with zipfile.ZipFile(jar) as archive:
            texts = _utf8_constants(archive.read(RESOLVER))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise _root_error("Apache Ivy's jar cannot be read", jar) from error
    roots = [text for text in texts if text.startswith("https://") and text.rstrip("/").endswith("/maven2")]
    if len(roots) != 1:
        raise _root_error("Apache Ivy's jar does not contain exactly one root of Maven Central", jar)
    return roots[0]


def _utf8_constants(class_file: bytes) -> list[str]:
    (count,) = struct.unpack_from(">H", class_file, 8)
    texts, entry, at = [], 1, 10
    while entry < count:
        tag = class_file[at]
        at += 1
        if tag == _UTF8:
            (length,) = struct.unpack_from(">H", class_file, at)
            texts.append(class_file[at + 2 : at + 2 + length].decode("utf-8", errors="replace"))
            at += 2 + length
        else:
            at += _SIZES[tag]
        entry += 2 if tag in _TWO_ENTRIES else 1
    return texts


def _root_error(what: str, where: Path) -> ConfigurationError:
    return ConfigurationError(
        what, where=str(where), hint="Set PINLAKE_MAVEN_REPOSITORY to the root of a Maven repository."
    )
