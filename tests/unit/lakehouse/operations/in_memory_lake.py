"""A lakehouse in memory: versions of tables as lists of rows, and small objects as texts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from lakehouse.catalog.tables import Table
from lakehouse.delta.commit_info import CommitInfo


@dataclass(frozen=True)
class InMemoryRows:
    """The rows of one version of a table."""

    rows: tuple[str, ...]

    def count(self) -> int:
        """Return their number."""
        return len(self.rows)


@dataclass(frozen=True)
class InMemoryCheckpoint:
    """The checkpoint of a reader of a table."""

    next_version: int | None

    def next_table_version(self) -> int | None:
        """Return the version to be read next; None before the first micro-batch."""
        return self.next_version


@dataclass(frozen=True)
class InMemoryTable:
    """Delta's own API of a table, in a session with a commit info."""

    versions: list[tuple[str, ...]]
    commits: list[CommitInfo]
    info: CommitInfo | None

    def restoreToVersion(self, version: int) -> None:
        """Add a version that equals an older one."""
        assert self.info is not None  # a commit without info would be missing in the ledger
        self.versions.append(self.versions[version])
        self.commits.append(self.info)


@dataclass
class InMemoryLake:
    """As much of `DeltaLake` as operations need that run no job of their own.

    Attributes:
        versions: the rows of every version of every table.
        commits: the commit info of restores, by table.
        objects: texts by key.
        next_versions: the version that a reader reads next, by the name of its checkpoint.
    """

    versions: dict[Table, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    commits: dict[Table, list[CommitInfo]] = field(default_factory=lambda: defaultdict(list))
    objects: dict[str, str] = field(default_factory=dict)
    next_versions: dict[str, int] = field(default_factory=dict)

    def read(self, table: Table, *, version: int | None = None) -> InMemoryRows:
        """Return the rows of a version, by default the newest."""
        return InMemoryRows(self.versions[table][-1 if version is None else version])

    def version(self, table: Table) -> int:
        """Return the newest version."""
        return len(self.versions[table]) - 1

    def get_text(self, key: str) -> str | None:
        """Return a small object, or None."""
        return self.objects.get(key)

    def put_text(self, key: str, text: str) -> None:
        """Write a small object."""
        self.objects[key] = text

    def checkpoint(self, name: str) -> InMemoryCheckpoint:
        """Return the checkpoint of a reader."""
        return InMemoryCheckpoint(self.next_versions.get(name))

    def session_with_commit_info(self, info: CommitInfo) -> CommitInfo:
        """Return the info itself in place of a session."""
        return info

    def delta_table(self, table: Table, session: CommitInfo | None = None) -> InMemoryTable:
        """Return Delta's own API of a table."""
        return InMemoryTable(self.versions[table], self.commits[table], session)
