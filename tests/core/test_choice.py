"""Which engine trains a job: the config's, its checkpoint's, or the best one here; never another one in silence."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curvegan_core.config.keys import FREE, key
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.choice import choose
from curvegan_core.engines.fused.engine import DeepEngine, DrawnEngine, FusedEngine
from curvegan_core.engines.stacked.engine import OptimisticEngine, TorchEngine, UnrolledEngine
from curvegan_core.errors import DeviceUnavailable, EngineUnavailable, InvalidConfig
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.training import PackTraining

from .packs import alone

SMALL: dict[str, Any] = {"steps": 20, "hidden_g": 5, "hidden_d": 5, "batch_size": 4, "points": 3}
UNFUSED: list[dict[str, Any]] = [
    {"spectral_norm": True},
    {"unroll": 1},
    {"norm_g": "layer"},
    {"pack": 2},
    {"device": "cuda:1"},
]
_NONE = "import sys; sys.modules['{}'] = None\n"
_TRAIN = """
import sys
from pathlib import Path
from curvegan_core.config.train import TrainConfig
from curvegan_core.training import PackTraining
if sys.argv[1]:
    from curvegan_core.engines.fused.engine import CODE
    CODE.keep_in(Path(sys.argv[1]))
pack = PackTraining({{1: (TrainConfig.parse({}), None)}}, "cpu")
while pack.jobs:
    [last] = pack.advance()
