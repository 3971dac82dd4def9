"""Java libraries that Pinlake runs and builds with: locked by SHA-256, fetched once, kept on disk."""

from __future__ import annotations

import contextlib
import functools
import logging
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.java import maven

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from foundation.settings import Settings

LOCK = Path(__file__).with_name("jars.lock")

CONNECTIONS = 8
ATTEMPTS = 4
TIMEOUT_SECONDS = 30
READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


class JarSet(StrEnum):
    """Names of the class paths that Pinlake starts Java with."""

    SPARK = "spark"
    KAFKA = "kafka"
    S3PROXY = "s3proxy"
    COMPILER = "compiler"


# The set `compiler` is missing: only scripts/build_jars.py needs it.
COMMAND_SETS = (JarSet.SPARK, JarSet.KAFKA, JarSet.S3PROXY)


@dataclass(frozen=True)
class Jar:
    """One line of the lock.

    Attributes:
        jar_set: the class path it belongs to.
        coordinate: group:artifact:version.
        sha256: of the file, in hexadecimal.
        size: in bytes.
    """

    jar_set: JarSet
    coordinate: str
    sha256: str
    size: int

    @property
    def path(self) -> str:
        """Its path in a Maven repository, and in the cache."""
        group, artifact, version = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"


@dataclass(frozen=True)
class FetchResult:
    """Result of a fetch: jars on the class paths, jars that were downloaded, and their bytes."""

    jars: int
    downloaded: int
    downloaded_bytes: int


@functools.cache
def locked() -> tuple[Jar, ...]:
    """Return every jar of the lock, in the order of the class paths."""
    rows = (line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(JarSet(row[0]), row[1], row[2], int(row[3])) for row in rows)


def folder(settings: Settings) -> Path:
    """Return the cache of jars: it is outside the checkout, and all checkouts of a user share it."""
    import platformdirs

    return (settings.cache or platformdirs.user_cache_path("pinlake", appauthor=False)) / "jars"


def class_path(jar_set: JarSet, settings: Settings) -> list[Path]:
    """Return the jars of a set.

    Raises:
        ConfigurationError: a jar has not been fetched.
    """
    root = folder(settings)
    requested = [jar for jar in locked() if jar.jar_set is jar_set]
    missing = [jar.coordinate for jar in requested if not _is_present(jar, root)]
    if missing:
        raise ConfigurationError(
            f"{len(missing)} jars of {jar_set} are missing, {missing[0]} first",
            where=str(root),
            hint=f"Run `pinlake jars {jar_set}`.",
        )
    return [root / jar.path for jar in requested]


def fetch(settings: Settings, *, sets: Iterable[JarSet] = COMMAND_SETS) -> FetchResult:
    """Download missing jars in parallel; each is verified before it appears in the cache.

    A jar on disk was verified when it was downloaded, so only its size is checked.

    Args:
        settings: `cache` and `maven_repository` are used.
        sets: the class paths to fetch; default: those that commands need.

    Raises:
        TerminalError: a jar is not the locked one, or the repository does not have it.
        TransientError: the repository did not answer after several attempts.
    """
    selected, root = set(sets), folder(settings)
    requested = {jar.path: jar for jar in locked() if jar.jar_set in selected}
    missing = [jar for jar in requested.values() if not _is_present(jar, root)]
    for path in requested.keys() - {jar.path for jar in missing}:
        _make_readable(root / path)
    total = sum(jar.size for jar in missing)
    if missing:
        _download(missing, root=root, address=maven.root(settings.maven_repository))
    return FetchResult(jars=len(requested), downloaded=len(missing), downloaded_bytes=total)


def _is_present(jar: Jar, root: Path) -> bool:
    try:
        return (root / jar.path).stat().st_size == jar.size
    except (FileNotFoundError, NotADirectoryError):
        return False


def _download(jars: list[Jar], *, root: Path, address: str) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with (
        Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress,
        ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="jars") as pool,
    ):
        task = progress.add_task(f"fetching {len(jars)} jars", total=sum(jar.size for jar in jars))
        waiting = [
            pool.submit(_fetch_one, jar, root=root, address=address, bar=_Bar(progress, task)) for jar in jars
        ]
        try:
            for download in waiting:
                download.result()
        finally:
            # The first failure ends the fetch: downloads that have not started are not needed.
            pool.shutdown(wait=True, cancel_futures=True)


class _Bar:
    """One jar's share of the progress bar, with the methods that pooch calls."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task
        self._shown = 0
        self.total = 0

    def update(self, count: int) -> None:
        self._shown += count
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        self.update(-self._shown)

    def close(self) -> None:
        pass


def _fetch_one(jar: Jar, *, root: Path, address: str, bar: _Bar) -> None:
    import requests
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    retrying = Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=8),
        reraise=True,
    )
    # The address of a mirror may contain a password, so errors name its host only.
    where = urlsplit(address).hostname or address
    try:
        retrying(_retrieve, jar, root=root, address=address, bar=bar)
    except ValueError:
        raise TerminalError(
            f"jar {jar.coordinate} does not have the SHA-256 {jar.sha256} of the lock",
            where=where,
            hint="Nothing was stored. Find out who changed it; check PINLAKE_MAVEN_REPOSITORY and any proxy.",
        ) from None
    except requests.RequestException as error:
        kind = TransientError if _is_transient(error) else TerminalError
        raise kind(
            f"jar {jar.coordinate} could not be fetched: {type(error).__name__}{_status(error)}",
            where=where,
            hint="Check the network and PINLAKE_MAVEN_REPOSITORY, then run `pinlake jars` again.",
        ) from None
    except OSError as error:
        raise TerminalError(
            f"jar {jar.coordinate} cannot be stored: {error.strerror or error}",
            where=str(root),
            hint="Free some space there, or set PINLAKE_CACHE to a folder that you can write.",
        ) from None


def _retrieve(jar: Jar, *, root: Path, address: str, bar: _Bar) -> None:
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)
    bar.reset()
    path = root / jar.path
    pooch.retrieve(
        f"{address}/{jar.path}",
        known_hash=f"sha256:{jar.sha256}",
        fname=path.name,
        path=path.parent,
        downloader=pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=TIMEOUT_SECONDS),
    )
    _make_readable(path)


def _make_readable(path: Path) -> None:
    """Let every user read a jar: pooch downloads into a private file, but users may share a cache."""
    mode = path.stat().st_mode
    if mode & READABLE != READABLE:
        # Only the owner can change the mode; a jar of another user that this user can read is fine.
        with contextlib.suppress(PermissionError):
            path.chmod(mode | READABLE)


def _is_transient(error: BaseException) -> bool:
    import requests

    if isinstance(error, requests.HTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(
        error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
    )


def _status(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f" {status}" if status else ""
