"""A trained generator and discriminator as functions on numpy arrays. Needs no engine and no store."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from curvegan.given import by_key, file_of, seed_of, whole

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families.front import Front
    from curvegan_core.records.checkpoint import Checkpoint


def load(path: "str | Path", config: "TrainConfig | Mapping[str, Any] | None" = None) -> "Generator":
    """Return the generator of a checkpoint's file, as `curvegan fetch-checkpoint` writes it; no store is asked.

    Args:
        path: a .safetensors file.
        config: of a file of before checkpoints held it: the job's config, or its keys.

    Raises:
        InvalidInput: the file cannot be read.
        CheckpointRefused: it is no checkpoint, is damaged, does not hold its config, or belongs to another one.
    """
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.errors import InvalidInput
    from curvegan_core.records.checkpoint import Checkpoint

    try:
        data = file_of(path).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}; name a checkpoint's file") from None
    checkpoint = Checkpoint.from_bytes(data)
    given = config if config is None or isinstance(config, TrainConfig) else TrainConfig.parse(by_key(config, "keys"))
    return Generator(checkpoint, given or checkpoint.config)


class _Network:
    """A network of a checkpoint, of step `step` of the training that `config` says."""

    def __init__(self, checkpoint: "Checkpoint", config: "TrainConfig") -> None:
        """Make it. Raises CheckpointRefused where the checkpoint belongs to another config."""
        checkpoint.check(config)
        self.config = config
        self.checkpoint = checkpoint

    @property
    def step(self) -> int:
        """How many updates of the generator its training had."""
        return self.checkpoint.step

    @property
    def weights(self) -> "dict[str, NDArray[Any]]":
        """Its tensors by torch's names, as float32 arrays: `0.weight` (out, in), `0.bias` (out,), ..."""
        prefix = f"{type(self).__name__.lower()}."
        tensors = self._chosen.items()
        return {name.removeprefix(prefix): tensor for name, tensor in tensors if name.startswith(prefix)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at step {self.step}: {self._arrow}>"

    @property
    def _chosen(self) -> "Mapping[str, NDArray[Any]]":
        return self.checkpoint.weights

    @property
    def _front(self) -> "Front | None":
        from curvegan_core.families.front import Front

        return Front.from_tensors(self.checkpoint.front) if self.checkpoint.front else None

    @property
    def _arrow(self) -> str:
        raise NotImplementedError


class Generator(_Network):
    """Curves from latents: `generator(z)`, z (n, latent) or (latent,), gives (n, points) or (points,) in units of y.

    It is that of the averaged weights, where the config has `ema`.
    """

    def __init__(self, checkpoint: "Checkpoint", config: "TrainConfig", averaged: bool = True) -> None:
        """Make it. Raises CheckpointRefused where the checkpoint belongs to another config."""
        super().__init__(checkpoint, config)
        self._averaged = averaged

    def __call__(self, z: "ArrayLike") -> "NDArray[Any]":
        """Return curves; float32, or float64 of your own curves. Raises InvalidInput for latents of another size.

        Those of your own are smooth: what `sample` draws behind the front end's components is no matter of latents.
        """
        from curvegan_core.families.curves import restored
        from curvegan_core.networks import generate

        rows, single = _rows(z, self._latent, "latents")
        front = self._front.smooth if self._front else None
        curves = restored(self.config, generate(self._chosen, rows, self.config), front)
        return curves[0] if single else curves

    @cached_property
    def last(self) -> "Generator":
        """The generator of the weights as they were left, not of their average."""
        return Generator(self.checkpoint, self.config, averaged=False)

    @cached_property
    def discriminator(self) -> "Discriminator":
        """The discriminator that it was trained against, at the same step."""
        return Discriminator(self.checkpoint, self.config)

    @property
    def x(self) -> "NDArray[Any]":
        """Where the points of its curves lie, (points,); a data set's own x axis is in the store alone."""
        from curvegan_core.families.curves import points_x

        return points_x(self.config)

    def latents(self, n: int, seed: int = 0, label: int | None = None) -> "NDArray[Any]":
        """Return the latents (n, latent) from which `sample(n, seed, label)` draws.

        Where labels are learnt, a one of as many as there are stands behind each, at its label's number.
        """
        from curvegan_core.networks import latents
        from curvegan_core.noise import Stream

        return latents(self.config, seed_of(seed), Stream.SAMPLE, _count(n), _label(self.config, label))

    def sample(self, n: int = 10, seed: int = 0, label: int | None = None) -> "NDArray[Any]":
        """Draw n curves, (n, points), in units of y: the numbers of `curvegan sample -n N --seed SEED`.

        `label` is the number of one that was learnt, in the order of their names; `job.sample` takes the name.
        """
        from curvegan_core.sampling import told

        return told(self.config, self._drawn(n, seed, label))

    def _drawn(self, n: int, seed: int, label: int | None) -> "NDArray[Any]":
        from curvegan_core.sampling import samples

        named = _label(self.config, label)
        return samples(self.checkpoint, self.config, _count(n), seed_of(seed), not self._averaged, named)

    @property
    def _latent(self) -> int:
        return self.config.latent + len(self.config.labelled)

    def walk(self, z0: "ArrayLike", z1: "ArrayLike", n: int = 9) -> "NDArray[Any]":
        """Return n curves, (n, points), along the straight line from latent z0 to z1, both ends among them."""
        import numpy as np

        share = np.linspace(0, 1, _count(n), dtype=np.float32)[:, None]
        start, end = (_rows(z, self._latent, "the ends of a walk")[0][:1] for z in (z0, z1))
        return self((1 - share) * start + share * end)

    @property
    def _chosen(self) -> "Mapping[str, NDArray[Any]]":
        averages = self.checkpoint.ema if self._averaged else {}
        return {**self.checkpoint.weights, **averages}

    @property
    def _arrow(self) -> str:
        return f"latents (n, {self._latent}) to curves (n, {self.config.points})"


class Discriminator(_Network):
    """Logits from curves: `discriminator(curves)`, (n, points) or (points,) in units of y, gives (n,) or one number.

    A large logit means "real". One that judges several curves together, `pack` of the config, gives n // pack.
    """

    def __call__(self, curves: "ArrayLike", label: int | None = None) -> "NDArray[Any]":
        """Return logits, float32. Raises InvalidInput for curves of another size, or where a label is missing.

        Where labels are learnt, `label` is the number of the one that all these curves are judged by.
        """
        import numpy as np

        from curvegan_core.config.curve import Data
        from curvegan_core.errors import InvalidInput
        from curvegan_core.networks import discriminate, one_hot

        rows, single = _rows(curves, self.config.points, "curves", np.float64)
        curve, label = self.config.curve, _label(self.config, label)
        seen = (rows - curve.mean) / curve.scale if isinstance(curve, Data) else rows
        seen = self._front.scores(seen) if self._front else seen
        if self.config.labelled:
            if label is None:
                raise InvalidInput(f"say of which label, by its number from 0 to {len(self.config.labelled) - 1}")
            seen = np.concatenate([seen, one_hot(self.config, np.full(len(seen), label))], axis=1)
        logits = discriminate(self.checkpoint.weights, seen.astype(np.float32), self.config)
        return logits[0] if single else logits

    @property
    def _arrow(self) -> str:
        return f"curves (n, {self.config.points}) to logits (n,)"


def _rows(values: "ArrayLike", width: int, what: str, kind: Any = "float32") -> "tuple[NDArray[Any], bool]":
    """Return values as rows of a width, and whether it was one alone. Raises InvalidInput."""
    import numpy as np

    from curvegan_core.errors import InvalidInput

    try:
        if np.iscomplexobj(values):
            raise TypeError
        rows = np.asarray(values, kind)
    except (TypeError, ValueError):
        raise InvalidInput(f"{what} are an array of numbers, not {type(values).__name__}") from None
    if rows.ndim not in (1, 2) or rows.shape[-1] != width:
        raise InvalidInput(f"{what} have the shape (n, {width}) or ({width},), not {rows.shape}")
    return np.atleast_2d(rows), rows.ndim == 1


def _count(n: int) -> int:
    from curvegan_core.errors import InvalidInput

    if (count := whole(n, "how many curves")) < 1:
        raise InvalidInput(f"at least 1 curve is drawn, not {count}")
    return count


def _label(config: "TrainConfig", label: int | None) -> int | None:
    """Return the number of a label that was learnt. Raises InvalidInput."""
    from curvegan_core.errors import InvalidInput

    if label is not None and not config.labelled:
        raise InvalidInput("no labels were learnt: leave the label out")
    return None if label is None else whole(label, "a label's number", 0, len(config.labelled) - 1)
