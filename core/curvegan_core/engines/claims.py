"""What an engine claims to train. What it does not claim is refused by name, never trained as something else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from curvegan_core.config.train import TrainConfig

# Keys of the config that say nothing about a step: who trains calls an engine by them, whatever they are.
_OUTSIDE_A_STEP = frozenset(
    {"steps", "record_every", "snapshot_every", "checkpoint_every", "keep_checkpoints", "device", "engine"}
)
# Keys that every engine obeys, because the networks' shapes, the families and Adam have no others.
_OF_EVERY_ENGINE = frozenset(
    {"curve", "points", "x_min", "x_max", "latent", "hidden_g", "hidden_d", "batch_size", "d_steps", "seed"}
    | {"lr_g", "lr_d", "beta1", "beta2", "eps"}
)


@dataclass(frozen=True)
class Claims:
    """The names that an engine knows for each key that has names, and the other keys that it obeys: its switches."""

    names: Mapping[str, Collection[str]]
    switches: frozenset[str]

    def missing(self, config: TrainConfig) -> str | None:
        """Return what of the config the engine does not claim, as in "activation tanh"; None if it claims all."""
        for key, field in type(config).model_fields.items():
            value = getattr(config, key)
            if key in self.names:
                known = value in self.names[key]
            else:
                known = key in _OUTSIDE_A_STEP | _OF_EVERY_ENGINE | self.switches or value == field.default
            if not known:
                return key if value is True else f"{key} {value}"
        return None
