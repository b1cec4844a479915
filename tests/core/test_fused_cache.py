"""The fused engine's code is compiled once, and a job's numbers are the same in every process and vector width."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from curvegan_core.engines.fused import cache as fused_cache
from curvegan_core.engines.fused.vectors import LANES

_TRAIN = """
import sys
from pathlib import Path

from curvegan_core.engines.fused.cache import keep_code_in, was_kept
from curvegan_core.engines.fused.vectors import LANES
from tests.core.fused import a_config, fused, joined, train
from hashlib import sha256

if sys.argv[1]:
    keep_code_in(*map(Path, sys.argv[1:]))
digest = sha256()
for shape, loss in (("odd", "ns"), ("large", "hinge"), ("default", "rpgan")):
    engine = fused(a_config(shape, loss=loss, r1=0.1, lr=1e-3))
    for series in joined(train(engine, 1, [200])).values():
        digest.update(series.tobytes())
    for tensor in engine.state(0).weights.values():
        digest.update(tensor.tobytes())
print(digest.hexdigest(), was_kept(), LANES)
"""
_NARROWER = {8: "+avx2,+fma", 4: "+fma"}


def start(folder: Path | str, features: str | None = None, shipped: Path | None = None) -> "subprocess.Popen[str]":
    """Train in a process of its own. Features are those of a processor to compile for, else it is this one."""
    settings = {} if features is None else {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": features}
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _TRAIN, str(folder), *([str(shipped)] if shipped else [])]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def result(process: "subprocess.Popen[str]") -> tuple[str, bool, int]:
    """Return the digest of all numbers, whether the code was found in the folder, and the vector's lanes."""
    out, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    digest, kept, lanes = out.split()
    return digest, kept == "True", int(lanes)


@pytest.fixture(scope="module")
def expected(fused_code: Path) -> str:
    return result(start(fused_code))[0]


def test_two_processes_compile_once_and_agree(tmp_path: Path, expected: str) -> None:
    found = [result(process) for process in [start(tmp_path), start(tmp_path)]]
    assert {digest for digest, _, _ in found} == {expected}
    assert sorted(kept for _, kept, _ in found) == [False, True]
    assert len(list(tmp_path.rglob("*.nbc"))) == 1


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names features of x86 processors")
@pytest.mark.parametrize("lanes", [lanes for lanes in _NARROWER if lanes < LANES])
def test_narrower_vectors_give_the_same_numbers(lanes: int, fused_code: Path, expected: str) -> None:
    digest, _, found = result(start(fused_code, _NARROWER[lanes]))
    assert found == lanes
    assert digest == expected


def test_without_a_folder_nothing_is_written(tmp_path: Path, expected: str) -> None:
    before = set(Path(fused_cache.__file__).parent.rglob("*.nb?"))
    digest, kept, _ = result(start(""))
    assert (digest, kept) == (expected, False)
    assert set(Path(fused_cache.__file__).parent.rglob("*.nb?")) == before


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
def test_a_file_that_is_cut_off_is_made_anew(ending: str, tmp_path: Path, fused_code: Path, expected: str) -> None:
    """A power cut may leave one; it must not stop every job after it."""
    copy_code(fused_code, tmp_path)
    for file in tmp_path.rglob(f"*.{ending}"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 if ending == "nbi" else 0])
    digest, kept, _ = result(start(tmp_path))
    assert (digest, kept) == (expected, False)
    assert result(start(tmp_path))[:2] == (expected, True)


def copy_code(source: Path, target: Path) -> None:
    for file in source.rglob("*.nb?"):
        copied = target / file.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(file.read_bytes())


def test_code_that_came_with_the_installation_is_copied(tmp_path: Path, fused_code: Path, expected: str) -> None:
    shipped, folder = tmp_path / "shipped", tmp_path / "folder"
    copy_code(fused_code, shipped)
    assert result(start(folder, shipped=shipped)) == (expected, True, LANES)
    assert {file.name for file in shipped.rglob("*.nb?")} == {file.name for file in folder.rglob("*.nb?")}
    assert result(start(folder, shipped=tmp_path / "none"))[:2] == (expected, True)


def test_the_folder_is_its_owners_alone_and_must_be_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        fused_cache.keep_code_in(tmp_path / "file")
    folder = tmp_path / "code"
    assert name(folder).returncode == 0
    (made,) = folder.iterdir()
    assert made.stat().st_mode & 0o777 == 0o700


def test_code_that_others_could_have_written_is_not_used(tmp_path: Path) -> None:
    assert name(tmp_path).returncode == 0
    (made,) = tmp_path.iterdir()
    for mode in (0o777, 0o720):
        made.chmod(mode)
        assert "others can write there" in name(tmp_path).stderr


def name(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Name the folder for code in a process of its own."""
    program = "import sys, pathlib; from curvegan_core.engines.fused.cache import keep_code_in"
    program += "; keep_code_in(pathlib.Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
