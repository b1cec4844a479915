"""A job's numbers are its own: whatever its pack, its place, its stops; and a job that diverges says so alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import CheckpointRefused, DeviceUnavailable
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve
from curvegan_core.training import PackTraining
from tests.core.packs import Kept, alone, keep, train, until

_SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "odd": {"batch_size": 5, "hidden_g": 33, "hidden_d": 7, "points": 7, "latent": 3},
    "smallest": {"batch_size": 1, "hidden_g": 1, "hidden_d": 1, "points": 2, "latent": 1},
    "large": {"batch_size": 65, "hidden_g": 100, "hidden_d": 150, "points": 33, "latent": 17},
}
_DIVERGES: dict[str, Any] = {"lr": 1.0, "beta1": 0.999, "beta2": 0.1, "eps": 1e-30}
_ENGINE: dict[str, Any] = {}
shapes = pytest.mark.parametrize("shape", _SHAPES)


@pytest.fixture(scope="module", autouse=True, params=["torch", "fused"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of every config here: each keeps the promise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_ENGINE, "engine", request.param)
        yield request.param


def a_config(shape: str = "odd", **values: Any) -> TrainConfig:
    steps = values.get("steps", 300)
    intervals = {"record_every": 1, "snapshot_every": min(100, steps), "checkpoint_every": min(150, steps)}
    return TrainConfig.parse({**_SHAPES[shape], **intervals, **_ENGINE, "steps": steps, "seed": 9, **values})


def a_neighbour(shape: str, number: int) -> TrainConfig:
    curve = {"family": "quadratic", "a": number - 3.5, "c": 0.5 * number}
    rates = {
        "lr_g": 10.0 ** -(1 + number % 5),
        "lr_d": 10.0 ** -(2 + number % 3),
        "beta1": 0.05 * number,
        "beta2": 0.99,
    }
    return a_config(shape, seed=100 + number, curve=curve, **rates)


def undisturbed(shape: str) -> Kept:
    return _undisturbed(a_config(shape))


@cache
def _undisturbed(config: TrainConfig) -> Kept:
    return alone(config)


def assert_same(actual: Kept, expected: Kept) -> None:
    """Bit for bit: losses, snapshots, states and metrics."""
    assert actual.losses == expected.losses
    assert actual.snapshots == expected.snapshots
    assert actual.checkpoints == expected.checkpoints
    assert actual.end == replace(expected.end, job=actual.end.job, losses=actual.end.losses)


@shapes
@pytest.mark.parametrize(("size", "index"), [(2, 1), (3, 2), (7, 0), (7, 3), (16, 15)])
def test_neighbours_do_not_matter(shape: str, size: int, index: int) -> None:
    jobs: dict[int, tuple[TrainConfig, Checkpoint | None]] = {n: (a_neighbour(shape, n), None) for n in range(size)}
    assert_same(train(jobs | {index: (a_config(shape), None)})[index], undisturbed(shape))


@shapes
@pytest.mark.parametrize("stops", [(1,), (64,), (137, 138), (63, 65, 150, 299)])
def test_stop_and_resume_do_not_matter(shape: str, stops: tuple[int, ...]) -> None:
    config = a_config(shape)
    actual, checkpoint = Kept(), None
    for stop in stops:
        pack, part = PackTraining({1: (config, checkpoint)}, "cpu"), {1: Kept()}
        until(pack, 1, stop, part)
        keep_new(actual, part[1])
        checkpoint = Checkpoint.from_bytes(pack.checkpoint(1).to_bytes(), config)
        assert checkpoint.step == stop
    keep_new(actual, train({1: (config, checkpoint)})[1])
    assert_same(actual, undisturbed(shape))


def keep_new(actual: Kept, later: Kept) -> None:
    """Append what a resumed training gave, without what it told a second time at the step where it resumed."""
    if not actual.progress:
        actual.progress.extend(later.progress)
        return
    first, *rest = later.progress
    assert len(first.losses) == 0
    assert first.step == actual.end.step
    actual.progress.extend(rest)


def test_jobs_at_different_steps_share_a_pack() -> None:
    configs = {number: a_neighbour("odd", number) for number in range(5)}
    expected = {number: alone(config) for number, config in configs.items()}
    jobs: dict[int, tuple[TrainConfig, Checkpoint | None]] = {}
    actual: dict[int, Kept] = {}
    for number, config in configs.items():
        pack = PackTraining({number: (config, None)}, "cpu")
        until(pack, number, 37 * number, actual)
        jobs[number] = (config, pack.checkpoint(number) if number else None)
    later = train(jobs)
    for number in configs:
        keep_new(actual[number], later[number])
        assert_same(actual[number], expected[number])


@pytest.mark.parametrize("shape", ["default", "odd"])
def test_removal_of_neighbours_does_not_matter(shape: str) -> None:
    expected = undisturbed(shape)
    jobs = {number: (a_neighbour(shape, number), None) for number in range(7)}
    pack, actual = PackTraining(jobs | {3: (a_config(shape), None)}, "cpu"), {3: Kept()}
    for leaving, step in ((0, 13), (6, 80), (5, 81), (4, 150), (2, 200), (1, 233)):
        while actual[3].progress == [] or actual[3].end.step < step:
            done = actual[3].end.step if actual[3].progress else 0
            keep(actual, [each for each in pack.advance(max(1, step - done)) if each.job == 3])
        pack.remove(leaving)
        assert leaving not in pack.jobs
    while pack.jobs:
        keep(actual, pack.advance())
    assert_same(actual[3], expected)


@given(st.integers(1, 299), st.integers(1, 130), st.integers(0, 4))
@settings(max_examples=15, deadline=None)
def test_any_stop_and_any_pace_give_the_same_end(stop: int, pace: int, neighbours: int) -> None:
    config = a_config("smallest", record_every=7)
    actual: dict[int, Kept] = {0: Kept()}
    pack = PackTraining({0: (config, None)}, "cpu")
    until(pack, 0, stop, actual)
    others = {number: (a_neighbour("smallest", number), None) for number in range(1, neighbours + 1)}
    keep_new(actual[0], train({**others, 0: (config, pack.checkpoint(0))}, most_steps=pace)[0])
    assert_same(actual[0], _undisturbed(config))


def test_first_advance_trains_nothing_and_gives_the_snapshot_at_0(engine: str) -> None:
    pack = PackTraining({4: (a_config(), None)}, "cpu")
    (first,) = pack.advance()
    assert (first.job, first.step, len(first.losses), first.checkpoint, first.finished) == (4, 0, 0, None, False)
    assert first.snapshot is not None
    assert first.snapshot.curves.shape == (32, 7)
    (second,) = pack.advance(50)
    assert second.step == 50
    assert second.losses.steps.tolist() == list(range(50))
    assert second.snapshot is None
    version = {"torch": torch.__version__.partition("+")[0], "fused": "1"}[engine]
    assert (pack.engine, pack.engine_version) == (engine, version)


def test_everything_lies_on_its_own_grid() -> None:
    config = a_config(steps=97, record_every=10, snapshot_every=40, checkpoint_every=30)
    kept = train({1: (config, None), 2: (a_config(steps=31, record_every=9, snapshot_every=7), None)})[1]
    assert kept.losses.steps.tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert [each.step for each in kept.snapshots] == [0, 40, 80, 97]
    assert [each.step for each in kept.checkpoints] == [30, 60, 90, 97]
    assert kept.end.finished
    assert [each.finished for each in kept.progress[:-1]] == [False] * (len(kept.progress) - 1)


def test_resumed_at_its_end_finishes_at_once_with_the_same_metrics() -> None:
    expected = alone(a_config(steps=13, record_every=5))
    (end,) = PackTraining({1: (a_config(steps=13, record_every=5), expected.checkpoints[-1])}, "cpu").advance()
    assert end == replace(expected.end, losses=LossCurve.empty())
    assert end.metrics is not None


def test_longer_training_goes_on_where_the_shorter_ended() -> None:
    short, long = a_config(steps=150), a_config(steps=300)
    resumed = train({1: (long, alone(short).checkpoints[-1])})[1]
    assert resumed.end.metrics == alone(long).end.metrics


def test_large_minibatches_are_prepared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    config = a_config(curve="updown")
    expected = alone(config)
    for module in ("stacked.batches", "fused.engine"):
        monkeypatch.setattr(f"curvegan_core.engines.{module}._MOST_NUMBERS", 5000)
    assert_same(alone(config), expected)


@pytest.mark.parametrize("shape", ["default", "odd"])
def test_divergence_is_loud_and_leaves_neighbours_alone(shape: str) -> None:
    bad = a_config(shape, **_DIVERGES, snapshot_every=5, checkpoint_every=5)
    jobs = {1: (a_config(shape), None), 2: (bad, None), 3: (a_neighbour(shape, 3), None)}
    kept = train(jobs)
    end = kept[2].end
    assert end.diverged is not None
    assert 0 < end.diverged.step == end.step < 300
    assert f"step {end.step}" in str(end.diverged)
    assert not end.finished
    assert (end.metrics, end.checkpoint, end.snapshot) == (None, None, None)
    assert kept[2].losses.steps.tolist() == list(range(end.step))
    assert all(np.isfinite(column).all() for column in kept[2].losses.columns)
    assert all(checkpoint.finite for checkpoint in kept[2].checkpoints)
    assert_same(kept[1], undisturbed(shape))
    assert_same(kept[3], alone(a_neighbour(shape, 3)))


def test_divergence_names_the_same_step_however_the_job_is_run() -> None:
    bad = a_config(**_DIVERGES)
    expected = alone(bad).end.step
    assert train({1: (bad, None)}, most_steps=1)[1].end.step == expected
    assert train({1: (bad, None), 2: (a_config(snapshot_every=3), None)})[1].end.step == expected


def test_a_broken_state_is_no_checkpoint_and_no_result() -> None:
    config = a_config(steps=151)
    kept = Kept()
    pack = PackTraining({1: (config, None)}, "cpu")
    until(pack, 1, 149, {1: kept})
    checkpoint = pack.checkpoint(1)
    checkpoint.adam_v["generator.0.bias"][0] = np.inf
    end = train({1: (config, checkpoint)})[1].end
    assert end.diverged is not None
    assert (end.step, end.checkpoint, end.finished) == (150, None, False)


def forged(change: Callable[[Checkpoint], Checkpoint]) -> Checkpoint:
    return change(alone(a_config(steps=20)).checkpoints[-1])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda checkpoint: replace(checkpoint, config_hash="0" * 64), "another config"),
        (lambda checkpoint: replace(checkpoint, step=301), "step 301, the job ends at 300"),
        (lambda checkpoint: replace(checkpoint, record=LossCurve.empty()), "last record"),
    ],
)
def test_checkpoints_of_others_are_refused(change: Callable[[Checkpoint], Checkpoint], text: str) -> None:
    with pytest.raises(CheckpointRefused, match=text):
        PackTraining({1: (a_config(), forged(change))}, "cpu")


def test_a_job_that_is_not_in_the_pack_is_a_key_error() -> None:
    pack = PackTraining({1: (a_config(), None)}, "cpu")
    pack.remove(1)
    assert pack.jobs == ()
    assert pack.advance() == []
    for verb in (pack.remove, pack.checkpoint):
        with pytest.raises(KeyError):
            verb(1)


def test_a_device_that_is_not_here_is_named() -> None:
    with pytest.raises(DeviceUnavailable, match="cuda:99"):
        PackTraining({1: (a_config(), None)}, "cuda:99")


@pytest.mark.parametrize("extreme", [{"lr": 1e-300}, {"eps": 1e-300}, {"eps": 1.0, "lr": 1e-30}])
def test_extreme_rates_give_numbers(extreme: dict[str, Any]) -> None:
    end = alone(a_config("smallest", **extreme)).end
    assert end.finished
    assert end.metrics is not None
    assert end.metrics.finite


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_trains_the_same_definition_and_repeats_itself() -> None:
    config = a_config("default", steps=100, engine="torch")
    on_cpu, on_cuda = alone(config), alone(config, "cuda:0")
    for there, here in zip(on_cuda.losses.columns, on_cpu.losses.columns, strict=True):
        np.testing.assert_allclose(there, here, rtol=0, atol=1e-4)
    neighbours = {
        number: (a_neighbour("default", number).model_copy(update={"steps": 100, "engine": "torch"}), None)
        for number in range(6)
    }
    assert_same(train({**neighbours, 9: (config, None)}, device="cuda:0")[9], on_cuda)
