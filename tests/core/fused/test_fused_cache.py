"""Machine code is compiled once, by one of many processes, from the sources as they are, for its owner alone.

All that is shown of the cache is shown with a small kernel, which compiles in no time. That the fused engine's own code
gives the same numbers from the folder and in any vector width is in `test_fused_code`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from curvegan_core.engines.fused.cache import MachineCode

# As the engine's code it lies in two files, of which numba sees only the one with the entry.
_HELPER = """
import numpy as np
from curvegan_core.engines.fused.vectors import compiled, fma

@compiled
def plus(x):
    return fma(x, x, np.float32(1))
"""
_KERNEL = """
from curvegan_core.engines.fused.vectors import entry
from helper import plus

@entry
def run(x, out):
    for row in range(len(x)):
        out[row] = plus(x[row])
"""
_RUN = """
import sys
from pathlib import Path

import numpy as np
from numba.core import config

sys.path.insert(0, sys.argv[1])
import helper, kernel
from curvegan_core.engines.fused.cache import MachineCode

code = MachineCode(kernel.run, [Path(module.__file__) for module in (helper, kernel)])
if sys.argv[2:]:
    code.keep_in(*map(Path, sys.argv[2:]))
x, out = np.arange(100, dtype=np.float32), np.zeros(100, np.float32)
print("ready", flush=True)
sys.stdin.readline()
others = config.OPT, config.CACHE_DIR
code.load(x, out)(x, out)
assert (config.OPT, config.CACHE_DIR) == others, "numba's settings are changed for everybody"
print(int(out.sum()), code.was_kept)
"""
SQUARES = int(np.sum(np.arange(100) ** 2))
COMPILED, KEPT = (SQUARES + 100, False), (SQUARES + 100, True)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small kernel's two files."""
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def kept(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has the small kernel's code."""
    folder = tmp_path_factory.mktemp("kept")
    assert run(sources, folder) == COMPILED
    return folder


def write_sources(folder: Path, helper: str = _HELPER) -> Path:
    (folder / "helper.py").write_text(helper)
    (folder / "kernel.py").write_text(_KERNEL)
    return folder


def run_together(sources: Path, folders: Sequence[Path], processes: int) -> list[tuple[int, bool]]:
    """Return the kernel's result and whether its code was kept, of processes that all load it at one moment.

    Folders are none, that of the code, or that and another one with shipped code.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _RUN, str(sources), *map(str, folders)]
    # All wait for the end of one pipe.
    waiting, starting = os.pipe()
    started = [
        subprocess.Popen(command, env=environment, text=True, stdin=waiting, stdout=subprocess.PIPE)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    os.close(starting)
    os.close(waiting)
    words = [process.communicate(timeout=60)[0].split() for process in started]
    return [(int(number), was_kept == "True") for number, was_kept in words]


def run(sources: Path, *folders: Path) -> tuple[int, bool]:
    (result,) = run_together(sources, folders, 1)
    return result


def copy_code(source: Path, target: Path) -> None:
    for file in source.rglob("*.nb?"):
        copied = target / file.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(file.read_bytes())


def test_of_processes_that_start_together_one_compiles(sources: Path, tmp_path: Path) -> None:
    assert sorted(run_together(sources, [tmp_path], 3)) == [COMPILED, KEPT, KEPT]
    assert len(list(tmp_path.rglob("*.nbc"))) == 1


def test_an_edit_of_any_source_compiles_once_more_and_leaves_the_old_code(kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    copy_code(kept, folder)
    edited = write_sources(tmp_path, _HELPER.replace("float32(1)", "float32(2)"))
    assert sorted(run_together(edited, [folder], 2)) == [(SQUARES + 200, False), (SQUARES + 200, True)]
    assert len(list(folder.rglob("*.nbc"))) == 2


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    write_sources(tmp_path)
    assert run(tmp_path) == COMPILED
    assert not list(tmp_path.rglob("*.nb?"))


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
def test_a_file_that_is_cut_off_is_made_anew(ending: str, sources: Path, kept: Path, tmp_path: Path) -> None:
    """A power cut may leave one; it must not stop every job after it."""
    copy_code(kept, tmp_path)
    for file in tmp_path.rglob(f"*.{ending}"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 if ending == "nbi" else 0])
    assert run(sources, tmp_path) == COMPILED
    assert run(sources, tmp_path) == KEPT


def test_code_that_came_with_the_installation_is_copied(sources: Path, kept: Path, tmp_path: Path) -> None:
    shipped, folder = tmp_path / "shipped", tmp_path / "folder"
    copy_code(kept, shipped)
    assert run(sources, folder, shipped) == KEPT
    assert {file.name for file in shipped.rglob("*.nb?")} == {file.name for file in folder.rglob("*.nb?")}
    assert run(sources, folder, tmp_path / "none") == KEPT


def some_code() -> MachineCode:
    return MachineCode(lambda: None, [Path(__file__)])


def test_the_folder_is_its_owners_alone_and_must_be_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        some_code().keep_in(tmp_path / "file")
    some_code().keep_in(tmp_path / "code")
    (made,) = (tmp_path / "code").iterdir()
    assert made.stat().st_mode & 0o777 == 0o700


def test_code_that_others_could_have_written_is_not_used(tmp_path: Path) -> None:
    some_code().keep_in(tmp_path)
    (made,) = tmp_path.iterdir()
    for mode in (0o777, 0o720):
        made.chmod(mode)
        with pytest.raises(PermissionError, match="others can write there"):
            some_code().keep_in(tmp_path)
