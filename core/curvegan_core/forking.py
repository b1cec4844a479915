"""A training that goes on from the state of another one with a config of its own."""

from dataclasses import replace
from typing import Any

from curvegan_core.config.keys import STATE, numbers
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.choice import choose
from curvegan_core.errors import EngineUnavailable, InvalidConfig
from curvegan_core.networks import shapes
from curvegan_core.optimisers import kept_shapes
from curvegan_core.records.checkpoint import Checkpoint


def check_fork(parent: TrainConfig, fork: TrainConfig) -> None:
    """Raise InvalidConfig where a fork changes a key that it may not, with the reason."""
    same = layout(parent) == layout(fork)
    for name, declared in fork.KEYS.items():
        changed = getattr(parent, name) != getattr(fork, name) and not name.startswith("fork_")
        if changed and declared.fixed and not (declared.fixed is STATE and same):
            raise InvalidConfig(
                f"a fork cannot change {name}: {declared.fixed}; `curvegan submit --from ID` starts a new job with it"
            )


def layout(config: TrainConfig) -> dict[str, Any]:
    """Return the shapes of all tensors of a state, by group and name."""
    average = [name for name in shapes(config) if config.ema and name.startswith("generator.")]
    return {"weights": shapes(config), "ema": average, **kept_shapes(config)}


def forked(state: Checkpoint, config: TrainConfig) -> Checkpoint:
    """Return the state as the start of a fork: the same tensors, under the fork's config.

    The engine that made it goes on where it can; where it cannot train the config, the one of a new job takes over.
    Raises EngineUnavailable where neither is here.
    """
    engine, version = state.engine, state.engine_version
    device = "cuda" if config.device.startswith("cuda") else "cpu"
    try:
        choose(config, device, state)
    except EngineUnavailable:
        chosen = choose(config, device)
        engine, version = chosen.name, chosen.version
    return replace(state, config_hash=config.hash, keys=numbers(config), engine=engine, engine_version=version)
