"""The tutorial's own loop, written again: its label convention, its BCELoss, G(z) twice and never detached.

Its D = sigmoid(...) is P(fake). Ours is P(real), so its last layer is ours with the sign flipped.
"""

import numpy as np
import torch
from torch import nn

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import target
from curvegan_core.networks import init_weights
from curvegan_core.noise import NormalBlocks, Stream


def networks(config: TrainConfig) -> tuple[nn.Sequential, nn.Sequential]:
    generator = nn.Sequential(
        nn.Linear(config.latent, config.hidden_g), nn.ReLU(), nn.Linear(config.hidden_g, config.points)
    )
    discriminator = nn.Sequential(
        nn.Linear(config.points, config.hidden_d), nn.ReLU(), nn.Linear(config.hidden_d, 1), nn.Sigmoid()
    )
    weights = {name: torch.from_numpy(tensor) for name, tensor in init_weights(config).items()}
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        network.load_state_dict(
            {full.removeprefix(f"{name}."): tensor for full, tensor in weights.items() if full.startswith(name)}
        )
    with torch.no_grad():
        for parameter in discriminator[2].parameters():
            parameter.neg_()
    return generator, discriminator


def tutorial_losses(config: TrainConfig, steps: int) -> np.ndarray:
    """Return (steps, 5): g_loss, d_loss, d_real, d_fake, rmse as our records define them."""
    generator, discriminator = networks(config)
    betas = (config.beta1, config.beta2)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=config.lr_g, betas=betas, eps=config.eps)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=config.lr_d, betas=betas, eps=config.eps)
    bceloss = nn.BCELoss()
    noise = np.empty((steps, config.batch_size, config.latent), np.float32)
    NormalBlocks(config.seed, Stream.LATENT, noise.shape[1:]).fill(noise, 0)
    real = torch.from_numpy(target(config)).expand(config.batch_size, -1)
    seen = np.empty((steps, 5))
    for step in range(steps):
        randn_input = torch.from_numpy(noise[step])
        d_real = discriminator(real)
        d_fake = discriminator(generator(randn_input))
        d_loss = bceloss(1 - d_real, torch.ones_like(d_real)) + bceloss(1 - d_fake, torch.zeros_like(d_fake))
        optimizer_d.zero_grad()
        d_loss.backward()
        optimizer_d.step()

        fake = generator(randn_input)
        g_loss = bceloss(discriminator(fake), torch.zeros_like(d_fake))
        optimizer_g.zero_grad()
        g_loss.backward()
        optimizer_g.step()

        rmse = ((fake - real) ** 2).mean().sqrt()
        probabilities = 1 - d_real.mean().item(), 1 - d_fake.mean().item()
        seen[step] = (g_loss.item(), d_loss.item(), *probabilities, rmse.item())
    return seen
