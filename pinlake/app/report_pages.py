"""Pages of the quality report, which show examples of rejected records: search and removal."""

from __future__ import annotations

from pathlib import Path

from foundation.data_subjects import Subjects
from foundation.object_store import ObjectStore
from foundation.settings import Settings

FOLDER = "quality-report"


def find_mentions(store: ObjectStore, settings: Settings, subjects: Subjects) -> list[Path | str]:
    """Return the pages that mention a subject: paths under PINLAKE_HOME and keys of objects in the bucket.

    Pages that were written elsewhere or copied are not found. Costs a read of every HTML object.
    """
    keys = (key for key in store.list_keys() if key.endswith(".html"))
    stored = (key for key in keys if subjects.are_mentioned_in(store.read(key) or b""))
    here = (page for page in _folder(settings).glob("*.html") if subjects.are_mentioned_in(page.read_bytes()))
    return [*here, *stored]


def remove(store: ObjectStore, pages: list[Path | str]) -> None:
    """Remove pages; `pinlake quality report` writes them again from the tables."""
    for page in pages:
        if isinstance(page, Path):
            page.unlink(missing_ok=True)
        else:
            store.delete(page)


def _folder(settings: Settings) -> Path:
    return settings.home / FOLDER
