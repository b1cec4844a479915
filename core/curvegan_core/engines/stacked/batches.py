"""What the torch engine's updates read: latents, real curves and noise of a pack, padded, a minibatch at a time.

Minibatches are numbered as the discriminator's updates: a step has `d_steps` of them, and the last one's latents serve
the generator's update too. Every array comes from the job's own streams, so a job meets the same ones in any pack.

Legend of the shapes in names: j jobs, b minibatch, l latent, p points, 2 real and generated.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.stack import padded
from curvegan_core.families import curves
from curvegan_core.families.family import Family
from curvegan_core.noise import Blocks, NormalBlocks, Stream, UniformBlocks, normals_of, uniforms_of

BATCH_ALIGN = 32
# Numbers prepared at once for one pack; bounds memory for large minibatches.
_MOST_NUMBERS = 1 << 22


class Batch(NamedTuple):
    """One minibatch of every job. `noise` is instance noise, `mix` in [0, 1) the places between real and generated."""

    z_jbl: Tensor
    real_jbp: Tensor
    noise_jbp: Tensor | None = None
    mix_jb1: Tensor | None = None

    def copy(self) -> "Batch":
        """The same in memory of their own."""
        noise_jbp, mix_jb1 = (None if each is None else each.clone() for each in self[2:])
        return Batch(self.z_jbl.clone(), self.real_jbp.clone(), noise_jbp, mix_jb1)


class Source:
    """One array of each minibatch: of every job the shape that its own blocks have, padded with zeros."""

    def __init__(self, shape: tuple[int, ...], room: tuple[int, ...], blocks: Sequence[Blocks]) -> None:
        self._inside = tuple(slice(size) for size in shape)
        self.room = room
        self._blocks = list(blocks)

    def take(self, firsts: Sequence[int], count: int, jobs: int) -> Tensor:
        """Return (count, jobs, *room), each job's minibatches from its own first on; jobs without blocks repeat."""
        array = np.zeros((count, jobs, *self.room), np.float32)
        for place, (blocks, first) in enumerate(zip(self._blocks, firsts, strict=True)):
            blocks.fill(array[:, place][(slice(None), *self._inside)], first)
        array[:, len(self._blocks) :] = array[:, len(self._blocks) - 1 : len(self._blocks)]
        return torch.from_numpy(array)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the jobs at these places alone."""
        self._blocks = [self._blocks[place] for place in places]


class Batches:
    """The minibatches of a pack."""

    def __init__(self, configs: Sequence[TrainConfig], families: Sequence[Family], device: str) -> None:
        self._device = device
        job = configs[0]
        batch, points = padded(job.batch_size, BATCH_ALIGN), padded(job.points)
        shape = (job.batch_size, job.points)
        latent = (job.batch_size, job.latent)
        self._sources = {"z_jbl": Source(latent, (batch, padded(job.latent)), [_latents(each) for each in configs])}
        self._families = list(families)
        # Where all real curves are one, a few rows stand for the minibatch, unless each row is changed by itself.
        alike = not (job.instance_noise or job.r1 or job.r2 or job.gp)
        self._still = (BATCH_ALIGN if alike else batch, points) if families[0].FIXED else None
        if not self._still:
            drawn = [curves.minibatches(*each) for each in zip(configs, families, strict=True)]
            self._sources["real_jbp"] = Source(shape, (batch, points), drawn)
        if job.instance_noise:
            noise = [_instance_noise(each) for each in configs]
            self._sources["noise_jbp"] = Source((2, *shape), (2, batch, points), noise)
        if job.gp:
            mix = [UniformBlocks(each.seed, Stream.PENALTY, (job.batch_size, 1)) for each in configs]
            self._sources["mix_jb1"] = Source((job.batch_size, 1), (batch, 1), mix)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the jobs at these places alone."""
        self._families = [self._families[place] for place in places]
        for source in self._sources.values():
            source.keep(places)

    def take(self, firsts: Sequence[int], count: int, jobs: int) -> Iterator[Batch]:
        """Yield `count` minibatches of `jobs` jobs, each job's from its own first on; the last job fills the rest."""
        still = {"real_jbp": self._real(jobs)} if self._still else {}
        most = max(1, min(count, _MOST_NUMBERS // (jobs * sum(prod(each.room) for each in self._sources.values()))))
        for done in range(0, count, most):
            part, starts = min(most, count - done), [first + done for first in firsts]
            taken = {name: source.take(starts, part, jobs).to(self._device) for name, source in self._sources.items()}
            for place in range(part):
                yield Batch(**{name: _flat(array[place]) for name, array in taken.items()}, **still)

    def _real(self, jobs: int) -> Tensor:
        """Return the curves of families that have but one, in every row."""
        assert self._still is not None
        real = np.zeros((jobs, *self._still), np.float32)
        for place in range(jobs):
            family = self._families[min(place, len(self._families) - 1)]
            real[place, :, : family.config.points] = family.members(np.zeros(1))
        return torch.from_numpy(real).to(self._device)


def _flat(array: Tensor) -> Tensor:
    """Lay the halves of (j, 2, b, p) one behind the other, (j, 2b, p)."""
    return array.flatten(1, 2) if array.dim() == 4 else array


def _symmetric_blocks(seed: int, stream: Stream, shape: tuple[int, ...]) -> Blocks:
    """Return blocks of U(-1, 1)."""
    return Blocks(shape, lambda steps: 2 * uniforms_of(seed, stream, steps, prod(shape)).reshape(-1, *shape) - 1)


_LATENTS: dict[str, Callable[[int, Stream, tuple[int, ...]], Blocks]] = {
    "normal": NormalBlocks,
    "uniform": _symmetric_blocks,
}


def _latents(config: TrainConfig) -> Blocks:
    return _LATENTS[config.latent_noise](config.seed, Stream.LATENT, (config.batch_size, config.latent))


def _instance_noise(config: TrainConfig) -> Blocks:
    """Noise on real and on generated curves, (2, batch_size, points)."""
    shape, size = (2, config.batch_size, config.points), np.float32(config.instance_noise)
    return Blocks(
        shape, lambda steps: size * normals_of(config.seed, Stream.INSTANCE, steps, prod(shape)).reshape(-1, *shape)
    )
