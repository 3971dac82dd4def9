"""The data folder of a server: created once and completely, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def make_once(folder: Path, *, proof: str, build: Callable[[Path], None]) -> None:
    """Create a data folder unless a complete one exists.

    It is built under another name and renamed when it is complete, so that a crash leaves nothing that looks
    like data. An existing folder that is incomplete is moved aside, never removed.

    Args:
        folder: path of the data folder.
        proof: a file that every complete folder contains, relative to the folder.
        build: creates the contents in the empty folder that it is given.
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
