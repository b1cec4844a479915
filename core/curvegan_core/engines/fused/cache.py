"""Machine code of a numba function, compiled once a machine and version. Knows nothing of what it computes.

Compiling takes some seconds. With a folder named by `keep_in` the code is kept there, in a subfolder named by all that
it was made of: the sources and the compiler. (numba adds the processor; of the sources it would only see one file.) A
process that finds another one compiling waits for it. Without a folder each process compiles for itself.
"""

# mypy: disable-error-code="import-untyped,no-untyped-call,attr-defined"
# numba has types for some of what it offers, llvmlite has none.

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import config as numba_config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

# The kernels are vectors already, and LLVM's higher levels make no step faster: numba's 3 compiles for a third longer.
_LEVEL = 1
_log = logging.getLogger("curvegan.code")


class MachineCode:
    """The machine code of one function, for arguments of the types that the first call brings."""

    def __init__(self, function: Callable[..., None], sources: Sequence[Path]) -> None:
        """Take a function that `vectors.entry` made, and every file whose text is compiled with it."""
        # A numba dispatcher in fact: mypy sees the function that it was made from.
        self._function: Any = function
        self._sources = sources
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._shipped: Path | None = None
        self._compiled = False

    def keep_in(self, folder: Path, shipped: Path | None = None) -> None:
        """Name the folder for the code, before it is first loaded.

        Code is executed from there, so the subfolder is made for its owner alone. What another folder of this kind,
        which came with the installation, has of this code is copied instead of made.

        Raises:
            OSError: the subfolder cannot be made or written to, or others can write there.
        """
        name = self._digest()
        own = folder / name
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = own.stat()
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EPERM, "others can write there", str(own))
        self._folder, self._shipped = own, shipped and shipped / name

    def load(self, *args: Any) -> Callable[..., None]:
        """Return the function, ready for arguments of these types. Later calls must bring the same types."""
        with self._lock:
            if not self._compiled:
                with _optimised(_LEVEL):
                    self._compile(tuple(map(numba.typeof, args)))
                self._compiled = True
        function: Callable[..., None] = self._function
        return function

    @property
    def was_kept(self) -> bool:
        """Whether this process found the code in the folder."""
        return bool(self._function.stats.cache_hits)

    @property
    def _name(self) -> str:
        return str(self._function.__name__)

    def _is_kept(self) -> bool:
        return self._folder is not None and any(self._folder.rglob(f"*.{self._name}-*.nbi"))

    def _digest(self) -> str:
        digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
        for source in self._sources:
            digest.update(source.read_bytes())
        return digest.hexdigest()[:16]

    def _compile(self, signature: tuple[Any, ...]) -> None:
        if self._folder is None:
            self._function.compile(signature)
            return
        # Each function has a lock of its own: who needs one does not wait for the compiler of another.
        with _alone(self._folder / f"{self._name}.lock"):
            if self._shipped and not self._is_kept():
                _copy(self._shipped, self._folder)
            if not self._is_kept():
                _log.info("compiling the fused engine's %s, once a machine and version", self._name)
            self._use(self._folder)
            try:
                self._function.compile(signature)
            except Exception:  # noqa: BLE001  a file that a crash cut off can make numba raise anything; a full disk OSError
                _forget(self._folder)
                self._function.compile(signature)

    def _use(self, folder: Path) -> None:
        """Let numba keep the code there. It takes the folder from its own settings, which stay as they were."""
        before, numba_config.CACHE_DIR = numba_config.CACHE_DIR, str(folder)
        try:
            self._function.enable_caching()
        finally:
            numba_config.CACHE_DIR = before


@contextmanager
def _optimised(level: int) -> Iterator[None]:
    """Let LLVM optimise at this level. It is a setting of all of numba, so nobody else compiles meanwhile."""
    with global_compiler_lock:
        cpu_target.target_context  # noqa: B018  made when it is first asked for, with the level of then: not with ours
        before, numba_config.OPT = numba_config.OPT, level
        try:
            yield
        finally:
            numba_config.OPT = before


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process is inside. The kernel opens the lock of a process that dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _copy(source: Path, target: Path) -> None:
    """Copy all code; what cannot be copied will be compiled."""
    with suppress(OSError):
        for file in source.rglob("*.nb?"):
            copied = target / file.relative_to(source)
            copied.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(file, copied)


def _forget(folder: Path) -> None:
    """Delete all code in the folder."""
    for file in [*folder.rglob("*.nbi"), *folder.rglob("*.nbc")]:
        file.unlink()
