"""Every family, loss and regulariser keeps the promise: a job's numbers are its own, in any pack, after any resume."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import CheckpointRefused, InvalidConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.networks import init_weights
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.training import PackTraining
from tests.core.packs import Kept, keep, until

_ODD: dict[str, Any] = {"batch_size": 5, "hidden_g": 33, "hidden_d": 7, "points": 7, "latent": 3}
_PLANE: dict[str, Any] = {"batch_size": 37, "hidden_g": 18, "hidden_d": 50, "latent": 5}
_WAVES = Dataset.checked(np.sin(np.arange(40)[:, None] + np.arange(7)) + 3)
VARIANTS: dict[str, dict[str, Any]] = {
    "cubic": {"curve": "cubic"},
    "abs": {"curve": "abs"},
    "quadratic_family": {"curve": "quadratic_family"},
    "updown": {"curve": "updown"},
    "sine": {"curve": "sine"},
    "sine_modes": {"curve": "sine_modes"},
    "ring8": {"curve": "ring8"},
    "grid25": {"curve": "grid25"},
    "spiral": {"curve": "spiral"},
    "circle": {"curve": "circle"},
    "data": {"curve": _WAVES.parameters, "points": 7},
    "minimax": {"loss": "minimax"},
    "lsgan": {"loss": "lsgan", "label_smoothing": 0.1},
    "hinge": {"loss": "hinge", "spectral_norm": True, "curve": "updown"},
    "wgan gp": {"loss": "wgan", "gp": 10.0, "curve": "updown", "d_steps": 3},
    "wgan clip": {"loss": "wgan", "clip": 0.05},
    "rpgan r1 r2": {"loss": "rpgan", "r1": 0.1, "r2": 0.2, "curve": "sine_modes"},
    "r1 tanh": {"r1": 1.0, "activation": "tanh"},
    "r2 leaky": {"r2": 1.0, "activation": "leaky_relu"},
    "noise": {"instance_noise": 0.1, "label_smoothing": 0.2, "latent_noise": "uniform"},
    "ema": {"ema": 0.99},
    "batch norm": {"layers_g": 2, "norm_g": "batch", "norm_d": "batch", "ema": 0.9, "curve": "sine"},
    "momentum": {"optimiser_d": "sgd", "momentum": 0.5, "optimiser_g": "oadam", "layers_d": 2},
    "schedule": {"schedule": "linear", "schedule_steps": 50, "warmup": 10, "optimiser": "rmsprop"},
    "no latent": {"latent": 0, "layers_g": 0, "layers_d": 0},
    "everything": {
        **{"loss": "rpgan", "curve": "sine", "r1": 0.1, "r2": 0.1, "spectral_norm": True, "instance_noise": 0.05},
        **{"ema": 0.9, "d_steps": 2, "activation": "tanh", "latent_noise": "uniform"},
    },
}
_ENGINE: dict[str, Any] = {}
each_variant = pytest.mark.parametrize("name", VARIANTS)


@pytest.fixture(scope="module", autouse=True, params=["torch", "auto"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of every config here: each keeps the promise, torch for all of them, fused for those it can train."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_ENGINE, "engine", request.param)
        yield request.param


def a_config(name: str, **values: Any) -> TrainConfig:
    variant = VARIANTS[name]
    shape = _PLANE if variant.get("curve") in ("ring8", "grid25", "spiral", "circle") else _ODD
    grid = {"steps": 60, "record_every": 1, "snapshot_every": 60, "checkpoint_every": 20}
    return TrainConfig.parse({**shape, **grid, **_ENGINE, "lr": 1e-3, "seed": 3, **variant, **values})


def train(jobs: dict[int, tuple[TrainConfig, Checkpoint | None]], last: int = 1) -> dict[int, Kept]:
    """Train a pack until one of its jobs has ended: to judge the others at their ends takes longer than to train."""
    pack, kept = PackTraining(jobs, "cpu", {_WAVES.hash: _WAVES}), {job: Kept() for job in jobs}
    while last in pack.jobs:
        keep(kept, pack.advance(13))
    return kept


def undisturbed(name: str) -> Kept:
    return _undisturbed(a_config(name))


@cache
def _undisturbed(config: TrainConfig) -> Kept:
    return train({1: (config, None)})[1]


def a_neighbour(name: str, number: int) -> TrainConfig:
    """The same kind of job with other numbers wherever it has one."""
    weights = {key: 0.5 * value for key, value in VARIANTS[name].items() if isinstance(value, float)}
    return a_config(name, seed=50 + number, lr_g=10.0 ** -(1 + number % 4), steps=80, **weights)


@each_variant
def test_neighbours_do_not_matter(name: str) -> None:
    jobs: dict[int, tuple[TrainConfig, Checkpoint | None]] = {n: (a_neighbour(name, n), None) for n in range(7)}
    assert len({config.pack_key for config, _ in jobs.values()} | {a_config(name).pack_key}) == 1
    packed = train(jobs | {4: (a_config(name), None)}, last=4)[4]
    assert_same(packed, undisturbed(name))


@each_variant
def test_stop_and_resume_do_not_matter(name: str) -> None:
    config, kept = a_config(name), {1: Kept()}
    pack = PackTraining({1: (config, None), 2: (a_neighbour(name, 4), None)}, "cpu", {_WAVES.hash: _WAVES})
    until(pack, 1, 31, kept)
    checkpoint = Checkpoint.from_bytes(pack.checkpoint(1).to_bytes(), config)
    later = train({1: (config, checkpoint)})[1]
    kept[1].progress.extend(later.progress[1:])
    assert_same(kept[1], undisturbed(name))


def assert_same(actual: Kept, expected: Kept) -> None:
    """Bit for bit; and there is something to compare: the job trained to its end."""
    assert expected.end.metrics is not None
    assert actual.losses == expected.losses
    assert actual.snapshots == expected.snapshots
    assert actual.checkpoints == expected.checkpoints
    assert actual.end.metrics == expected.end.metrics


@each_variant
def test_a_variant_trains_otherwise_than_the_default(name: str) -> None:
    plain = a_config(name, **{key: TrainConfig.model_fields[key].default for key in VARIANTS[name] if key != "points"})
    assert undisturbed(name).end.metrics != train({1: (plain, None)})[1].end.metrics


def test_an_average_is_the_recurrence_of_its_definition() -> None:
    config = a_config("ema", steps=3, record_every=1, snapshot_every=3, checkpoint_every=1)
    kept = train({1: (config, None)})[1]
    name = "generator.2.weight"
    mean = init_weights(config)[name].astype(np.float64)
    for checkpoint in kept.checkpoints:
        mean = 0.99 * mean + 0.01 * checkpoint.weights[name]
        np.testing.assert_allclose(checkpoint.ema[name], mean, rtol=1e-5, atol=1e-7)
    assert set(kept.checkpoints[0].ema) == {key for key in init_weights(config) if key.startswith("generator.")}


def test_a_checkpoint_without_its_average_is_refused() -> None:
    config = a_config("ema")
    checkpoint = undisturbed("ema").checkpoints[0]
    bare = Checkpoint(**{**vars(checkpoint), "ema": {}})
    with pytest.raises(CheckpointRefused, match="averaged weights"):
        Checkpoint.from_bytes(bare.to_bytes(), config)


def test_clipped_weights_stay_within_their_bound() -> None:
    weights = undisturbed("wgan clip").checkpoints[-1].weights
    assert max(np.abs(tensor).max() for name, tensor in weights.items() if "discriminator" in name) == np.float32(0.05)


def test_the_data_set_of_a_job_must_be_there_and_its_own() -> None:
    with pytest.raises(InvalidConfig, match="not here"):
        PackTraining({1: (a_config("data"), None)}, "cpu")
    other = Dataset.checked(_WAVES.rows + 1)
    with pytest.raises(InvalidConfig, match=r"is not the config's"):
        PackTraining({1: (a_config("data"), None)}, "cpu", {_WAVES.hash: other})
    with pytest.raises(InvalidConfig, match="points must be 7"):
        PackTraining({1: (a_config("data", points=8), None)}, "cpu", {_WAVES.hash: _WAVES})


def test_snapshots_of_your_own_curves_are_in_their_units() -> None:
    first, last = undisturbed("data").snapshots[0], undisturbed("data").snapshots[-1]
    assert first.curves.shape == last.curves.shape == (32, 7)
    assert last.curves.mean() == pytest.approx(3, abs=1.0)
