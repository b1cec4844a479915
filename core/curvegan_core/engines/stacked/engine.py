"""The torch engine: a pack of jobs as stacked tensors with autograd, on a CPU core or a CUDA device. Knows no grid.

Exact savings against the tutorial's loop: G(z) is computed once and serves both updates, the discriminator's update
does not differentiate the generator, and the generator's update computes no gradient of the discriminator's weights.
Legend of the shapes in names: n steps, j jobs, b minibatch, l latent, p points, 1 one number a job.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State, Trace
from curvegan_core.engines.claims import Claims
from curvegan_core.engines.stacked.batches import BATCH_ALIGN, LATENT_BLOCKS, Batch, Batches
from curvegan_core.engines.stacked.graph import Replay, record_on_cuda
from curvegan_core.engines.stacked.losses import TORCH_LOSSES
from curvegan_core.engines.stacked.regularisers import Penalty, normalised, weights
from curvegan_core.engines.stacked.stack import ACTIVATIONS, AdamSteps, Stack, padded
from curvegan_core.errors import DeviceUnavailable
from curvegan_core.families import curves
from curvegan_core.families.family import Family


class TorchEngine:
    """Trains jobs of one `pack_key`. Curves, rates, weights of penalties, seeds and steps are each job's own."""

    name = "torch"
    # Its kernels round as they like from one release to the next; the build behind the plus is left out.
    version = torch.__version__.split("+")[0]
    claims = Claims(
        {"loss": TORCH_LOSSES, "latent_noise": LATENT_BLOCKS, "activation": ACTIVATIONS},
        frozenset({"r1", "r2", "gp", "clip", "spectral_norm", "instance_noise", "label_smoothing", "ema"}),
    )
    steps_a_call = 64

    def __init__(
        self,
        configs: Sequence[TrainConfig],
        states: Sequence[State],
        device: str,
        families: Sequence[Family] | None = None,
    ) -> None:
        """Take jobs at the states given, with their families of curves if they are at hand.

        Raises DeviceUnavailable; device is "cpu", "cuda" or "cuda:N".
        """
        _use_device(device)
        # A worker is one process on one core; more threads make these small products slower.
        torch.set_num_threads(1)
        self._device = device
        self._families = list(families or map(curves.family, configs))
        self._batches = Batches(configs, self._families, device)
        self._load(list(configs), list(states))

    def _load(self, configs: list[TrainConfig], states: list[State]) -> None:
        self._jobs = len(configs)
        # A pack of one takes other matrix kernels, and an odd one leaves elementwise kernels a ragged end: the last
        # job trains twice, and nobody reads its double.
        missing = max(2, padded(self._jobs, 2)) - self._jobs
        self._configs = configs + configs[-1:] * missing
        states = states + states[-1:] * missing
        groups = [(state.weights, state.adam_m, state.adam_v) for state in states]
        job = configs[0]
        self._generator = Stack("generator", groups, self._device, job.activation)
        self._discriminator = Stack("discriminator", groups, self._device, job.activation)
        takes = [1 - config.ema for config in self._configs]
        self._average = self._generator.average([state.ema for state in states], takes) if job.ema else None
        self._set_loss(job)
        # A graph holds the addresses of the tensors above: a new pack records a new one.
        self._replay: Replay[_Inputs, _Seen] | None = None

    def _set_loss(self, job: TrainConfig) -> None:
        self._loss = TORCH_LOSSES[job.loss]
        self._smooth_j1 = weights(self._configs, "label_smoothing", self._device)
        if self._smooth_j1 is not None and self._loss.smooth is None:
            raise ValueError(f"loss {job.loss} has no labels to smooth")
        self._clip_j1 = weights(self._configs, "clip", self._device)
        self._penalty = Penalty.make(self._configs, self._device) if job.r1 or job.r2 or job.gp else None
        # What a row counts in a mean: nothing where it is padding. Backward passes start with it as their gradient.
        share_jb = np.zeros((len(self._configs), padded(job.batch_size, BATCH_ALIGN)), np.float32)
        share_jb[:, : job.batch_size] = 1 / job.batch_size
        self._share_jb = torch.from_numpy(share_jb).to(self._device)

    def run(self, steps: Sequence[int], count: int, offsets: Sequence[int]) -> Trace:
        """Do `count` updates of every job, numbered from its own entry of `steps`; look closely at `offsets`.

        On CUDA nothing waits for the device before the last step is queued.
        """
        losses, looks = [], []
        for offset, inputs in enumerate(self._inputs(steps, count)):
            seen = self._do(inputs)
            losses.append(torch.stack((seen.g_loss_j, seen.d_loss_j)))
            if offset in offsets:
                looks.append(self._look(seen, inputs.batches[-1].real_jbp))
        return self._trace(offsets, losses, looks)

    def _inputs(self, steps: Sequence[int], count: int) -> Iterator["_Inputs"]:
        d_steps = self._configs[0].d_steps
        firsts = [step * d_steps for step in steps]
        generator, discriminator = self._adam("lr_g", steps, count), self._adam("lr_d", firsts, count * d_steps)
        batches = self._batches.take(firsts, count * d_steps, len(self._configs))
        for offset in range(count):
            adam = discriminator.part(offset * d_steps, d_steps), generator.part(offset, 1)
            yield _Inputs(tuple(itertools.islice(batches, d_steps)), *adam)

    def _do(self, inputs: "_Inputs") -> "_Seen":
        # Exact singular values are computed with the host's help, which a graph cannot hold.
        if self._device == "cpu" or self._configs[0].spectral_norm:
            return self._step(inputs)
        if self._replay is None:
            average = (self._average.mean_jp,) if self._average else ()
            state = (*self._generator.rows, *self._discriminator.rows, *average)
            self._replay = Replay(self._step, inputs, state, record_on_cuda)
        return self._replay(inputs)

    @torch.enable_grad()
    def _step(self, inputs: "_Inputs") -> "_Seen":
        """Update the discriminators `d_steps` times and the generators once."""
        *earlier, batch = inputs.batches
        for update, minibatch in enumerate(earlier):
            with torch.no_grad():
                fake_jbp = self._generator.forward(minibatch.z_jbl, self._generator.frozen)
            self._train_discriminator(minibatch, fake_jbp, inputs.discriminator, update)
        # The last minibatch's curves serve both updates, for the generator has not changed in between.
        fake_jbp = self._generator.forward(batch.z_jbl, self._generator.trained)
        d_loss_j, logits = self._train_discriminator(batch, fake_jbp.detach(), inputs.discriminator, len(earlier))
        g_loss_j = self._train_generator(batch, fake_jbp, inputs.generator)
        return _Seen(g_loss_j, d_loss_j, *logits, fake_jbp.detach())

    def state(self, index: int) -> State:
        """Copy the state of the job with this index in the pack."""
        both = zip(self._generator.tensors(index), self._discriminator.tensors(index), strict=True)
        values, adam_m, adam_v = (generator | discriminator for generator, discriminator in both)
        return State(values, adam_m, adam_v, self._average.tensors(index) if self._average else {})

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the jobs of these indices alone, in this order."""
        configs, states = [self._configs[index] for index in indices], [self.state(index) for index in indices]
        self._families = [self._families[index] for index in indices]
        self._batches.keep(indices)
        self._load(configs, states)

    def _train_discriminator(
        self, batch: Batch, fake_jbp: Tensor, adam: AdamSteps, update: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Update with real and generated curves; return the losses (j) and the logits of both (j, b)."""
        stack = self._discriminator
        seen_jbp = _noisy(torch.cat((batch.real_jbp, fake_jbp), 1), batch.noise_jbp)
        tensors = self._tensors(stack.trained)
        logits_jb = stack.forward(seen_jbp, tensors).squeeze(-1)
        real_jb, fake_jb = logits_jb.tensor_split((batch.real_jbp.shape[1],), 1)
        real_jb = _as_many(real_jb, fake_jb)
        loss_jb = self._loss.discriminator(real_jb, fake_jb)
        if self._smooth_j1 is not None:
            assert self._loss.smooth is not None
            loss_jb = loss_jb + self._loss.smooth(real_jb, self._smooth_j1)
        whole_jb = loss_jb
        if self._penalty is not None:
            whole_jb = self._penalty.add(loss_jb, seen_jbp, batch.mix_jb1, tensors)
        stack.update(torch.autograd.grad(whole_jb, stack.trained, self._share_jb), adam, update)
        if self._clip_j1 is not None:
            stack.clip(self._clip_j1)
        return self._mean(loss_jb.detach()), (real_jb.detach(), fake_jb.detach())

    def _train_generator(self, batch: Batch, fake_jbp: Tensor, adam: AdamSteps) -> Tensor:
        """Update against the updated discriminator; return the losses (j)."""
        real_noise, fake_noise = (None, None) if batch.noise_jbp is None else batch.noise_jbp.chunk(2, 1)
        tensors = self._tensors(self._discriminator.frozen)
        real_jb = fake_jb = self._discriminator.forward(_noisy(fake_jbp, fake_noise), tensors).squeeze(-1)
        if self._loss.paired:
            real_jb = self._discriminator.forward(_noisy(batch.real_jbp, real_noise), tensors).squeeze(-1)
            real_jb = _as_many(real_jb, fake_jb)
        loss_jb = self._loss.generator(real_jb, fake_jb)
        stack = self._generator
        stack.update(torch.autograd.grad(loss_jb, stack.trained, self._share_jb), adam, 0)
        if self._average is not None:
            self._average.update()
        return self._mean(loss_jb.detach())

    def _tensors(self, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return normalised(tensors) if self._configs[0].spectral_norm else tensors

    def _look(self, seen: "_Seen", real_jbp: Tensor) -> "_Look":
        """Return d_real, d_fake and, where each job has one real curve, the RMSE to it (j); and the curves, if not.

        In a recorded graph the next step overwrites them, so all that is kept is copied.
        """
        seen_j = [self._mean(seen.real_jb.sigmoid()), self._mean(seen.fake_jb.sigmoid())]
        if not self._families[0].FIXED:
            return torch.stack(seen_j), seen.fake_jbp.clone()
        square_jb = (seen.fake_jbp - real_jbp[:, :1]).square_().sum(-1)
        # Padded points are zero in both, so the sum is over the curve's own points.
        return torch.stack([*seen_j, (self._mean(square_jb) / self._configs[0].points).sqrt_()]), None

    def _rmse(self, fake_jbp: Tensor) -> list[float]:
        """Return each job's RMSE to the nearest curves of its family."""
        job = self._configs[0]
        fake = fake_jbp[: self._jobs, : job.batch_size, : job.points].cpu().numpy()
        pairs = zip(self._families, fake, strict=True)
        return [float(np.sqrt(np.mean(family.distances(curves_bp) ** 2))) for family, curves_bp in pairs]

    def _mean(self, values_jb: Tensor) -> Tensor:
        return (values_jb * self._share_jb).sum(-1)

    def _adam(self, rate: str, firsts: Sequence[int], count: int) -> AdamSteps:
        doubled = [*firsts, *[firsts[-1]] * (len(self._configs) - self._jobs)]
        counts: NDArray[np.int64] = np.arange(1, count + 1)[:, None] + np.array(doubled)
        rates = [(getattr(job, rate), job.beta1, job.beta2, job.eps) for job in self._configs]
        return AdamSteps.make(rates, counts, self._device)

    def _trace(self, offsets: Sequence[int], losses: list[Tensor], looks: "list[_Look]") -> Trace:
        loss_n2j = torch.stack(losses)[..., : self._jobs].cpu().numpy()
        close_n3j = np.zeros((len(looks), 3, self._jobs), np.float32)
        if looks:
            seen_nkj = torch.stack([seen for seen, _ in looks])[..., : self._jobs].cpu().numpy()
            close_n3j[:, : seen_nkj.shape[1]] = seen_nkj
            for row, (_, fake_jbp) in enumerate(looks):
                if fake_jbp is not None:
                    close_n3j[row, 2] = self._rmse(fake_jbp)
        return Trace(tuple(offsets), *loss_n2j.swapaxes(0, 1), *close_n3j.swapaxes(0, 1))


# Numbers that were read off one step, (2 or 3, j), and the curves that the third is still to be made from.
_Look = tuple[Tensor, Tensor | None]


class _Inputs(NamedTuple):
    """What one step reads: the discriminator's minibatches, and Adam's numbers for each update."""

    batches: tuple[Batch, ...]
    discriminator: AdamSteps
    generator: AdamSteps

    def copy(self) -> Self:
        """Copy all to memory of its own."""
        batches = tuple(batch.copy() for batch in self.batches)
        return type(self)(batches, self.discriminator.copy(), self.generator.copy())

    def tensors(self) -> list[Tensor]:
        """Return all that is another's at the next step."""
        batches = [tensor for batch in self.batches for tensor in batch if tensor is not None]
        return [*batches, *self.discriminator.changing, *self.generator.changing]


class _Seen(NamedTuple):
    """What one step saw: losses, the discriminator's logits and the generated curves, all before its updates."""

    g_loss_j: Tensor
    d_loss_j: Tensor
    real_jb: Tensor
    fake_jb: Tensor
    fake_jbp: Tensor


def _noisy(curves_jbp: Tensor, noise_jbp: Tensor | None) -> Tensor:
    return curves_jbp if noise_jbp is None else curves_jbp + noise_jbp


def _as_many(real_jb: Tensor, fake_jb: Tensor) -> Tensor:
    """Repeat logits of real curves that stand for a whole minibatch."""
    return real_jb.repeat(1, fake_jb.shape[1] // real_jb.shape[1])


def _use_device(device: str) -> None:
    if device == "cpu":
        return
    kind, _, number = device.partition(":")
    if kind != "cuda":
        raise DeviceUnavailable(f"the torch engine trains on cpu and cuda, not on {device!r}")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(number or 0)
    if index >= count:
        raise DeviceUnavailable(f"device {device!r} is not here; this machine has {count} CUDA devices")
    # A graph is recorded on the stream of the current device.
    torch.cuda.set_device(index)
