"""Configs worth starting from, by name: what each is for, and the keys it changes."""

from dataclasses import dataclass
from typing import Any

from curvegan_core.config.synonyms import meant
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig


@dataclass(frozen=True)
class Preset:
    """A layer of a config: what it is for in one line, and the values it sets over the defaults."""

    purpose: str
    values: dict[str, Any]

    @property
    def config(self) -> TrainConfig:
        """The complete config."""
        return TrainConfig.parse(self.values)


# What presets differ in is spelled out in each, so that it wins over what a project's own file says.
_TUTORIAL = {"curve": "quadratic", "loss": "ns", "lr": 1e-4, "beta1": 0.9, "beta2": 0.999}
_FORGETFUL = {"beta1": 0.5, "beta2": 0.9}
_FIX = {"curve": "updown", "loss": "rpgan", "r1": 1.0, "r2": 1.0, "lr": 1e-3}

_FOUND = {"loss": "rpgan", "r1": 1.0, "r2": 0.03, "lr": 1e-3, "ema": 0.999}

# Measured on nine sets of real curves: see docs/real-curves.md.
_OWN = {"front": "pca", "holdout": 0.2, "loss": "rpgan", "r1": 3.0, "r2": 3.0, "lr": 1e-3, "steps": 8000}
_OWN |= {"hidden_g": 256, "hidden_d": 256, "instance_noise": 0.02, "ema": 0.999, "prior_rows": 40.0}


def _mixture(**geometry: Any) -> dict[str, Any]:
    """Return a published mixture of normal clusters, with a training that finds its modes."""
    return {"curve": {"family": "mixture", **geometry}} | _FOUND | _FORGETFUL


PRESETS = {
    "tutorial": Preset("the tutorial's training, which is the default", _TUTORIAL),
    "tuned": Preset("the tutorial's curve, several times closer: Adam forgets faster", _TUTORIAL | _FORGETFUL),
    "collapse-demo": Preset("two curves, of which the tutorial's loss finds one", _TUTORIAL | {"curve": "updown"}),
    "collapse-fix": Preset(
        "the same two curves, both found: a relativistic loss with gradient penalties", _FIX | _FORGETFUL
    ),
    "sine8": Preset(
        "eight waves: fast rates find them all, and most curves lie close to one",
        _TUTORIAL | {"curve": "sine_modes", "lr": 1e-3} | _FORGETFUL,
    ),
    "data": Preset(
        "your own curves, which --data NAME adds: principal components, averaged weights", _OWN | _FORGETFUL
    ),
    "ring-unrolled": Preset(
        "eight clusters on a ring of radius 2, deviation .02: Metz et al., Unrolled GAN (2017)",
        _mixture(layout="ring", modes=8, scale=2.0, noise=0.02),
    ),
    "ring-veegan": Preset(
        "eight clusters on a ring of radius 1, deviation .01: VEEGAN (2017), PacGAN (2018)",
        _mixture(layout="ring", modes=8, scale=1.0, noise=0.01),
    ),
    "grid-veegan": Preset(
        "25 clusters at spacing 2, deviation .05: VEEGAN (2017), PacGAN (2018); wants 300,000 steps",
        _mixture(layout="grid", modes=25, scale=2.0, noise=0.05),
    ),
}
"""Every preset by its name."""


def preset(name: str) -> Preset:
    """Return a preset. Raises InvalidConfig, with the names there are."""
    if name not in PRESETS:
        near = meant(name, PRESETS)
        hint = f", did you mean {near!r}?" if near else ""
        raise InvalidConfig(f"no preset {name!r}{hint or '; there are ' + ', '.join(PRESETS)}")
    return PRESETS[name]
