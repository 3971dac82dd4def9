"""Data folders are complete or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack import data_folder


def _build(folder: Path) -> None:
    (folder / "part").write_text("built")
    (folder / "proof").touch()


def _fail(folder: Path) -> None:
    (folder / "part").write_text("half")
    raise OSError("no space left")


def test_a_whole_folder_is_never_built_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data_folder.make_once(data, proof="proof", build=_build)
    (data / "part").write_text("in use")
    data_folder.make_once(data, proof="proof", build=_build)

    assert (data / "part").read_text() == "in use"


def test_a_crash_midway_leaves_no_data_folder_and_the_next_attempt_succeeds(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(OSError, match="no space"):
        data_folder.make_once(data, proof="proof", build=_fail)
    assert not data.exists()

    data_folder.make_once(data, proof="proof", build=_build)
    assert (data / "part").read_text() == "built"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_incomplete_folder_is_put_aside_and_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for content in ("first", "second"):
        data.mkdir(exist_ok=True)
        (data / "part").write_text(content)
        (data / "proof").unlink(missing_ok=True)
        data_folder.make_once(data, proof="proof", build=_build)

    aside = sorted(tmp_path.glob("data.incomplete-*"))
    assert [(path / "part").read_text() for path in aside] == ["first", "second"]
