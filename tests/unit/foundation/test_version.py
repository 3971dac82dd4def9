"""The version of the code, with the git revision if it is known."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from foundation import version

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def git(tmp_path: Path) -> Path:
    """The folder .git of a checkout of main whose revision is only in packed-refs."""
    folder = tmp_path / ".git"
    folder.mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "packed-refs").write_text(
        f"# pack-refs with: peeled\n{NEW} refs/heads/other\n{OLD} refs/heads/main\n"
    )
    return folder


def test_a_branch_is_followed_wherever_its_revision_is_kept(git: Path) -> None:
    assert version.checkout_revision(git.parent) == OLD
    (git / "refs/heads").mkdir(parents=True)
    (git / "refs/heads/main").write_text(f"{NEW}\n")
    assert version.checkout_revision(git.parent) == NEW


def test_a_revision_may_be_checked_out_by_itself(git: Path) -> None:
    (git / "HEAD").write_text(f"{NEW}\n")
    assert version.checkout_revision(git.parent) == NEW


def test_a_further_worktree_has_a_branch_of_its_own(git: Path, tmp_path: Path) -> None:
    own = git / "worktrees/second"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/other\n")
    (own / "commondir").write_text("../..\n")
    second = tmp_path / "second"
    second.mkdir()
    (second / ".git").write_text(f"gitdir: {own}\n")

    assert version.checkout_revision(second) == NEW


def test_without_a_repository_there_is_none(tmp_path: Path) -> None:
    assert version.checkout_revision(tmp_path) is None


def test_a_wheel_names_what_was_written_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    baked = tmp_path / "REVISION"
    baked.write_text(NEW)
    monkeypatch.setattr(version, "_REVISION_FILE", baked)
    version.code_version.cache_clear()
    try:
        assert version.code_version() == f"{metadata.version('pinlake')}+g{NEW[:12]}"
    finally:
        version.code_version.cache_clear()
