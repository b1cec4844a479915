"""A file that cannot be written whole is not there at all, and a link is replaced, never followed."""

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from curvegan_cli.shown.files import write
from curvegan_core.errors import InvalidInput


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As a full disk: writing more than `size` bytes fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, force: bool) -> None:
    path = tmp_path / "a.png"
    if force:
        path.write_bytes(b"old")
    with largest_file(1000), pytest.raises(InvalidInput, match=r"a\.png cannot be written: File too large"):
        write(path, b"x" * 100_000, force)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([b"old"] if force else [])


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.png", b"data", force=False)
    assert list(tmp_path.iterdir()) == []


def test_force_replaces_a_link_and_leaves_its_target(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a.png").symlink_to("precious")
    write(tmp_path / "a.png", b"new", force=True)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "a.png").is_symlink()
    assert (tmp_path / "a.png").read_bytes() == b"new"


def test_a_file_that_appears_in_between_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    monkeypatch.setattr("os.fsync", lambda _: path.write_bytes(b"somebody else's"))
    with pytest.raises(InvalidInput, match="is there already"):
        write(path, b"data", force=False)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"somebody else's"]


def test_a_part_file_of_another_process_is_left_alone(tmp_path: Path) -> None:
    """A killed process leaves its part file; one with the same id, in another container, must not trip over it."""
    (tmp_path / ".curvegan-1.part").write_bytes(b"half")
    write(tmp_path / "a.png", b"data", force=False)
    assert {each.name for each in tmp_path.iterdir()} == {".curvegan-1.part", "a.png"}
    assert stat.S_ISREG((tmp_path / "a.png").stat().st_mode)
