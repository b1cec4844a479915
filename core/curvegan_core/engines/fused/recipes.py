"""Translate a config for compiled code, which knows neither names nor None."""

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.fused.adam import Rates
from curvegan_core.engines.fused.deep.step import DeepRecipe
from curvegan_core.engines.fused.draws import Draw, given
from curvegan_core.engines.fused.losses import LOSS_NUMBERS
from curvegan_core.engines.fused.noise import LATENT_NUMBERS
from curvegan_core.engines.fused.optimisers import OPTIMISER_NUMBERS, SCHEDULE_NUMBERS, Optimiser, Schedule
from curvegan_core.engines.fused.penalties import Penalties
from curvegan_core.engines.fused.step import Recipe


def make_recipe(config: TrainConfig, real: Draw | None) -> Recipe:
    """Translate for `step.run`. Raises KeyError for an unknown name."""
    rates = config.beta1, config.beta2, config.eps
    return Recipe(
        loss=LOSS_NUMBERS[config.loss],
        smooth=np.float32(config.label_smoothing),
        d_steps=config.d_steps,
        latent_noise=LATENT_NUMBERS[config.latent_noise],
        real=real or given(config),
        take=np.float32(1 - config.ema),
        g_rates=Rates(config.lr_g, *rates, np.inf),
        d_rates=Rates(config.lr_d, *rates, config.clip or np.inf),
        penalties=Penalties(*map(np.float32, (config.r1, config.r2, config.gp, config.instance_noise))),
    )


def make_deep_recipe(config: TrainConfig, real: Draw | None) -> DeepRecipe:
    """Translate for `deep.step.run_deep`, likewise."""
    shallow = make_recipe(config, real)
    numbers = {network: OPTIMISER_NUMBERS[name] for network, name in config.optimisers.items()}
    decays = config.momentum, config.rms_decay
    schedule = SCHEDULE_NUMBERS[config.schedule], config.schedule_to, config.schedule_steps, config.warmup
    return DeepRecipe(
        loss=shallow.loss,
        smooth=shallow.smooth,
        d_steps=shallow.d_steps,
        g_steps=config.g_steps,
        simultaneous=config.updates == "simultaneous",
        latent_noise=shallow.latent_noise,
        real=shallow.real,
        take=shallow.take,
        schedule=Schedule(*schedule),
        g_optimiser=Optimiser(numbers["generator"], shallow.g_rates, *decays),
        d_optimiser=Optimiser(numbers["discriminator"], shallow.d_rates, *decays),
        penalties=shallow.penalties,
    )
