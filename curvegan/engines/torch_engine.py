"""The torch engine: a pack of jobs as stacked tensors with autograd, on a CPU core or a CUDA device. Knows no grid.

Exact savings against the tutorial's loop: G(z) is computed once and serves both updates, the discriminator's update
does not differentiate the generator, and the generator's update computes no gradient of the discriminator's weights.
Legend of the shapes in names: n steps, j jobs, b minibatch, l latent, p points.
"""

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curvegan import curves
from curvegan.config import TrainConfig
from curvegan.engines import State, Trace
from curvegan.engines.stack import AdamSteps, Stack, padded
from curvegan.engines.torch_losses import TORCH_LOSSES
from curvegan.errors import DeviceUnavailable
from curvegan.noise import NormalBlocks, Stream

_BATCH_ALIGN = 32
# Latents prepared at once; bounds memory for large minibatches.
_MOST_LATENTS = 1 << 22


class TorchEngine:
    """Trains jobs of equal shapes and equal loss. Learning rates, betas, seeds and steps are each job's own."""

    name = "torch"
    version = torch.__version__.split("+")[0]

    def __init__(self, configs: Sequence[TrainConfig], states: Sequence[State], device: str) -> None:
        """Take jobs at the states given. Raises DeviceUnavailable; device is "cpu", "cuda" or "cuda:N"."""
        _check_device(device)
        # A worker is one process on one core; more threads make these small products slower.
        torch.set_num_threads(1)
        self._device = device
        self._noise = [NormalBlocks(job.seed, Stream.LATENT, (job.batch_size, job.latent)) for job in configs]
        self._load(list(configs), list(states))

    def _load(self, configs: list[TrainConfig], states: list[State]) -> None:
        self._jobs = len(configs)
        # A pack of one takes other matrix kernels, and an odd one leaves elementwise kernels a ragged end: the last
        # job trains twice, and nobody reads its double.
        missing = max(2, padded(self._jobs, 2)) - self._jobs
        self._configs = configs + configs[-1:] * missing
        states = states + states[-1:] * missing
        groups = [(state.weights, state.adam_m, state.adam_v) for state in states]
        self._generator = Stack("generator", groups, self._device)
        self._discriminator = Stack("discriminator", groups, self._device)
        self._loss = TORCH_LOSSES[configs[0].loss]
        self._set_batch(configs[0])

    def _set_batch(self, config: TrainConfig) -> None:
        """Prepare what every minibatch shares: the real curves and each row's share of a mean."""
        batch = padded(config.batch_size, _BATCH_ALIGN)
        real = np.zeros((len(self._configs), batch, padded(config.points)), np.float32)
        for place, job in enumerate(self._configs):
            real[place, :, : job.points] = curves.target(job)
        share = np.zeros((len(self._configs), batch), np.float32)
        share[:, : config.batch_size] = 1 / config.batch_size
        self._real_jbp = torch.from_numpy(real).to(self._device)
        self._share_jb = torch.from_numpy(share).to(self._device)
        self._latent_shape = (len(self._configs), batch, padded(config.latent))

    @torch.enable_grad()
    def run(self, steps: Sequence[int], count: int, offsets: Sequence[int]) -> Trace:
        """Do `count` updates of every job, numbered from its own entry of `steps`; look closely at `offsets`."""
        doubled = [*steps, *[steps[-1]] * (len(self._configs) - self._jobs)]
        counts = np.arange(1, count + 1)[:, None] + np.array(doubled)
        generator, discriminator = self._adam("lr_g", counts), self._adam("lr_d", counts)
        losses, close = [], []
        for offset, z_jbl in enumerate(self._latents(steps, count)):
            fake_jbp = self._generator.forward(z_jbl, self._generator.trained)
            d_loss_j, close_j = self._train_discriminator(fake_jbp.detach(), discriminator, offset, offset in offsets)
            g_loss_j = self._train_generator(fake_jbp, generator, offset)
            losses.append(torch.stack((g_loss_j, d_loss_j)))
            close.extend(close_j)
        return self._trace(offsets, losses, close)

    def state(self, place: int) -> State:
        """Copy the state of the job at this place of the pack."""
        both = zip(self._generator.tensors(place), self._discriminator.tensors(place), strict=True)
        return State(*(generator | discriminator for generator, discriminator in both))

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the jobs at these places alone."""
        configs, states = [self._configs[place] for place in places], [self.state(place) for place in places]
        self._noise = [self._noise[place] for place in places]
        self._load(configs, states)

    def _train_discriminator(
        self, fake_jbp: Tensor, adam: AdamSteps, offset: int, closely: bool
    ) -> tuple[Tensor, list[Tensor]]:
        """Update with real and generated curves; return the losses (j) and, if wanted, d_real, d_fake, rmse (3, j)."""
        stack = self._discriminator
        logits = stack.forward(torch.cat((self._real_jbp, fake_jbp), 1), stack.trained)
        real_jb, fake_jb = logits.view(len(logits), 2, -1).unbind(1)
        loss_jb = self._loss.discriminator(real_jb, fake_jb)
        stack.update(torch.autograd.grad(loss_jb, stack.trained, self._share_jb), adam, offset)
        close = [self._look(real_jb.detach(), fake_jb.detach(), fake_jbp)] if closely else []
        return self._mean(loss_jb.detach()), close

    def _train_generator(self, fake_jbp: Tensor, adam: AdamSteps, offset: int) -> Tensor:
        """Update against the updated discriminator; return the losses (j)."""
        logits_jb = self._discriminator.forward(fake_jbp, self._discriminator.frozen).squeeze(-1)
        loss_jb = self._loss.generator(logits_jb)
        stack = self._generator
        stack.update(torch.autograd.grad(loss_jb, stack.trained, self._share_jb), adam, offset)
        return self._mean(loss_jb.detach())

    def _look(self, real_jb: Tensor, fake_jb: Tensor, fake_jbp: Tensor) -> Tensor:
        """Return d_real, d_fake and the minibatch's RMSE to the curve, (3, j)."""
        square_jb = (fake_jbp - self._real_jbp).square_().sum(-1)
        rmse_j = (self._mean(square_jb) / self._configs[0].points).sqrt_()
        return torch.stack((self._mean(real_jb.sigmoid()), self._mean(fake_jb.sigmoid()), rmse_j))

    def _mean(self, values_jb: Tensor) -> Tensor:
        return (values_jb * self._share_jb).sum(-1)

    def _adam(self, rate: str, counts: NDArray[np.int64]) -> AdamSteps:
        rates = [(getattr(job, rate), job.beta1, job.beta2, job.eps) for job in self._configs]
        return AdamSteps.make(rates, counts, self._device)

    def _latents(self, steps: Sequence[int], count: int) -> Iterator[Tensor]:
        """Yield the padded latents (j, b, l) of each step."""
        job = self._configs[0]
        most = max(1, min(count, _MOST_LATENTS // prod(self._latent_shape)))
        for first in range(0, count, most):
            block = np.zeros((min(most, count - first), *self._latent_shape), np.float32)
            for place, (noise, step) in enumerate(zip(self._noise, steps, strict=True)):
                noise.fill(block[:, place, : job.batch_size, : job.latent], step + first)
            block[:, self._jobs :] = block[:, self._jobs - 1 : self._jobs]
            yield from torch.from_numpy(block).to(self._device)

    def _trace(self, offsets: Sequence[int], losses: list[Tensor], close: list[Tensor]) -> Trace:
        loss_n2j = torch.stack(losses)[..., : self._jobs].cpu().numpy()
        close_n3j = np.zeros((0, 3, self._jobs), np.float32)
        if close:
            close_n3j = torch.stack(close)[..., : self._jobs].cpu().numpy()
        return Trace(tuple(offsets), *loss_n2j.swapaxes(0, 1), *close_n3j.swapaxes(0, 1))


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(device.partition(":")[2] or 0)
    if index >= count:
        raise DeviceUnavailable(f"device {device!r} is not here; this machine has {count} CUDA devices")
