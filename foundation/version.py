"""The version of the running code: the package's version and, if it is known, the git revision."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# Written when a wheel or an image is built, because neither contains a repository.
_REVISION_FILE = _ROOT / "pinlake" / "REVISION"
_DIGITS = 12


@cache
def code_version() -> str:
    """Return e.g. 0.1.0+g1a2b3c4d5e6f, or just the version if the revision is not known.

    In a checkout it is the revision that is checked out, whatever has been changed since. Costs two reads of
    small files; git itself is not needed.
    """
    revision = _text(_REVISION_FILE) or checkout_revision(_ROOT)
    version = metadata.version("pinlake")
    return f"{version}+g{revision[:_DIGITS]}" if revision else version


def checkout_revision(root: Path) -> str | None:
    """Return the revision of a checkout, or None if the folder is not a checkout."""
    git = root / ".git"
    if git.is_file():  # an additional worktree: the file names the folder
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
