"""The environment of a worker process: the machine's, without what is meant for other programs.

A list of what is left out, not of what is let in: what a machine needs to compute and to reach its services (library
paths, CUDA, proxies, certificates, libpq's own) nobody can list.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

# Of Celery and its kin each option of a command, of numba and matplotlib each setting, can be set by a variable.
_OTHERS = ("CELERY_", "FLOWER_", "KOMBU_", "DJANGO_", "NUMBA_", "MATPLOTLIB", "MPLBACKEND")
# What of Python's own is let in: where modules lie, and how output is written. Not -O, -W, -i, a start-up file.
_PYTHON = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE"}
_PYTHON |= {"PYTHONPYCACHEPREFIX", "PYTHONFAULTHANDLER", "PYTHONNOUSERSITE", "PYTHONUSERBASE"}
# Packages of which a file of the same name is nobody's library.
_PACKAGES = {"celery", "kombu", "redis", "sqlalchemy", "alembic", "numpy", "numba", "scipy", "torch", "matplotlib"}


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment a worker process gets."""
    kept = {name: value for name, value in environment.items() if _concerns_us(name)}
    if "PYTHONPATH" in kept:
        kept["PYTHONPATH"] = os.pathsep.join(_harmless(kept["PYTHONPATH"]))
    return kept


def run_as_worker(module: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a module of ours in a process that has what a worker has. Raises subprocess.TimeoutExpired."""
    command, environment = [sys.executable, "-P", "-m", module], worker_environment(os.environ)
    # From a folder that is there: MKL does not load in one that was deleted.
    return subprocess.run(
        command, env=environment, cwd=os.sep, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def _concerns_us(name: str) -> bool:
    return name in _PYTHON or not name.startswith(("PYTHON", *_OTHERS))


def _harmless(path: str) -> Iterator[str]:
    """Yield the folders that are meant from anywhere, and in which no file takes the place of one of Python's own."""
    for entry in path.split(os.pathsep):
        folder = Path(entry)
        if folder.is_absolute() and folder.exists() and not any(map(_is_in_the_way, folder.glob("*.py"))):
            yield entry


def _is_in_the_way(module: Path) -> bool:
    return module.stem in sys.stdlib_module_names or module.stem in _PACKAGES
