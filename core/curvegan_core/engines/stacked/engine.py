"""The torch engine: a pack of jobs as stacked tensors with autograd, on a CPU core or a CUDA device. Knows no grid.

Legend of the shapes in names: n updates or steps, j jobs, b minibatch, p points.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State, Trace
from curvegan_core.engines.claims import Claims
from curvegan_core.engines.stacked.activations import ACTIVATIONS
from curvegan_core.engines.stacked.batches import LATENT_BLOCKS, Batches, Inputs
from curvegan_core.engines.stacked.graph import Replay, record_on_cuda
from curvegan_core.engines.stacked.losses import TORCH_LOSSES
from curvegan_core.engines.stacked.network import NORMS
from curvegan_core.engines.stacked.optimisers import OPTIMISERS, Numbers
from curvegan_core.engines.stacked.stack import padded
from curvegan_core.engines.stacked.step import UPDATES, Pack, Seen
from curvegan_core.errors import DeviceUnavailable
from curvegan_core.families import curves
from curvegan_core.families.family import Family
from curvegan_core.networks import Weights
from curvegan_core.optimisers import GROUPS
from curvegan_core.schedules import FALLS, factors


class TorchEngine:
    """Trains jobs of one `pack_key`. Curves, rates, weights of penalties, seeds and steps are each job's own."""

    name = "torch"
    # Its kernels round as they like from one release to the next; the build behind the plus is left out.
    version = torch.__version__.split("+")[0]
    claims = Claims(
        {
            "loss": TORCH_LOSSES,
            "latent_noise": LATENT_BLOCKS,
            "activation": ACTIVATIONS,
            **dict.fromkeys(("activation_g", "activation_d"), ("same", *ACTIVATIONS)),
            **dict.fromkeys(("norm_g", "norm_d"), NORMS),
            "schedule": ("constant", *FALLS),
            "updates": UPDATES,
            "optimiser": OPTIMISERS,
            **dict.fromkeys(("optimiser_g", "optimiser_d"), ("same", *OPTIMISERS)),
        },
        frozenset({"r1", "r2", "gp", "clip", "spectral_norm", "instance_noise", "label_smoothing", "ema"})
        | {"layers_g", "layers_d", "slope", "momentum", "rms_decay", "schedule_to", "schedule_steps"}
        | {"warmup", "g_steps", "pack", "unroll", "consensus", "g_grad", "gdpp"},
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

    @classmethod
    def prepare(cls) -> None:
        """Nothing is left to do once torch is imported."""

    def _load(self, configs: list[TrainConfig], states: list[State]) -> None:
        self._jobs = len(configs)
        # A pack of one takes other matrix kernels, and an odd one leaves elementwise kernels a ragged end: the last
        # job trains twice, and nobody reads its double.
        missing = max(2, padded(self._jobs, 2)) - self._jobs
        self._configs = configs + configs[-1:] * missing
        self._pack = Pack(self._configs, states + states[-1:] * missing, self._device)
        # A graph holds the addresses of the pack's tensors: a new pack records a new one.
        self._replay: Replay[Inputs, Seen] | None = None

    def run(self, steps: Sequence[int], count: int, offsets: Sequence[int]) -> Trace:
        """Do `count` steps of every job, numbered from its own entry of `steps`; look closely at `offsets`.

        On CUDA nothing waits for the device before the last step is queued.
        """
        losses, looks = [], []
        for offset, inputs in enumerate(self.inputs(steps, count)):
            seen = self._do(inputs)
            losses.append(torch.stack((seen.g_loss_j, seen.d_loss_j)))
            if offset in offsets:
                looks.append(self._look(seen, inputs.batches[-1].real_jbp))
        return self._trace(offsets, losses, looks)

    def inputs(self, steps: Sequence[int], count: int) -> Iterator[Inputs]:
        """Yield what each of `count` steps reads, the first numbered from each job's own entry of `steps`."""
        job, jobs = self._configs[0], len(self._configs)
        further = job.g_steps - 1
        batches = self._batches.take([step * job.d_steps for step in steps], count * job.d_steps, jobs)
        latents = self._batches.latents([step * further for step in steps], count * further, jobs)
        generator = self._numbers("generator", steps, count, job.g_steps)
        discriminator = self._numbers("discriminator", steps, count, job.d_steps, job.unroll)
        for offset in range(count):
            numbers = (
                discriminator.part(offset * job.d_steps, job.d_steps + job.unroll),
                generator.part(offset * job.g_steps, job.g_steps),
            )
            minibatches = tuple(itertools.islice(batches, job.d_steps))
            rest = (
                self._batches.labelled(z_jbl, minibatches[-1].real_jbp) for z_jbl in itertools.islice(latents, further)
            )
            yield Inputs(minibatches, tuple(rest), *numbers)

    def _do(self, inputs: Inputs) -> Seen:
        # Eigenvalues are computed with the host's help, which a graph cannot hold.
        if self._device == "cpu" or self._configs[0].spectral_norm or self._configs[0].gdpp:
            return self._pack.step(inputs)
        if self._replay is None:
            self._replay = Replay(self._pack.step, inputs, self._pack.rows, record_on_cuda)
        return self._replay(inputs)

    def state(self, index: int) -> State:
        """Copy the state of the job with this index in the pack."""
        stacks = (self._pack.generator, self._pack.discriminator)
        average = self._pack.average.tensors(index) if self._pack.average else {}
        kept: dict[str, Weights] = {group: {} for group in GROUPS}
        for stack in stacks:
            for group, tensors in stack.kept(index):
                kept[group] |= tensors
        return State(stacks[0].weights(index) | stacks[1].weights(index), ema=average, **kept)

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the jobs of these indices alone, in this order."""
        configs, states = [self._configs[index] for index in indices], [self.state(index) for index in indices]
        self._families = [self._families[index] for index in indices]
        self._batches.keep(indices)
        self._load(configs, states)

    def _look(self, seen: Seen, real_jbp: Tensor) -> "_Look":
        """Return d_real, d_fake and, where each job has one real curve, the RMSE to it (j); and the curves, if not.

        In a recorded graph the next step overwrites them, so all that is kept is copied.
        """
        seen_j = [self._pack.mean(seen.real_jb.sigmoid()), self._pack.mean(seen.fake_jb.sigmoid())]
        if not self._families[0].FIXED:
            return torch.stack(seen_j), seen.fake_jbp.clone()
        square_jb = (seen.fake_jbp - real_jbp[:, :1]).square_().sum(-1)
        # Padded points are zero in both, so the sum is over the curve's own points.
        square_j = (square_jb * self._pack.curves_jb).sum(-1)
        return torch.stack([*seen_j, (square_j / self._configs[0].outputs).sqrt_()]), None

    def _rmse(self, fake_jbp: Tensor) -> list[float]:
        """Return each job's RMSE to the nearest curves of its family."""
        job = self._configs[0]
        fake = fake_jbp[: self._jobs, : job.batch_size, : job.outputs].cpu().numpy()
        pairs = zip(self._families, fake, strict=True)
        return [float(np.sqrt(np.mean(family.distances(curves_bp) ** 2))) for family, curves_bp in pairs]

    def _numbers(self, network: str, steps: Sequence[int], count: int, updates: int, more: int = 0) -> Numbers:
        """Prepare `updates` of a network in each of `count` steps, and `more` behind the last one."""
        doubled = np.array([*steps, *[steps[-1]] * (len(self._configs) - self._jobs)], np.int64)
        updates_nj = np.arange(count * updates + more)[:, None] + doubled * updates
        rate = "lr_g" if network == "generator" else "lr_d"
        rates_nj = np.empty(updates_nj.shape)
        for job, config in enumerate(self._configs):
            rates_nj[:, job] = getattr(config, rate) * factors(config, updates_nj[:, job] // updates)
        optimiser = OPTIMISERS[self._configs[0].optimisers[network]]
        return optimiser.numbers(self._configs, rates_nj, updates_nj + 1, self._device)

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


class OptimisticEngine(TorchEngine):
    """Trains with oadam. Its numbers are the second of their kind: a step was once added in two roundings."""

    version = f"{TorchEngine.version} oadam 2"


class UnrolledEngine(TorchEngine):
    """Trains zero-sum games with unroll, with oadam too. The second of their kind: real curves were once left out."""

    version = f"{TorchEngine.version} unroll 2"


def engine(config: TrainConfig) -> type[TorchEngine]:
    """Return the engine whose version names the numbers that the config has."""
    if config.unroll and TORCH_LOSSES[config.loss].zero_sum:
        return UnrolledEngine
    return OptimisticEngine if "oadam" in config.optimisers.values() else TorchEngine


# Numbers that were read off one step, (2 or 3, j), and the curves that the third is still to be made from.
_Look = tuple[Tensor, Tensor | None]


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