print(pack.engine, last.metrics.finite, "torch" in sys.modules, "numba" in sys.modules)
"""


def a_config(**values: Any) -> TrainConfig:
    return TrainConfig.parse(SMALL | values)


def run(program: str, code: Path | str = "") -> str:
    """What is printed, or the last line of the error. The fused engine's code is in the folder `code`."""
    command = [sys.executable, "-c", program, str(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_auto_is_fused_on_the_cpu_where_it_can_train() -> None:
    assert choose(a_config(), "cpu") is FusedEngine
    assert choose(a_config(), "cuda:0") is TorchEngine
    assert all(choose(a_config(**values), "cpu") is TorchEngine for values in UNFUSED)


def test_a_checkpoint_goes_on_with_the_version_that_made_it() -> None:
    config = a_config(curve="updown")
    state = State.initial(config)
    for engine in (FusedEngine, DrawnEngine):
        made = Checkpoint(config.hash, 0, engine.name, engine.version, state.weights, state.adam_m, state.adam_v)
        assert choose(config, "cpu", made) is engine
    assert choose(config, "cpu") is DrawnEngine
    assert choose(a_config(layers_g=2), "cpu") is choose(a_config(activation="gelu"), "cpu") is DeepEngine
    older = Checkpoint(config.hash, 0, "fused", "0", state.weights, state.adam_m, state.adam_v)
    with pytest.raises(EngineUnavailable, match=f"made by the engine fused 0, and here it is {DrawnEngine.version}"):
        choose(config, "cpu", older)


@pytest.mark.parametrize(
    ("keys", "engine"),
    [
        ({"optimiser_d": "oadam"}, OptimisticEngine),
        ({"loss": "minimax", "unroll": 1}, UnrolledEngine),
        ({"loss": "wgan", "gp": 1.0, "unroll": 2, "optimiser": "oadam"}, UnrolledEngine),
    ],
)
def test_torch_numbers_that_were_others_once_have_a_version_of_their_own(
    keys: dict[str, Any], engine: type[TorchEngine]
) -> None:
    config = a_config(engine="torch", **keys)
    assert choose(config, "cpu") is engine
    state = State.initial(config)
    made = Checkpoint(config.hash, 0, "torch", TorchEngine.version, state.weights, state.adam_m, state.adam_v)
    with pytest.raises(EngineUnavailable, match=f"made by the engine torch {TorchEngine.version}, and here it is"):
        choose(config, "cpu", made)
    for loss in ("ns", "lsgan", "hinge", "rpgan"):
        assert choose(a_config(engine="torch", loss=loss, unroll=1), "cpu") is TorchEngine
    assert choose(a_config(engine="torch"), "cpu", made) is TorchEngine


def test_a_named_engine_is_forced() -> None:
    assert choose(a_config(engine="torch"), "cpu") is TorchEngine
    assert choose(a_config(engine="fused"), "cpu") is FusedEngine
    with pytest.raises(DeviceUnavailable, match="trains on cpu"):
        PackTraining({1: (a_config(engine="fused"), None)}, "cuda:0")


@pytest.mark.parametrize("values", UNFUSED, ids=str)
def test_what_fused_cannot_train_is_refused_when_it_is_forced(values: dict[str, Any]) -> None:
    (word,) = values
    with pytest.raises(InvalidConfig, match=f"engine fused cannot train with {word}.*auto or torch can"):
        a_config(engine="fused", **values)
    assert not FusedEngine.trains(a_config(**values))


class Newer(TrainConfig):
    """A config with a key that no engine obeys yet."""

    decay: float = key(0.0, FREE, "how fast the rates fall")


def renamed(**values: Any) -> TrainConfig:
    """A config with names that it would not parse: those of a newer version's engine, say."""
    return a_config().model_copy(update=values)


UNKNOWN = [{"loss": "warped"}, {"activation": "warped"}, {"latent_noise": "warped"}]


@pytest.mark.parametrize("engine", ["auto", "torch", "fused"])
@pytest.mark.parametrize("values", UNKNOWN, ids=str)
def test_a_name_that_an_engine_lacks_is_refused_by_that_name(values: dict[str, str], engine: str) -> None:
    (name,) = values
    with pytest.raises(EngineUnavailable, match=f"engine cannot train with {name} warped$"):
        choose(renamed(**values, engine=engine), "cpu")


@pytest.mark.parametrize("engine", ["auto", "torch", "fused"])
def test_a_key_that_an_engine_does_not_obey_is_refused_unless_it_is_off(engine: str) -> None:
    newer = Newer.parse({**SMALL, "engine": engine, "decay": 0.5})
    with pytest.raises(EngineUnavailable, match=r"engine cannot train with decay 0\.5$"):
        choose(newer, "cpu")
    assert choose(newer.model_copy(update={"decay": 0.0}), "cpu")


@pytest.mark.parametrize("engine", [FusedEngine, TorchEngine])
@pytest.mark.parametrize("values", UNKNOWN[:1] + UNKNOWN[2:], ids=str)
def test_an_engine_takes_no_unknown_name_for_another(values: dict[str, str], engine: Any) -> None:
    state = State.initial(a_config())
    with pytest.raises(KeyError, match="warped"):
        engine([renamed(**values)], [state], "cpu").run([0], 1, [])


def test_torch_takes_no_unknown_activation_or_device_for_another() -> None:
    state = State.initial(a_config())
    with pytest.raises(KeyError, match="warped"):
        TorchEngine([renamed(activation="warped")], [state], "cpu")
    with pytest.raises(DeviceUnavailable, match="trains on cpu and cuda, not on 'mps'"):
        TorchEngine([a_config()], [state], "mps")
    with pytest.raises(ValueError, match="hinge has no labels to smooth"):
        TorchEngine([renamed(loss="hinge", label_smoothing=0.1)], [state], "cpu")


def test_a_client_knows_what_the_fused_engine_claims() -> None:
    """`config.unfused` is for those without the engine; it must say what the engine says."""
    names, switches = TorchEngine.claims.names, TorchEngine.claims.switches
    variants: list[dict[str, Any]] = [{name: word} for name, words in names.items() for word in words]
    variants += [{name: True if name == "spectral_norm" else 0.1} for name in switches]
    for values in variants:
        config = renamed(**values)
        assert config.unfused == FusedEngine.claims.missing(config)
        assert TorchEngine.claims.missing(config) is None


def test_the_engine_is_no_part_of_a_trainings_name_but_of_its_pack() -> None:
    configs = [a_config(engine=engine) for engine in ("auto", "torch", "fused")]
    assert len({config.hash for config in configs}) == 1
    assert len({config.pack_key for config in configs}) == 3


def test_the_longest_pack_key_fits_its_column() -> None:
    shape = {"points": 256, "latent": 256, "hidden_g": 1024, "hidden_d": 1024, "batch_size": 4096, "d_steps": 100}
    switches = {"r1": 1.0, "r2": 1.0, "spectral_norm": True, "instance_noise": 1.0, "label_smoothing": 0.1, "ema": 0.9}
    names = {"curve": "quadratic_family", "activation": "leaky_relu", "loss": "minimax", "device": "cuda:123"}
    assert len(TrainConfig.parse({**shape, **switches, **names, "engine": "torch"}).pack_key) <= 200


@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_auto_goes_on_with_the_engine_of_the_checkpoint(engine: str) -> None:
    checkpoint = alone(a_config(engine=engine)).checkpoints[-1]
    assert checkpoint.engine == engine
    longer = a_config(steps=30, record_every=10, snapshot_every=20, checkpoint_every=20)
    pack = PackTraining({1: (longer, checkpoint)}, "cpu")
    assert pack.engine == engine
    named = longer.model_copy(update={"engine": engine})
    assert PackTraining({1: (named, checkpoint)}, "cpu").engine == engine


@pytest.mark.parametrize(
    ("wanted", "engine", "version", "text"),
    [
        ("auto", "fused", "0", "at step 20 was made by the engine fused 0, and here it is 1$"),
        ("auto", "torch", "1.0.0", rf"the engine torch 1.0.0, and here it is {re.escape(TorchEngine.version)}$"),
        ("fused", "torch", "2", "by the engine torch, and the job wants fused"),
        ("torch", "fused", "1", "by the engine fused, and the job wants torch"),
        ("auto", "warp", "1", "no engine 'warp'; install a newer one"),
    ],
)
def test_another_engine_or_version_is_refused(wanted: str, engine: str, version: str, text: str) -> None:
    checkpoint = replace(alone(a_config()).checkpoints[-1], engine=engine, engine_version=version)
    with pytest.raises(EngineUnavailable, match=text):
        PackTraining({1: (a_config(engine=wanted), checkpoint)}, "cpu")


def test_jobs_of_two_engines_are_no_pack() -> None:
    checkpoint = alone(a_config(engine="torch")).checkpoints[-1]
    with pytest.raises(ValueError, match="several engines"):
        PackTraining({1: (a_config(), None), 2: (a_config(), checkpoint)}, "cpu")


def test_fused_needs_no_torch_and_torch_no_numba(fused_code: Path) -> None:
    assert run(_TRAIN.format({**SMALL}), fused_code) == "fused True False True"
    assert run(_TRAIN.format({**SMALL, "engine": "torch"})) == "torch True True False"


def test_without_numba_auto_is_torch_and_fused_says_what_to_install() -> None:
    without = _NONE.format("numba")
    assert run(without + _TRAIN.format({**SMALL})).startswith("torch True")
    text = run(without + _TRAIN.format({**SMALL, "engine": "fused"}))
    assert "EngineUnavailable: the fused engine needs numba" in text
    assert "`pip install 'curvegan[worker]'`" in text


def test_without_torch_fused_trains_and_torch_says_what_to_install(fused_code: Path) -> None:
    without = _NONE.format("torch")
    assert run(without + _TRAIN.format({**SMALL}), fused_code).startswith("fused True")
    text = run(without + _TRAIN.format({**SMALL, "engine": "torch"}))
    assert "EngineUnavailable: the torch engine needs torch" in text
    assert "`pip install 'curvegan[torch]'`" in text


def test_an_advance_suits_the_engine_and_is_short_for_large_jobs() -> None:
    about = {"steps": 1000, "record_every": 100, "snapshot_every": 1000, "checkpoint_every": 1000}
    largest = {"points": 256, "latent": 256, "hidden_g": 1024, "hidden_d": 1024, "batch_size": 4096}
    cases: list[tuple[dict[str, Any], int]] = [({"engine": "fused"}, 256), ({"engine": "torch"}, 64), (largest, 1)]
    for values, steps in cases:
        pack = PackTraining({1: (TrainConfig.parse({**about, **values}), None)}, "cpu")
        pack.advance()
        [progress] = pack.advance()
        assert progress.step == steps
