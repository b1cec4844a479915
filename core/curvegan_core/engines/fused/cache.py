"""The fused engine's machine code, compiled once a machine and version. Knows nothing of what it computes.

Compiling takes some seconds. With a folder named by `keep_code_in` the code is kept there, in a subfolder named by all
that it was made of: the engine's sources and the compiler. (numba adds the processor; of the sources it would only see
one file.) A process that finds another one compiling waits for it. Without a folder each process compiles for itself.
"""

# mypy: disable-error-code="import-untyped,no-untyped-call,attr-defined"
# numba has types for some of what it offers, llvmlite has none.

import errno
import fcntl
import hashlib
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import config as numba_config

from curvegan_core.engines.fused import step as fused_step

_run: Any = fused_step.run
_LOCK = "lock"
_lock = threading.Lock()
_folder: Path | None = None
_shipped: Path | None = None
_compiled = False


def keep_code_in(folder: Path, shipped: Path | None = None) -> None:
    """Name the folder for machine code, before the first engine is made.

    Code is executed from it, so it is made for its owner alone. Raises OSError when it cannot be made or written to, or
    when others can.
    What another folder of this kind, which came with the installation, has of this code is copied instead of made.
    """
    global _folder, _shipped
    made = folder / _digest()
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = made.stat()
    if about.st_uid != os.geteuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(errno.EPERM, "others can write there", str(made))
    (made / _LOCK).touch()
    _folder, _shipped = made, shipped and shipped / _digest()


def load(*args: Any) -> Callable[..., None]:
    """Return `fused_step.run`, ready for arguments of these types, which are the same for all jobs."""
    global _compiled
    with _lock:
        if not _compiled:
            _compile(tuple(map(numba.typeof, args)))
            _compiled = True
    run: Callable[..., None] = _run
    return run


def was_kept() -> bool:
    """Whether this process found the code in the folder."""
    return bool(_run.stats.cache_hits)


def _compile(signature: tuple[Any, ...]) -> None:
    if _folder is None:
        _run.compile(signature)
        return
    with _alone(_folder / _LOCK):
        if _shipped and not any(_folder.rglob("*.nbi")):
            _copy(_shipped, _folder)
        _cached(_folder)
        try:
            _run.compile(signature)
        except Exception:  # noqa: BLE001  a file that a crash cut off can make numba raise anything; a full disk OSError
            _forget(_folder)
            _run.compile(signature)


def _copy(source: Path, target: Path) -> None:
    """Copy all code; files that cannot be copied are made."""
    with suppress(OSError):
        for file in source.rglob("*.nb?"):
            copied = target / file.relative_to(source)
            copied.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(file, copied)


def _forget(folder: Path) -> None:
    """Delete all code in the folder."""
    for file in [*folder.rglob("*.nbi"), *folder.rglob("*.nbc")]:
        file.unlink()


def _cached(folder: Path) -> None:
    """Let numba keep the code there. It takes the folder from its own settings, which stay as they were."""
    before, numba_config.CACHE_DIR = numba_config.CACHE_DIR, str(folder)
    try:
        _run.enable_caching()
    finally:
        numba_config.CACHE_DIR = before


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process is inside."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
