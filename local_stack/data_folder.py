"""A server's data folder: made once and whole, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def make_once(folder: Path, *, proof: str, build: Callable[[Path], None]) -> None:
    """Make a data folder unless a whole one is there.

    It is built under another name and renamed when it is whole, so that a crash midway leaves nothing that
    looks like data. A folder that others left incomplete is put aside, never removed.

    Args:
        folder: where the data shall be.
        proof: a file that every whole folder holds, relative to it.
        build: makes the contents in the empty folder it is given.
    """
    if (folder / proof).is_file():
        return
    draft = folder.with_name(f"{folder.name}.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700, parents=True)
    build(draft)
    if folder.exists():
        folder.rename(_free_name(folder))
    draft.rename(folder)


def _free_name(folder: Path) -> Path:
    number = 1
    while (name := folder.with_name(f"{folder.name}.incomplete-{number}")).exists():
        number += 1
    return name
