"""What the torch engine's updates read: latents, real curves and noise of a pack, padded, a minibatch at a time.

Minibatches are numbered as the discriminator's updates: a step has `d_steps` of them, and the last one's latents serve
the generator's first update too. Its further updates have latents from a stream of their own. Every array comes from
the job's own streams, so a job meets the same ones in any pack.

Legend of the shapes in names: j jobs, b minibatch, l latent, p points, 2 real and generated.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.optimisers import Numbers
from curvegan_core.engines.stacked.stack import padded
from curvegan_core.families import curves
from curvegan_core.families.family import Family
from curvegan_core.noise import Blocks, NormalBlocks, Stream, UniformBlocks, normals_of, uniforms_of

# Rows of a minibatch are padded to a multiple of this, so that no kernel meets a ragged end (see `stack`).
BATCH_ALIGN = 32
# Numbers prepared at once for one pack, 16 MB: bounds memory for large minibatches.
_MOST_NUMBERS = 1 << 22


class Batch(NamedTuple):
    """One minibatch of every job.

    `noise` is instance noise, of the real curves and then of the generated ones, (j, 2b, p); `mix` says in [0, 1) how
    far what a gradient penalty looks at lies from the generated towards the real. None is what the pack has not.
    """

    z_jbl: Tensor
    real_jbp: Tensor
    noise_jbp: Tensor | None = None
    mix_jb1: Tensor | None = None

    def copy(self) -> "Batch":
        """Copy all to memory of its own."""
        noise_jbp, mix_jb1 = (None if tensor is None else tensor.clone() for tensor in (self.noise_jbp, self.mix_jb1))
        return Batch(self.z_jbl.clone(), self.real_jbp.clone(), noise_jbp, mix_jb1)


class Inputs(NamedTuple):
    """What one step reads: the discriminator's minibatches, latents of the generator's further updates, rates."""

    batches: tuple[Batch, ...]
    further: tuple[Tensor, ...]
    discriminator: Numbers
    generator: Numbers

    def copy(self) -> Self:
        """Copy all to memory of its own."""
        batches, further = (batch.copy() for batch in self.batches), (latents.clone() for latents in self.further)
        return type(self)(tuple(batches), tuple(further), self.discriminator.copy(), self.generator.copy())

    def tensors(self) -> list[Tensor]:
        """Return all that is another's at the next step."""
        batches = [tensor for batch in self.batches for tensor in batch if tensor is not None]
        return [*batches, *self.further, *self.discriminator.changing, *self.generator.changing]


