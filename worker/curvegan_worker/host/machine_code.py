"""The fused engine's machine code, ready before a worker claims anything. Knows where it is kept, not how it is made.

It is kept in the user's cache folder, so that a machine compiles once for each version. A container keeps nothing for
long: `python -m curvegan_worker.host.machine_code` compiles when its image is built, into the installation.
"""

import logging
import sys
import time
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from curvegan_core.config.train import TrainConfig

SHIPPED = Path(sys.prefix) / "share" / "curvegan" / "fused"
_log = logging.getLogger("curvegan.code")


def prepare(folder: Path | None = None) -> None:
    """Load the code of one hidden layer, or wait some seconds for the compiler and say so.

    That of deeper networks is compiled into the same folder when a job first needs it.
    """
    try:
        from curvegan_core.engines.fused import engine as fused_engine  # noqa: PLC0415  a machine without numba has torch
    except ImportError as error:
        _log.warning("numba cannot be used (%s): jobs train with torch, which takes far longer", error)
        return
    if not fused_engine.FusedEngine.trains(TrainConfig()):
        _log.warning("this processor has no fused multiply-add: jobs train with torch, which takes far longer")
        return
    folder = folder or user_cache_path("curvegan") / "fused"
    try:
        fused_engine.keep_in(folder, SHIPPED)
    except OSError as error:
        _log.warning("the fused engine's code cannot be kept (%s): each process compiles it", error)
    started = time.monotonic()
    fused_engine.FusedEngine.prepare()
    if not fused_engine.CODE.was_kept:
        _log.info("the fused engine is compiled, in %.0f s; its code is in %s", time.monotonic() - started, folder)


def prepare_deep() -> None:
    """Compile the code of deeper networks too, into the folder that `prepare` named."""
    with suppress(ImportError):
        from curvegan_core.engines.fused.engine import DeepEngine  # noqa: PLC0415  as above

        if DeepEngine.trains(TrainConfig()):
            DeepEngine.prepare()


if __name__ == "__main__":
    prepare(SHIPPED)
    prepare_deep()
