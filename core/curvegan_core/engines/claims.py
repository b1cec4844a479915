"""What an engine claims to train. What it does not claim is refused by name, never trained as something else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from curvegan_core.config.train import TrainConfig

# Keys that every engine obeys, because the networks' shapes, the families and Adam have no others;
# and the lineage of a fork, which is in the state that an engine is handed.
_OF_EVERY_ENGINE = frozenset(
    {
        "curve",
        "points",
        "front",
        "holdout",
        "prior_rows",
        "x_min",
        "x_max",
        "latent",
        "hidden_g",
        "hidden_d",
        "batch_size",
        "d_steps",
        "seed",
    }
    | {"lr_g", "lr_d", "beta1", "beta2", "eps", "init", "init_gain", "init_deviation"}
    | {"fork_of", "fork_step"}
)


@dataclass(frozen=True)
class Claims:
    """The names that an engine knows for each key that has names, and the switches that it obeys.

    A key that it obeys in neither way, and on which numbers depend, must be at its default.
    """

    names: Mapping[str, Collection[str]]
    switches: frozenset[str]

    def missing(self, config: TrainConfig) -> str | None:
        """Return what of the config the engine does not claim, as in "activation tanh"; None if it claims all."""
        for key, field in type(config).model_fields.items():
            value = getattr(config, key)
            if key in self.names:
                known = value in self.names[key]
            else:
                obeyed = not config.KEYS[key].numbers or key in _OF_EVERY_ENGINE | self.switches
                known = obeyed or value == field.default
            if not known:
                return key if value is True else f"{key} {value}"
        return None
