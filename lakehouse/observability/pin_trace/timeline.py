"""What happened to one pin, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lakehouse.delta.commit_info import CommitInfo, Step
from lakehouse.query.history import Commit

# What comes first of what is of the same millisecond.
_STAGES = {what: number for number, what in enumerate(("received", "in Kafka", "landed", "bronze"))}


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    Attributes:
        at: when.
        lane: batch or stream; None where it is before the lanes part.
        what: received, in Kafka, landed, bronze, refused, corrected, replayed, dropped, silver, gold,
            restored or Postgres.
        details: what is known of it.
    """

    at: datetime
    lane: str | None
    what: str
    details: dict[str, Any]


class CommitLog:
    """The commits of one table, asked which of them has written something.

    Args:
        table: its full name.
        commits: newest first.
    """

    def __init__(self, table: str, commits: Iterable[Commit]) -> None:
        self._table = table
        self._commits = sorted(commits, key=lambda commit: commit.version)

    def find_by_record(self, topic: str | None, partition: int | None, offset: int | None) -> Commit | None:
        """Return the commit of the micro-batch that has taken this record from Kafka or landing."""
        for commit in self._commits:
            for part in commit.commit_info.offsets if commit.commit_info else ():
                same = (part.topic, part.partition) == (topic, partition)
                if same and offset is not None and offset in part:
                    return commit
        return None

    def find_by_source_version(self, version: int) -> Commit | None:
        """Return the commit of the micro-batch that has read this version of the table before."""
        for commit in self._commits:
            read = commit.commit_info.versions if commit.commit_info else None
            if read and read.first <= version <= read.last:
                return commit
        return None

    def find_replay(self, until: datetime) -> Commit | None:
        """Return the last commit of a replay until a moment."""
        done = [commit for commit in self._by_step(Step.REPLAY) if commit.at <= until]
        return done[-1] if done else None

    def find_by_micro_batch(self, info: CommitInfo) -> Commit | None:
        """Return the commit that the same micro-batch, or the same replay, has made in this table."""
        same = (info.query, info.batch)
        for commit in self._commits:
            if commit.commit_info and (commit.commit_info.query, commit.commit_info.batch) == same:
                return commit
        return None

    def list_restores(self) -> list[Commit]:
        """Return the commits that have brought an older version back."""
        return self._by_step(Step.RESTORE)

    def describe(self, commit: Commit | None) -> dict[str, Any]:
        """Return what an entry says of a commit: table, version, run and code."""
        if commit is None:
            return {"table": self._table, "version": None}
        info = commit.commit_info
        known = {"run": info.run, "step": info.step, "code": info.code or None} if info else {}
        return {"table": self._table, "version": commit.version, **known}

    def _by_step(self, step: str) -> list[Commit]:
        return [commit for commit in self._commits if commit.commit_info and commit.commit_info.step == step]


def sort_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries by time; what both lanes tell of the door is told once."""
    once: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        shared = entry.lane is None
        once.setdefault((entry.what, entry.details["event_id"]) if shared else (id(entry),), entry)
    return sorted(
        once.values(),
        key=lambda entry: (truncate_to_millisecond(entry), _STAGES.get(entry.what, len(_STAGES))),
    )


def truncate_to_millisecond(entry: Entry) -> datetime:
    """Return when it was to the millisecond, which is all that Kafka and the logs tell."""
    return entry.at.replace(microsecond=entry.at.microsecond // 1000 * 1000)
