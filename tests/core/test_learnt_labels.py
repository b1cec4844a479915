"""Labels of your own curves that are learnt: both engines, packs, resume, and what is drawn of each label."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine
from curvegan_core.engines.fused.engine import engines
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.errors import InvalidConfig
from curvegan_core.families.curves import family, minibatches
from curvegan_core.families.dataset import Dataset
from curvegan_core.metrics.evaluation import evaluation_latents
from curvegan_core.networks import init_weights
from curvegan_core.noise import Stream, normals_of
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.sampling import samples
from curvegan_core.training import PackTraining
from tests.core.fused.fused import GROUPS, SERIES, initial, joined, train

LEVELS = {"high": 3.0, "low": -3.0, "middle": 0.0}


def a_dataset(names: str = "low middle high") -> Dataset:
    random, labels = np.random.default_rng(4), names.split() * 20
    x, phase = np.linspace(0, 1, 9), random.uniform(0, 1, (len(labels), 1))
    return Dataset.checked(np.array([[LEVELS[label]] for label in labels]) + np.sin(x + phase), labels)


DATASET = a_dataset()
# As in test_fused_deep: a gradient that is rounding alone must not become whole steps of Adam's.
SMALL: dict[str, Any] = {"batch_size": 6, "hidden_g": 33, "hidden_d": 17, "latent": 3, "eps": 1e-3, "lr": 1e-3}
VARIANTS: dict[str, dict[str, Any]] = {
    "as the preset": {"front": "pca", "loss": "rpgan", "r1": 3.0, "r2": 3.0, "instance_noise": 0.1, "ema": 0.9},
    "gp": {"gp": 1.0, "loss": "wgan", "lr": 3e-4, "d_steps": 2, "layers_g": 2, "layers_d": 2},
    "further updates": {"g_steps": 2, "d_steps": 2, "instance_noise": 0.1, "holdout": 0.2},
    "no layers": {"layers_g": 0, "layers_d": 0, "r1": 1.0, "optimiser": "sgd", "latent": 0},
    "both at once": {"updates": "simultaneous", "optimiser": "oadam", "r2": 0.5},
}
each_variant = pytest.mark.parametrize("name", VARIANTS)


def a_config(**values: Any) -> TrainConfig:
    return TrainConfig.parse({"curve": DATASET.parameters, "points": DATASET.points, "seed": 9, **SMALL, **values})


def an_engine(name: str, *configs: TrainConfig) -> Engine:
    made = TorchEngine if name == "torch" else engines(configs[0])[0]
    return made(configs, [initial(config) for config in configs], "cpu", [family(one, DATASET) for one in configs])


def test_torch_trains_as_a_loop_of_plain_torch() -> None:
    """Labels join the inputs of both networks, and R1 is of the slope by the curve alone."""
    config, steps = a_config(r1=0.5, optimiser="sgd", lr=0.05), np.arange(20, dtype=np.uint64)
    weights = {name: torch.tensor(values, requires_grad=True) for name, values in init_weights(config).items()}
    real_nbp, points = np.zeros((20, 6, config.seen), np.float32), config.points
    minibatches(config, family(config, DATASET)).fill(real_nbp, 0)
    z_nbl = normals_of(9, Stream.LATENT, steps, 18).reshape(20, 6, 3)

    def network(name: str, x: torch.Tensor) -> torch.Tensor:
        hidden = (x @ weights[f"{name}.0.weight"].T + weights[f"{name}.0.bias"]).relu()
        return hidden @ weights[f"{name}.2.weight"].T + weights[f"{name}.2.bias"]

    def descend(name: str, loss: torch.Tensor) -> None:
        mine = [tensor for key, tensor in weights.items() if key.startswith(name)]
        for tensor, slope in zip(mine, torch.autograd.grad(loss, mine), strict=True):
            tensor.data -= 0.05 * slope

    for real, z in zip(torch.from_numpy(real_nbp), torch.from_numpy(z_nbl), strict=True):
        curve, label = real[:, :points].clone().requires_grad_(), real[:, points:]
        fake = torch.cat([network("generator", torch.cat([z, label], 1)), label], 1)
        logits = network("discriminator", torch.cat([curve, label], 1))
        [slope] = torch.autograd.grad(logits.sum(), curve, create_graph=True)
        penalty = 0.25 * slope.square().sum(1).mean()
        loss = softplus(-logits).mean() + softplus(network("discriminator", fake.detach())).mean() + penalty
        descend("discriminator", loss)
        descend("generator", softplus(-network("discriminator", fake)).mean())
    engine = an_engine("torch", config)
    engine.run([0], 20, [])
    for name, tensor in engine.state(0).weights.items():
        np.testing.assert_allclose(tensor, weights[name].detach(), atol=1e-6, err_msg=name)


@each_variant
def test_fused_trains_as_torch(name: str) -> None:
    config = a_config(**VARIANTS[name])
    pair = [an_engine(engine, config) for engine in ("fused", "torch")]
    actual, expected = (joined(train(engine, 1, [100])) for engine in pair)
    for series in SERIES:
        np.testing.assert_allclose(actual[series], expected[series], rtol=1e-5, atol=1e-5, err_msg=series)
    state, truth = (engine.state(0) for engine in pair)
    for group in GROUPS:
        for tensor, values in getattr(truth, group).items():
            np.testing.assert_allclose(getattr(state, group)[tensor], values, atol=1e-5, err_msg=f"{group} {tensor}")


@pytest.mark.parametrize("engine", ["fused", "torch"])
def test_neither_a_pack_nor_a_stop_changes_a_bit(engine: str) -> None:
    values = VARIANTS["as the preset"] | {"steps": 40, "snapshot_every": 20, "checkpoint_every": 20, "engine": engine}
    config, other = a_config(**values), a_config(**{**values, "seed": 2})

    def states(jobs: dict[int, tuple[TrainConfig, Checkpoint | None]]) -> list[Checkpoint]:
        pack, found = PackTraining(jobs, "cpu", {DATASET.hash: DATASET}), list[Checkpoint]()
        while pack.jobs:
            found += [one.checkpoint for one in pack.advance(7) if one.job == 1 and one.checkpoint]
        return found

    middle, whole = states({1: (config, None)})
    for last in (states({3: (other, None), 1: (config, None)})[-1], states({1: (config, middle)})[-1]):
        assert last.to_bytes() == whole.to_bytes()


def test_a_sample_is_of_the_label_that_is_asked_for() -> None:
    values = {"hidden_g": 64, "hidden_d": 64, "batch_size": 32, "front": "pca", "loss": "rpgan", "r1": 1.0, "r2": 1.0}
    config = a_config(**values, ema=0.99, beta1=0.5, beta2=0.9, steps=2000, holdout=0.2, eps=1e-8)
    pack = PackTraining({1: (config, None)}, "cpu", {DATASET.hash: DATASET})
    while pack.jobs:
        [end] = pack.advance()
    assert end.checkpoint is not None
    for number, level in enumerate(LEVELS.values()):
        drawn = samples(end.checkpoint, config, 200, 5, label=number)
        assert np.mean(np.abs(drawn.mean(axis=1) - level - 0.7) < 1) > 0.95
    levels = samples(end.checkpoint, config, 600, 5).mean(axis=1)
    assert np.std(levels) == pytest.approx(np.std(DATASET.rows.mean(axis=1)), rel=0.15)


def test_labels_of_few_rows_are_not_learnt() -> None:
    few = Dataset.checked(DATASET.rows, ["rare"] * 4 + ["common"] * 56)
    assert (few.parameters.labels, DATASET.parameters.labels) == ("", "20/20/20")
    assert family(a_config(), DATASET).members(np.zeros(1))[0, -3:].sum() == 1
    assert evaluation_latents(a_config()).shape == (1024, 3 + 3)
    with pytest.raises(InvalidConfig, match=r"curve.labels must be empty"):
        family(a_config(curve=few.parameters.model_copy(update={"labels": "4/56"})), few)
    with pytest.raises(InvalidConfig, match="leave it out"):
        a_config(pack=2)
