"""What can train on this machine, and the fused engine's machine code, ready before a worker claims anything.

The code is kept in the user's cache folder, so that a machine compiles once for each version. A container keeps nothing
for long: `python -m curvegan_worker.host.machine_code` compiles when its image is built, into the installation.
"""

import logging
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import ServiceUnavailable

SHIPPED = Path(sys.prefix) / "share" / "curvegan" / "fused"
_log = logging.getLogger("curvegan.code")


class NoEngine(ServiceUnavailable):
    """Nothing that trains is installed here."""


def engines(device: str) -> tuple[str, ...]:
    """Return the engines that train on the device. One that is missing costs a line. Raises NoEngine."""
    why, torch = fused_problem(), find_spec("torch") is not None
    if why and not torch:
        raise NoEngine(f"no engine can train here: {why}, and torch is not installed; `pip install 'curvegan[worker]'`")
    if why:
        _log.warning("%s: jobs train with torch, which takes far longer", why)
    elif not torch:
        _log.info("torch is not installed: jobs that need it wait for a worker that has it")
    return (*(() if why else ("fused",)), *(("torch",) if torch else ()))


def prepare(folder: Path | None = None) -> None:
    """Load the code of one hidden layer, or wait some seconds for the compiler and say so.

    That of deeper networks is compiled into the same folder when a job first needs it.
    """
    from curvegan_core.engines.fused import engine as fused_engine  # noqa: PLC0415  it needs numba

    folder, started = keep(folder), time.monotonic()
    fused_engine.FusedEngine.prepare()
    if not fused_engine.CODE.was_kept:
        _log.info("the fused engine is compiled, in %.0f s; its code is in %s", time.monotonic() - started, folder)


def keep(folder: Path | None = None) -> Path:
    """Have code kept in a folder, the user's for all processes without one, once it is needed; the folder."""
    from curvegan_core.engines.fused import engine as fused_engine  # noqa: PLC0415  as above

    folder = folder or user_cache_path("curvegan") / "fused"
    try:
        fused_engine.keep_in(folder, SHIPPED)
    except OSError as error:
        _log.warning("the fused engine's code cannot be kept (%s): each process compiles it", error)
    return folder


def prepare_deep() -> None:
    """Compile the code of deeper networks too, into the folder that `prepare` named."""
    from curvegan_core.engines.fused.engine import DeepEngine  # noqa: PLC0415  as above

    if DeepEngine.trains(TrainConfig()):
        DeepEngine.prepare()


def fused_problem() -> str | None:
    """Return why the fused engine cannot train here, None where it can."""
    try:
        from curvegan_core.engines.fused.engine import FusedEngine  # noqa: PLC0415  a machine without numba has torch
    except ImportError as error:
        return f"numba cannot be used ({error})"
    return None if FusedEngine.trains(TrainConfig()) else "this processor has no fused multiply-add"


if __name__ == "__main__" and "fused" in engines("cpu"):
    prepare(SHIPPED)
    prepare_deep()