class Source:
    """One array of each minibatch, drawn job by job from the job's own blocks and padded with zeros."""

    def __init__(self, shape: tuple[int, ...], padded_shape: tuple[int, ...], blocks: Sequence[Blocks]) -> None:
        """Take the shape that a job's blocks have, what it is padded to, and the blocks of each job."""
        self._inside = tuple(slice(size) for size in shape)
        self.padded_shape = padded_shape
        self._blocks = list(blocks)

    def take(self, firsts: Sequence[int], count: int, jobs: int) -> Tensor:
        """Return (count, jobs, *padded_shape): each job's minibatches from its own first on.

        The jobs beyond those that have blocks are doubles of the last one, and get what it gets.
        """
        array = np.zeros((count, jobs, *self.padded_shape), np.float32)
        for job, (blocks, first) in enumerate(zip(self._blocks, firsts, strict=True)):
            blocks.fill(array[:, job][(slice(None), *self._inside)], first)
        own = len(self._blocks)
        array[:, own:] = array[:, own - 1 : own]
        return torch.from_numpy(array)

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the jobs of these indices alone."""
        self._blocks = [self._blocks[index] for index in indices]


class Batches:
    """The minibatches of a pack."""

    def __init__(self, configs: Sequence[TrainConfig], families: Sequence[Family], device: str) -> None:
        self._device = device
        job = configs[0]
        batch, points = padded(job.batch_size, BATCH_ALIGN), padded(job.seen)
        shape, labels = (job.batch_size, job.outputs), len(job.labelled)
        latent, wide = (job.batch_size, job.latent), (batch, padded(job.latent + labels))
        self._label_places = slice(job.latent, job.latent + labels), slice(job.outputs, job.seen)
        # By the names of a Batch's fields.
        self._sources = {"z_jbl": Source(latent, wide, list(map(_latents, configs)))}
        self._families = list(families)
        # Where all real curves are one, a few rows stand for the minibatch, unless each row is changed by itself.
        alike = not (job.instance_noise or job.r1 or job.r2 or job.gp or job.pack > 1 or job.norm_d == "batch")
        self._constant_shape = (BATCH_ALIGN if alike else batch, points) if families[0].FIXED else None
        if not self._constant_shape:
            drawn = [curves.minibatches(config, family) for config, family in zip(configs, families, strict=True)]
            self._sources["real_jbp"] = Source((job.batch_size, job.seen), (batch, points), drawn)
        if job.instance_noise:
            self._sources["noise_jbp"] = Source((2, *shape), (2, batch, points), list(map(_instance_noise, configs)))
        if job.gp:
            judged = (job.batch_size // job.pack, 1)
            mix = [UniformBlocks(config.seed, Stream.PENALTY, judged) for config in configs]
            self._sources["mix_jb1"] = Source(judged, (padded(judged[0], BATCH_ALIGN), 1), mix)
        further = [_latents(config, Stream.GENERATOR) for config in configs]
        self._further = {"z_jbl": Source(latent, wide, further)}

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the jobs of these indices alone."""
        self._families = [self._families[index] for index in indices]
        for source in (*self._sources.values(), *self._further.values()):
            source.keep(indices)

    def take(self, firsts: Sequence[int], count: int, jobs: int) -> Iterator[Batch]:
        """Yield `count` minibatches of `jobs` jobs, each job's from its own first on; the last job fills the rest."""
        constant = {"real_jbp": self._real(jobs, self._constant_shape)} if self._constant_shape else {}
        for arrays in self._arrays(self._sources, firsts, count, jobs):
            minibatch = Batch(**arrays, **constant)
            yield minibatch._replace(z_jbl=self.labelled(minibatch.z_jbl, minibatch.real_jbp))

    def labelled(self, z_jbl: Tensor, real_jbp: Tensor) -> Tensor:
        """Return latents, each with the label of the real curve in its row where labels are learnt."""
        behind, own = self._label_places
        if behind.start < behind.stop:
            z_jbl[..., behind] = real_jbp[..., own]
        return z_jbl

    def latents(self, firsts: Sequence[int], count: int, jobs: int) -> Iterator[Tensor]:
        """Yield `count` minibatches of latents for further updates of the generator, numbered as those."""
        for arrays in self._arrays(self._further, firsts, count, jobs):
            yield arrays["z_jbl"]

    def _arrays(
        self, sources: dict[str, Source], firsts: Sequence[int], count: int, jobs: int
    ) -> Iterator[dict[str, Tensor]]:
        """Yield the arrays of one minibatch after the other, drawn as many at once as memory has room for."""
        numbers = jobs * sum(prod(source.padded_shape) for source in sources.values())
        most = max(1, min(count, _MOST_NUMBERS // numbers))
        for done in range(0, count, most):
            part, starts = min(most, count - done), [first + done for first in firsts]
            arrays = {name: source.take(starts, part, jobs).to(self._device) for name, source in sources.items()}
            for minibatch in range(part):
                yield {name: _flat(array[minibatch]) for name, array in arrays.items()}

    def _real(self, jobs: int, shape: tuple[int, int]) -> Tensor:
        """Return the curves of families that have but one, in every row of (jobs, *shape)."""
        real_jbp = np.zeros((jobs, *shape), np.float32)
        for job in range(jobs):
            family = self._families[min(job, len(self._families) - 1)]
            real_jbp[job, :, : family.config.outputs] = family.members(np.zeros(1))
        return torch.from_numpy(real_jbp).to(self._device)


def _flat(array: Tensor) -> Tensor:
    """Lay the halves of (j, 2, b, p) one behind the other, (j, 2b, p)."""
    return array.flatten(1, 2) if array.dim() == 4 else array


def _symmetric_blocks(seed: int, stream: Stream, shape: tuple[int, ...]) -> Blocks:
    """Return noise of U[-1, 1)."""
    return Blocks(
        shape, lambda steps: 2 * uniforms_of(seed, stream, steps, prod(shape)).reshape(len(steps), *shape) - 1
    )


LATENT_BLOCKS: dict[str, Callable[[int, Stream, tuple[int, ...]], Blocks]] = {
    "normal": NormalBlocks,
    "uniform": _symmetric_blocks,
}
"""The distributions of latents."""


def _latents(config: TrainConfig, stream: Stream = Stream.LATENT) -> Blocks:
    return LATENT_BLOCKS[config.latent_noise](config.seed, stream, (config.batch_size, config.latent))


def _instance_noise(config: TrainConfig) -> Blocks:
    """Noise on real and on generated curves, (2, batch_size, points)."""
    shape, size = (2, config.batch_size, config.outputs), np.float32(config.instance_noise)
    return Blocks(
        shape,
        lambda steps: size * normals_of(config.seed, Stream.INSTANCE, steps, prod(shape)).reshape(len(steps), *shape),
    )
