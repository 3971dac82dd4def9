"""Which code this is: the package's version and, where it can be known, the git revision."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# Written by whoever builds a wheel or an image: neither carries a repository.
_BAKED = _ROOT / "pinlake" / "REVISION"
_SHOWN = 12


@cache
def code() -> str:
    """Return such as 0.1.0+g1a2b3c4d5e6f, or the version alone. Costs two small files; git need not be there.

    Of a checkout it is the revision that is checked out, whatever has been changed since.
    """
    revision = _text(_BAKED) or of_checkout(_ROOT)
    version = metadata.version("pinlake")
    return f"{version}+g{revision[:_SHOWN]}" if revision else version


def of_checkout(root: Path) -> str | None:
    """Return the revision that a checkout is at, or None if the folder is none."""
    git = root / ".git"
    if git.is_file():  # of a further worktree: it names its folder
        git = root / (_text(git) or "").removeprefix("gitdir:").strip()
    head = _text(git / "HEAD") or ""
    if not head.startswith("ref:"):
        return head or None
    name = head.removeprefix("ref:").strip()
    common = git / (_text(git / "commondir") or "")
    return _text(git / name) or _text(common / name) or _packed(common / "packed-refs", name)


def _packed(file: Path, name: str) -> str | None:
    lines = (line.split() for line in (_text(file) or "").splitlines())
    return next((line[0] for line in lines if line[1:] == [name]), None)


def _text(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None
