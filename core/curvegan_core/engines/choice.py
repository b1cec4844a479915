"""Which engine trains a job. Each is imported when it is first chosen, so that a fused training needs no torch."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import EngineUnavailable
from curvegan_core.records.checkpoint import Checkpoint

if TYPE_CHECKING:
    from curvegan_core.engines.fused.engine import FusedEngine
    from curvegan_core.engines.stacked.engine import TorchEngine

    EngineClass = type[FusedEngine] | type[TorchEngine]

_INSTALL = "`pip install 'curvegan[{}]'` brings it"


def choose(config: TrainConfig, device: str, checkpoint: Checkpoint | None = None) -> "EngineClass":
    """Return the engine of the job's checkpoint, else the one that its config names, else the best one here.

    The best is the fused engine on "cpu", where it can be had and can train the config, and the torch engine elsewhere.

    Raises:
        EngineUnavailable: the engine is not here, not in the version of the checkpoint, or not the config's.
    """
    if checkpoint is None:
        return _best(config, device) if config.engine == "auto" else _named(config.engine, config)
    origin = f"the checkpoint at step {checkpoint.step} was made by the engine {checkpoint.engine}"
    if config.engine not in ("auto", checkpoint.engine):
        raise EngineUnavailable(f"{origin}, and the job wants {config.engine}: engines round differently")
    engine = _named(checkpoint.engine, config, checkpoint.engine_version)
    if engine.version != checkpoint.engine_version:
        raise EngineUnavailable(f"{origin} {checkpoint.engine_version}, and here it is {engine.version}")
    return engine


def _best(config: TrainConfig, device: str) -> "EngineClass":
    if device == "cpu" and config.unfused is None:
        with suppress(EngineUnavailable):
            return _fused(config, None)
    return _torch(config, None)


def _named(name: str, config: TrainConfig, version: str | None = None) -> "EngineClass":
    """Return the engine of that name: in that version, if it is here, else in the newest."""
    if name not in _ENGINES:
        raise EngineUnavailable(f"this curvegan has no engine {name!r:.40}; install a newer one")
    return _ENGINES[name](config, version)


def _fused(config: TrainConfig, version: str | None) -> "EngineClass":
    try:
        from curvegan_core.engines.fused.engine import FusedEngine, engines  # noqa: PLC0415
    except ImportError as error:
        raise EngineUnavailable(f"the fused engine needs numba ({error}): {_INSTALL.format('worker')}") from None
    _check(FusedEngine, config)
    if not FusedEngine.trains(config):
        why = f"with {config.unfused}" if config.unfused else "on a processor without fused multiply-add"
        raise EngineUnavailable(f"the fused engine cannot train {why}")
    newest, *_ = able = engines(config)
    return next((engine for engine in able if engine.version == version), newest)


def _torch(config: TrainConfig, version: str | None) -> "EngineClass":
    try:
        from curvegan_core.engines.stacked.engine import TorchEngine, engine  # noqa: PLC0415
    except ImportError as error:
        raise EngineUnavailable(f"the torch engine needs torch ({error}): {_INSTALL.format('torch')}") from None
    _check(TorchEngine, config)
    return engine(config)


def _check(engine: "EngineClass", config: TrainConfig) -> None:
    if missing := engine.claims.missing(config):
        raise EngineUnavailable(f"the {engine.name} engine cannot train with {missing}")


_ENGINES: dict[str, Callable[[TrainConfig, str | None], "EngineClass"]] = {"fused": _fused, "torch": _torch}
