"""One step of a pack: updates of the discriminators and of the generators. Knows no grid and draws nothing.

Exact savings against the tutorial's loop: G(z) is computed once and serves both updates, the discriminator's update
does not differentiate the generator, and the generator's update computes no gradient of the discriminator's weights.
Legend of the shapes in names: j jobs, b rows of a minibatch, l latent, p points, 1 one number a job.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.stacked.batches import BATCH_ALIGN, Batch, Inputs
from curvegan_core.engines.stacked.diversity import diversity, unit
from curvegan_core.engines.stacked.losses import TORCH_LOSSES
from curvegan_core.engines.stacked.network import Network, normalised
from curvegan_core.engines.stacked.optimisers import Numbers
from curvegan_core.engines.stacked.penalties import Penalty, squared_norm, weights
from curvegan_core.engines.stacked.stack import Stack, padded

UPDATES = ("alternating", "simultaneous")


class Seen(NamedTuple):
    """What one step saw: losses, the discriminator's logits and the generated curves, all before its updates."""

    g_loss_j: Tensor
    d_loss_j: Tensor
    real_jb: Tensor
    fake_jb: Tensor
    fake_jbp: Tensor


class Judged(NamedTuple):
    """A discriminator's loss of each row (j, b), the same with penalties, and the logits on both kinds (j, b)."""

    loss_jb: Tensor
    whole_jb: Tensor
    real_jb: Tensor
    fake_jb: Tensor


