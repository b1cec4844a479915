"""What the fused engine's README says is there: functions, buffers, and a program that runs."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from curvegan_core.engines import fused
from curvegan_core.engines.fused.deep.layout import DeepWork
from curvegan_core.engines.fused.layout import Work

_TEXT = Path(fused.__file__).with_name("README.md").read_text()
_FOLDER = Path(fused.__file__).parent
_KEEP = """
import sys
from pathlib import Path

from curvegan_core.engines.fused.engine import CODE

CODE.keep_in(Path(sys.argv[1]))
"""
_FILES = [file.relative_to(_FOLDER) for file in _FOLDER.rglob("*.py") if file.stem != "__init__"]
_MODULES = {str(file.with_suffix("")) for file in _FILES}


def test_every_function_that_it_names_is_there() -> None:
    names = [
        match.groups()
        for match in re.finditer(r"`([\w/]+)\.(\w+)`", _TEXT)
        if match[1] in _MODULES and match[2] != "py"
    ]
    assert len(names) > 30
    for module, name in names:
        assert hasattr(import_module(f"curvegan_core.engines.fused.{module.replace('/', '.')}"), name), (
            f"{module}.{name}"
        )


def test_it_has_every_file_and_every_buffer() -> None:
    table = "\n".join(line for line in _TEXT.splitlines() if line.startswith("| `"))
    for name in (*(f"{module}.py" for module in _MODULES), *Work._fields, *DeepWork._fields):
        assert f"`{name}`" in table, name


def test_the_files_and_tests_that_it_names_are_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", _TEXT)
    assert links
    assert all((_FOLDER / link).resolve().is_file() for link in links)
    tests = set(re.findall(r"test_fused_\w+|test_losses", _TEXT))
    there = {path.stem for path in Path(__file__).parents[1].rglob("test_*.py")}
    assert tests - there == set()


def test_its_program_compares_a_step_with_the_torch_engine(fused_code: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", _TEXT, re.DOTALL)
    command = [sys.executable, "-c", _KEEP + program, str(fused_code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, *differences = done.stdout.splitlines()
    assert len(differences) == 8
    for line in differences:
        name, difference = line.split()
        assert float(difference) == pytest.approx(0, abs=1e-7), name
