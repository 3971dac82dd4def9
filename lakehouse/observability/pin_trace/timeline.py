"""The timeline of one pin, and the commits that its entries name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lakehouse.delta.commit_info import CommitInfo, Step
from lakehouse.query.history import Commit

# The order of entries of the same millisecond.
_STAGES = {what: number for number, what in enumerate(("received", "in Kafka", "landed", "bronze"))}


@dataclass(frozen=True)
class Entry:
    """One entry of a timeline.

    Attributes:
        at: when it happened.
        lane: batch or stream; None for what happened before the lanes separate.
        what: received, in Kafka, landed, bronze, refused, corrected, replayed, dropped, silver, gold,
            restored or Postgres.
        details: event, coordinates, commit or row, depending on `what`.
    """

    at: datetime
    lane: str | None
    what: str
    details: dict[str, Any]


class CommitLog:
    """The commits of one table, searchable by what they wrote.

    Args:
        table: the table's full name.
        commits: its commits, in any order.
    """

    def __init__(self, table: str, commits: Iterable[Commit]) -> None:
        self._table = table
        self._commits = sorted(commits, key=lambda commit: commit.version)

    def find_by_record(self, topic: str | None, partition: int | None, offset: int | None) -> Commit | None:
        """Return the commit whose micro-batch read this record from Kafka or landing."""
        for commit in self._commits:
            for part in commit.commit_info.offsets if commit.commit_info else ():
                same = (part.topic, part.partition) == (topic, partition)
                if same and offset is not None and offset in part:
                    return commit
        return None

    def find_by_source_version(self, version: int) -> Commit | None:
        """Return the commit whose micro-batch read this version of the table's source."""
        for commit in self._commits:
            read = commit.commit_info.versions if commit.commit_info else None
            if read and read.first <= version <= read.last:
                return commit
        return None

    def find_replay(self, until: datetime) -> Commit | None:
        """Return the last commit of a replay up to a moment."""
        replays = [commit for commit in self._filter_by_step(Step.REPLAY) if commit.at <= until]
        return replays[-1] if replays else None

    def find_by_micro_batch(self, info: CommitInfo) -> Commit | None:
        """Return the commit to this table by the micro-batch or replay with this commit info."""
        same = (info.query, info.batch)
        for commit in self._commits:
            if commit.commit_info and (commit.commit_info.query, commit.commit_info.batch) == same:
                return commit
        return None

    def list_restores(self) -> list[Commit]:
        """Return the commits that restored an older version."""
        return self._filter_by_step(Step.RESTORE)

    def describe(self, commit: Commit | None) -> dict[str, Any]:
        """Return the details of a commit: table, version, run, step and code; version None for no commit."""
        if commit is None:
            return {"table": self._table, "version": None}
        info = commit.commit_info
        written_by = {"run": info.run, "step": info.step, "code": info.code or None} if info else {}
        return {"table": self._table, "version": commit.version, **written_by}

    def _filter_by_step(self, step: str) -> list[Commit]:
        return [commit for commit in self._commits if commit.commit_info and commit.commit_info.step == step]


def sort_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries in order of time; each event at the API once, though both lanes record it."""
    once: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        shared = entry.lane is None
        once.setdefault((entry.what, entry.details["event_id"]) if shared else (id(entry),), entry)
    return sorted(
        once.values(),
        key=lambda entry: (truncate_to_millisecond(entry), _STAGES.get(entry.what, len(_STAGES))),
    )


def truncate_to_millisecond(entry: Entry) -> datetime:
    """Return an entry's time in whole milliseconds: Kafka and the commit logs are no finer."""
    return entry.at.replace(microsecond=entry.at.microsecond // 1000 * 1000)