class Pack:
    """Both networks of every job and what changes them."""

    def __init__(
        self,
        configs: Sequence[TrainConfig],
        states: Sequence[State],
        device: str,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Take jobs of one `pack_key` at their states. Raises KeyError for a name that is not known.

        Training is in float32; with another `dtype`, that of each step's inputs must be the same.
        """
        job = self._job = configs[0]
        self.generator = Stack("generator", configs, states, device, dtype)
        self.discriminator = Stack("discriminator", configs, states, device, dtype)
        takes = [1 - config.ema for config in configs]
        self.average = self.generator.average([state.ema for state in states], takes) if job.ema else None
        # What a row counts in a mean: nothing where it is padding. Backward passes start with it as their gradient.
        self.share_jb = _share(len(configs), job.batch_size // job.pack, device).to(dtype)
        self.curves_jb = _share(len(configs), job.batch_size, device).to(dtype)
        self._generate = Network(job, "generator", self.curves_jb, job.batch_size)
        self._label_p = _labels(job, device).to(dtype) if job.labelled else None
        self._judge = Network(job, "discriminator", self.share_jb, job.batch_size // job.pack)
        self._loss = TORCH_LOSSES[job.loss]
        self._smooth_j1 = weights(configs, "label_smoothing", device, dtype)
        if self._smooth_j1 is not None and self._loss.smooth is None:
            raise ValueError(f"loss {job.loss} has no labels to smooth")
        self._clip_j1 = weights(configs, "clip", device, dtype)
        of_curve_p = None if self._label_p is None else 1 - self._label_p
        self._penalty = Penalty.make(self._judge, configs, device, dtype, of_curve_p)
        self._consensus_j1 = weights(configs, "consensus", device, dtype)
        self._g_grad_j1 = weights(configs, "g_grad", device, dtype)
        self._gdpp_j1 = weights(configs, "gdpp", device, torch.float64)

    @property
    def rows(self) -> tuple[Tensor, ...]:
        """Return all that a step changes in place."""
        average = self.average.rows if self.average else ()
        return (*self.generator.rows, *self.discriminator.rows, *average)

    @torch.enable_grad()
    def step(self, inputs: Inputs) -> Seen:
        """Update the discriminators `d_steps` times and the generators `g_steps` times."""
        *earlier, batch = inputs.batches
        for update, minibatch in enumerate(earlier):
            with torch.no_grad():
                fake_jbp = self._curves(minibatch, self.generator.frozen)
            self._train_discriminator(minibatch, fake_jbp, inputs.discriminator, update)
        # The last minibatch's curves serve both updates, for the generator has not changed in between.
        fake_jbp = self._curves(batch, self.generator.trained, self.generator.statistics)
        if self._job.updates == "simultaneous":
            g_loss_j, judged = self._train_both(batch, fake_jbp, inputs)
        else:
            judged = self._train_discriminator(batch, fake_jbp.detach(), inputs.discriminator, len(earlier))
            g_loss_j = self._train_generator(batch, fake_jbp, inputs, 0)
        for update, z_jbl in enumerate(inputs.further, 1):
            again = batch._replace(z_jbl=z_jbl)
            further_jbp = self._curves(again, self.generator.trained, self.generator.statistics)
            g_loss_j = self._train_generator(batch, further_jbp, inputs, update)
        if self.average is not None:
            self.average.update()
        seen = (judged.real_jb.detach(), judged.fake_jb.detach(), fake_jbp.detach())
        return Seen(g_loss_j, self.mean(judged.loss_jb.detach()), *seen)

    def _curves(self, batch: Batch, tensors: Sequence[Tensor], statistics: Sequence[Tensor] | None = None) -> Tensor:
        """Generate a minibatch's curves; where labels are learnt, each with that of the real curve in its row."""
        fake_jbp = self._generate.forward(batch.z_jbl, tensors, statistics)
        if self._label_p is None:
            return fake_jbp
        wide_jbp = pad(fake_jbp, (0, batch.real_jbp.shape[2] - fake_jbp.shape[2]))
        # Where a label stands the generator's padding must have no gradient, or it would not stay zero.
        return wide_jbp * (1 - self._label_p) + batch.real_jbp * self._label_p

    def mean(self, values_jb: Tensor) -> Tensor:
        """Return the mean of each job's rows that are not padding, (j)."""
        return (values_jb * self.share_jb).sum(-1)

    def _train_discriminator(self, batch: Batch, fake_jbp: Tensor, numbers: Numbers, update: int) -> Judged:
        """Update with real and generated curves."""
        stack = self.discriminator
        judged = self._judged(batch, fake_jbp, stack.trained, stack.statistics)
        self._update_discriminator(self._slope(judged.whole_jb, stack.trained), numbers, update)
        return judged

    def _update_discriminator(self, gradients: Sequence[Tensor], numbers: Numbers, update: int) -> None:
        self.discriminator.update(gradients, numbers, update)
        if self._clip_j1 is not None:
            self.discriminator.clip(self._clip_j1)

    def _train_generator(self, batch: Batch, fake_jbp: Tensor, inputs: Inputs, update: int) -> Tensor:
        """Update against the discriminator as it is; return the losses (j)."""
        loss_jb, gradients = self._generators_slope(batch, fake_jbp, inputs, len(inputs.batches))
        self.generator.update(gradients, inputs.generator, update)
        return self.mean(loss_jb.detach())

    def _train_both(self, batch: Batch, fake_jbp: Tensor, inputs: Inputs) -> tuple[Tensor, Judged]:
        """Update both from where both are; return the generators' losses (j)."""
        stack = self.discriminator
        if self._consensus_j1 is None:
            judged = self._judged(batch, fake_jbp.detach(), stack.trained, stack.statistics)
            gradients: Sequence[Tensor] = self._slope(judged.whole_jb, stack.trained)
            loss_jb, g_gradients = self._generators_slope(batch, fake_jbp, inputs, 0)
        else:
            judged = self._judged(batch, fake_jbp, stack.trained, stack.statistics)
            loss_jb = self._generators_loss(batch, fake_jbp, stack.trained)
            gradients, g_gradients = self._consensus(judged.whole_jb, loss_jb)
        self._update_discriminator(gradients, inputs.discriminator, 0)
        self.generator.update(g_gradients, inputs.generator, 0)
        return self.mean(loss_jb.detach()), judged

    def _consensus(self, d_loss_jb: Tensor, g_loss_jb: Tensor) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Return both gradients, with those of gamma/2 times their squared norm.

        Mescheder et al., "The numerics of GANs" (2017), equation 12.
        """
        assert self._consensus_j1 is not None
        d_tensors, g_tensors = self.discriminator.trained, self.generator.trained
        field = [*self._slope(d_loss_jb, d_tensors, True), *self._slope(g_loss_jb, g_tensors, True)]
        norm = squared_norm(0.5 * self._consensus_j1, field)
        damped = torch.autograd.grad(norm, [*d_tensors, *g_tensors], materialize_grads=True)
        total = [gradient + other for gradient, other in zip(field, damped, strict=True)]
        return total[: len(d_tensors)], total[len(d_tensors) :]

    def _generators_slope(
        self, batch: Batch, fake_jbp: Tensor, inputs: Inputs, first: int
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the generators' loss (j, b) and its gradient; `first` numbers the discriminator's next update."""
        stack = self.generator
        if self._g_grad_j1 is not None:
            # Nagarajan and Kolter, "Gradient descent GAN optimization is locally stable" (2017), equation 4.
            d_tensors = self.discriminator.trained
            field = self._slope(self._judged(batch, fake_jbp, d_tensors).loss_jb, d_tensors, True)
            loss_jb = self._generators_loss(batch, fake_jbp, self.discriminator.frozen)
            both = loss_jb, squared_norm(self._g_grad_j1, field)
            return loss_jb, torch.autograd.grad(both, stack.trained, (self.share_jb, None))
        tensors = self._ahead(batch, fake_jbp, inputs, first) if self._job.unroll else self.discriminator.frozen
        if self._job.unroll and self._loss.zero_sum:
            judged = self._judged(batch, fake_jbp, tensors)
            return self._loss.generator(judged.real_jb, judged.fake_jb), self._slope(-judged.loss_jb, stack.trained)
        loss_jb = self._generators_loss(batch, fake_jbp, tensors)
        if self._gdpp_j1 is not None:
            unit_jbh, slope_jbh = self._diversity(batch, fake_jbp, tensors)
            pair = self.share_jb, self._gdpp_j1[..., None] * slope_jbh
            return loss_jb, torch.autograd.grad((loss_jb, unit_jbh), stack.trained, pair)
        return loss_jb, self._slope(loss_jb, stack.trained)

    def _diversity(self, batch: Batch, fake_jbp: Tensor, trained: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the generated rows' unit features and the gradient of GDPP's loss by them."""
        seen_jbp, reals = self._shown(batch, fake_jbp)
        tensors, size = self._bounded(trained), (self._job.batch_size // self._job.pack, self._job.hidden_d)
        hidden = [self._judge.hidden(part, tensors) for part in seen_jbp.tensor_split((reals,), 1)]
        real_jbh = hidden[0].repeat(1, hidden[1].shape[1] // hidden[0].shape[1], 1)
        unit_jbh = unit(hidden[1], *size)
        with torch.no_grad():
            return unit_jbh, diversity(unit(real_jbh, *size), unit_jbh)[1]

    def _ahead(self, batch: Batch, fake_jbp: Tensor, inputs: Inputs, first: int) -> Sequence[Tensor]:
        """Return the discriminators after `unroll` more updates on the minibatch, differentiable by its curves.

        Metz et al., "Unrolled generative adversarial networks" (2017), equations 7 to 9. What they lose on real curves
        then depends on the generators too, so a generator of a zero-sum game plays for that as well.
        """
        ahead = self.discriminator.ahead()
        for update in range(first, first + self._job.unroll):
            tensors = ahead.tensors
            gradients = self._slope(self._judged(batch, fake_jbp, tensors).whole_jb, tensors, True)
            ahead = self.discriminator.moved(ahead, gradients, inputs.discriminator, update)
            if self._clip_j1 is not None:
                ahead = ahead.clipped(self._clip_j1)
        return ahead.tensors

    def _slope(self, loss_jb: Tensor, tensors: Sequence[Tensor], create_graph: bool = False) -> tuple[Tensor, ...]:
        return torch.autograd.grad(loss_jb, tensors, self.share_jb, create_graph=create_graph)

    def _judged(
        self, batch: Batch, fake_jbp: Tensor, trained: Sequence[Tensor], running: Sequence[Tensor] | None = None
    ) -> Judged:
        """Return what the discriminators with these tensors lose on real and on generated curves."""
        seen_jbp, reals = self._shown(batch, fake_jbp)
        tensors = self._bounded(trained)
        # With batch norm the two kinds are minibatches of their own.
        parts = seen_jbp.tensor_split((reals,), 1) if self._judge.is_joint else (seen_jbp,)
        logits = [self._judge.forward(part, tensors, running).squeeze(-1) for part in parts]
        real_jb, fake_jb = logits if len(logits) == 2 else logits[0].tensor_split((reals,), 1)
        real_jb = _as_many(real_jb, fake_jb)
        loss_jb = self._loss.discriminator(real_jb, fake_jb)
        if self._smooth_j1 is not None:
            assert self._loss.smooth is not None
            loss_jb = loss_jb + self._loss.smooth(real_jb, self._smooth_j1)
        return Judged(loss_jb, self._penalty.add(loss_jb, seen_jbp, batch.mix_jb1, tensors), real_jb, fake_jb)

    def _generators_loss(self, batch: Batch, fake_jbp: Tensor, trained: Sequence[Tensor]) -> Tensor:
        """Return what the generators lose on their curves, (j, b)."""
        real_noise, fake_noise = (None, None) if batch.noise_jbp is None else batch.noise_jbp.chunk(2, 1)
        tensors = self._bounded(trained)
        real_jb = fake_jb = self._judge.forward(self._packed(_noisy(fake_jbp, fake_noise)), tensors).squeeze(-1)
        if self._loss.paired:
            shown_jbp = self._packed(_noisy(batch.real_jbp, real_noise))
            real_jb = _as_many(self._judge.forward(shown_jbp, tensors).squeeze(-1), fake_jb)
        return self._loss.generator(real_jb, fake_jb)

    def _bounded(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        return normalised(tensors) if self._job.spectral_norm else tensors

    def _shown(self, batch: Batch, fake_jbp: Tensor) -> tuple[Tensor, int]:
        """Return what the discriminator sees, real rows and then generated ones, and how many are real."""
        seen_jbp, reals = _noisy(torch.cat((batch.real_jbp, fake_jbp), 1), batch.noise_jbp), batch.real_jbp.shape[1]
        if self._job.pack == 1:
            return seen_jbp, reals
        real_jbp, fake_jbp = (self._packed(half_jbp) for half_jbp in seen_jbp.tensor_split((reals,), 1))
        return torch.cat((real_jbp, fake_jbp), 1), real_jbp.shape[1]

    def _packed(self, curves_jbp: Tensor) -> Tensor:
        """Lay `pack` curves beside each other: Lin et al., "PacGAN" (2018), section 2."""
        job = self._job
        if job.pack == 1:
            return curves_jbp
        rows, width = job.batch_size // job.pack, job.pack * job.outputs
        packed_jbp = curves_jbp[:, : job.batch_size, : job.outputs].reshape(-1, rows, width)
        return pad(packed_jbp, (0, padded(width) - width, 0, padded(rows, BATCH_ALIGN) - rows))


def _share(jobs: int, count: int, device: str) -> Tensor:
    share_jb = np.zeros((jobs, padded(count, BATCH_ALIGN)), np.float32)
    share_jb[:, :count] = 1 / count
    return torch.from_numpy(share_jb).to(device)


def _labels(job: TrainConfig, device: str) -> Tensor:
    """Return a one at each of the numbers of a curve's row that say its label, (p)."""
    label_p = torch.zeros(padded(job.seen), device=device)
    label_p[job.outputs : job.seen] = 1
    return label_p


def _noisy(curves_jbp: Tensor, noise_jbp: Tensor | None) -> Tensor:
    return curves_jbp if noise_jbp is None else curves_jbp + noise_jbp


def _as_many(real_jb: Tensor, fake_jb: Tensor) -> Tensor:
    """Repeat logits of real curves that stand for a whole minibatch."""
    return real_jb.repeat(1, fake_jb.shape[1] // real_jb.shape[1])
