"""Files are written whole or not at all, and never over something by surprise."""

import os
import stat
from pathlib import Path

import pytest

from curvegan_cli.shown.files import write
from curvegan_core.errors import InvalidInput


def test_a_file_is_new_and_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write(tmp_path / "a.png", b"data", force=False)
    assert (tmp_path / "a.png").read_bytes() == b"data"
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.png", "other")}
    assert len(modes) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "other"}


def test_a_file_that_is_there_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(InvalidInput, match=r"is there already.*--force"):
        write(path, b"new", force=False)
    assert path.read_bytes() == b"old"
    write(path, b"new", force=True)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("name", "said"),
    [("folder", "is a folder"), ("none/a.png", "there is no folder"), ("pipe", "no regular file"), ("link", "link")],
)
def test_a_surprising_place_is_refused(tmp_path: Path, name: str, said: str, force: bool) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = {*tmp_path.rglob("*")}
    with pytest.raises(InvalidInput, match=said):
        write(tmp_path / name, b"data", force)
    assert {*tmp_path.rglob("*")} == before


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        write(tmp_path / ("x" * 300), b"data", force=False)
    assert list(tmp_path.iterdir()) == []
