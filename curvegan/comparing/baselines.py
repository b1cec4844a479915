"""What needs no training, on a person's own curves: how near it comes to rows held out, and curves of it."""

from collections.abc import Collection, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from curvegan.datasets import stored_curves
from curvegan.words import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families.dataset import Dataset
    from curvegan_db.store import Store

KINDS = ("gaussian", "kde")
"""What can be drawn from: normal scores on principal components, and a kernel estimate on them."""

FEWEST = 100
"""Rows below which no training was seen to do better than these: docs/real-curves.md."""
_CALLED = {"floor": "rows trained on", "gaussian": "Gaussian", "kde": "kernel estimate"}


def few_remarks(store: "Store", configs: "Iterable[TrainConfig]", typed: Collection[str | None] = ()) -> list[str]:
    """Say of each data set that has few curves that it has few, and how near what needs no training comes.

    One that has several names is called by one of those `typed`, and by the others behind it.
    """
    from curvegan_core.config.curve import Data

    own = {config.curve.hash: config for config in reversed([*configs]) if isinstance(config.curve, Data)}
    known = [(store.dataset_names(content_hash), config) for content_hash, config in own.items()]
    named = [(sorted(names, key=lambda name: name not in typed), config) for names, config in known if names]
    return [_few(store, names, config) for names, config in named if _rows(store, names[0]) < FEWEST]


def _rows(store: "Store", name: str) -> int:
    return store.named_dataset(name).rows


def _few(store: "Store", names: list[str], config: "TrainConfig") -> str:
    from curvegan_core.families.data import held_out

    name, *others = names
    rows, also = _rows(store, name), f" (the same as {', '.join(others)})" if others else ""
    held, numbers = int(held_out(config, rows).sum()), ""
    if held and find_spec("scipy"):
        judged = baseline_numbers(config, stored_curves(store, store.named_dataset(name).hash, name))
        energies = ", ".join(f"{_CALLED[kind]} {number(numbers['energy'])}" for kind, numbers in judged.items())
        numbers = f" (energy distance to the {held} held out: {energies})"
    return (
        f"{name}{also} has only {rows} curves, and of fewer than {FEWEST} a Gaussian or a kernel estimate serves as "
        f"well as a GAN{numbers}; `curvegan baseline` draws from them."
    )


def baseline_numbers(config: "TrainConfig", dataset: "Dataset") -> dict[str, dict[str, float]]:
    """Return what rows held out tell of the rows trained on (floor), of a Gaussian and of a kernel estimate.

    They are those of a job with this config, in its metrics `energy_floor` to `c2st_kde`. Raises InvalidInput where no
    row is held out, or scipy is missing.
    """
    _check_scipy()
    from curvegan_core.errors import InvalidInput
    from curvegan_core.families.data import Data
    from curvegan_core.metrics.baselines import Judge, baselines

    family = Data(config, dataset)
    if not len(family.held_mp):
        raise InvalidInput(f"no row is held out to judge by: the data set has only {len(dataset.rows)}")
    judge = Judge(family)
    samples = baselines(family, config)
    return {name: judge.distance(sample) | judge.ratios(sample) for name, sample in samples.items()}


def baseline_curves(config: "TrainConfig", dataset: "Dataset", kind: str, count: int) -> "NDArray[Any]":
    """Draw curves of one of KINDS, (count, points), in the units of the data set: the first are those judged.

    Raises InvalidInput where scipy is missing.
    """
    _check_scipy()
    from curvegan_core.families.data import Data
    from curvegan_core.metrics.baselines import baselines
    from curvegan_core.sampling import told

    curves = baselines(Data(config, dataset), config, count)[kind]
    return told(config, curves * dataset.parameters.scale + dataset.parameters.mean)


def _check_scipy() -> None:
    from curvegan_core.errors import InvalidInput

    if not find_spec("scipy"):
        raise InvalidInput('baselines need scipy, which is not installed: pip install "curvegan[worker]"')
