"""Every name that a config takes is trained by every engine or refused by that name, and never taken for another."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

from curvegan_core.config.curve import CURVE_MODELS, Data
from curvegan_core.config.keys import FREE, SWITCH, Keyed
from curvegan_core.config.rules import LOSSES_WITH_LABELS
from curvegan_core.config.scalars import Activation, Loss
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.choice import choose
from curvegan_core.errors import CurveganError, InvalidConfig
from curvegan_core.families.curves import FAMILIES, family
from curvegan_core.families.dataset import Dataset
from curvegan_core.losses import LOSSES, equilibrium
from curvegan_core.networks import generate, init_weights, latents
from curvegan_core.noise import Stream

SMALL: dict[str, Any] = {"points": 4, "latent": 2, "hidden_g": 5, "hidden_d": 6, "batch_size": 4, "lr": 1e-3}
# As many, and so normal, that they let a prior in.
ROWS = Dataset.checked(np.random.default_rng(0).normal(size=(24, 4)))
CURVES: dict[str, Any] = {name: {"curve": name} for name in CURVE_MODELS} | {"data": {"curve": ROWS.parameters}}
ENGINES = ("torch", "fused")
each_engine = pytest.mark.parametrize("engine", ENGINES)


def values_of(**values: Any) -> dict[str, Any]:
    """A small config of these; a loss that needs a bound on the critic's slope has one, a point two coordinates."""
    coordinates = CURVE_MODELS[values["curve"]].COORDINATES if isinstance(values.get("curve"), str) else ()
    bounded = {"gp", "clip"} & values.keys() or values.get("loss") != "wgan"
    return SMALL | ({"points": coordinates[0]} if coordinates else {}) | ({} if bounded else {"gp": 1.0}) | values


def train(config: TrainConfig, engine: str) -> bytes:
    """Do three steps; all that is seen and all that comes out are finite numbers. Return their bits."""
    members = family(config, ROWS if isinstance(config.curve, Data) else None)
    before = State.initial(config)
    training = choose(config, "cpu")([config], [before], "cpu", [members])
    assert training.name == engine
    trace, after = training.run([0], 3, range(3)), training.state(0)
    arrays = [trace.g_loss, trace.d_loss, trace.d_real, trace.d_fake, trace.rmse]
    assert all(series.shape == (3, 1) for series in arrays)
    arrays += [*after.weights.values(), *after.ema.values()]
    assert all(np.isfinite(array).all() for array in arrays)
    moved = {name.partition(".")[0] for name in after.weights if (after.weights[name] != before.weights[name]).any()}
    assert moved == {"generator", "discriminator"}
    return b"".join(array.tobytes() for array in arrays)


def train_or_be_refused(values: dict[str, Any], engine: str, refused: str) -> bytes | None:
    """Train, or be refused with a reason that names what cannot be trained; None says so."""
    try:
        config = TrainConfig.parse(values | {"engine": engine})
    except InvalidConfig as error:
        if refused not in str(error):
            raise
        return None
    return train(config, engine)


@each_engine
@pytest.mark.parametrize("loss", get_args(Loss))
def test_losses_activations_and_families(engine: str, loss: str) -> None:
    for activation in get_args(Activation):
        configs = [values_of(**curve, loss=loss, activation=activation) for curve in CURVES.values()]
        trained = [train_or_be_refused(values, engine, f"with activation {activation}") for values in configs]
        # A refusal would never depend on the family, and no activation is refused.
        assert None not in trained


def choices() -> Iterator[tuple[str, Any]]:
    """Every word that a key of the config takes, and every switch turned on; engines and losses are the axes here."""
    for name, field in TrainConfig.model_fields.items():
        if get_origin(field.annotation) is Literal and name not in ("engine", "loss"):
            yield from ((name, word) for word in get_args(field.annotation))
        elif TrainConfig.KEYS[name].counts is SWITCH:
            yield name, True if field.annotation is bool else 0.1


@each_engine
@pytest.mark.parametrize("loss", get_args(Loss))
def test_words_and_switches(engine: str, loss: str) -> None:
    for name, value in choices():
        train_or_be_refused(values_of(loss=loss, **{name: value}), engine, name)


def test_every_name_is_in_every_table() -> None:
    assert set(LOSSES) == set(get_args(Loss))
    assert set(FAMILIES) | {"data"} == set(CURVE_MODELS)
    for loss in LOSSES:
        smoothed = equilibrium(TrainConfig.model_construct(loss=loss, label_smoothing=0.2))
        plain = equilibrium(TrainConfig.model_construct(loss=loss, label_smoothing=0.0))
        assert (smoothed != plain) == (loss in LOSSES_WITH_LABELS)


def other_values(model: type[Keyed], number: float) -> Iterator[tuple[str, Any]]:
    """Every key that a training's numbers depend on, with each other word it takes, or with another number."""
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is Literal:
            # One network's own word says nothing where it is that of both.
            both = model.model_fields.get(name.rpartition("_")[0], field).default
            words = [word for word in get_args(field.annotation) if word not in (field.default, both)]
        else:
            most = min((bound.le for bound in field.metadata if hasattr(bound, "le")), default=number)
            small = number if number <= most else 0.7 * most
            words = [field.default + 1 if field.annotation is int else True if field.annotation is bool else small]
        if model.KEYS[name].numbers and name not in ("curve", "fork_of", "fork_step"):  # lineage is in the state
            yield from ((name, word) for word in words)


# What reads a key that is not always read, and what tells a key from its default where one more does not.
READERS: dict[str, dict[str, Any]] = {
    "slope": {"activation": "leaky_relu"},
    "init_gain": {"init": "orthogonal"},
    "init_deviation": {"init": "normal"},
    "momentum": {"optimiser": "sgd"},
    "rms_decay": {"optimiser": "rmsprop"},
    "schedule_to": {"schedule": "linear"},
    "schedule_steps": {"schedule": "linear"},
    "consensus": {"updates": "simultaneous"},
    "front": {"curve": ROWS.parameters},
    "holdout": {"curve": ROWS.parameters},
    "prior_rows": {"curve": ROWS.parameters},
}
TOLD_BY: dict[str, dict[str, Any]] = {
    "warmup": {"warmup": 5},
    "schedule": {"schedule_steps": 4},
    "prior_rows": {"prior_rows": 100.0},
}


# The fused engine trains one hidden layer by another kernel than two.
each_depth = pytest.mark.parametrize("depth", [{}, {"layers_g": 2, "layers_d": 2}], ids=["one layer", "two layers"])


@each_depth
@each_engine
def test_no_engine_ignores_a_key(engine: str, depth: dict[str, Any]) -> None:
    for name, value in other_values(TrainConfig, 0.3):
        if name in depth:
            continue
        reader = depth | READERS.get(name, {})
        plain = train_or_be_refused(values_of(**reader), engine, f"cannot train with {next(iter(reader), name)}")
        changed = values_of(**(reader | {name: value} | TOLD_BY.get(name, {})))
        bits = train_or_be_refused(changed, engine, "cannot train with ")
        assert bits is None or bits != plain, name
        assert plain is None or bits is not None or name in refused_by(changed, engine)


@each_depth
@each_engine
def test_what_is_free_in_a_pack_is_each_jobs_own(engine: str, depth: dict[str, Any]) -> None:
    """A switch is on for all of a pack, and its number is free."""
    for name, value in other_values(TrainConfig, 0.3):
        reader, counts = depth | READERS.get(name, {}), TrainConfig.KEYS[name].counts
        other = {name: value / 2} if counts is SWITCH and value is not True else {}
        try:
            pack = [TrainConfig.parse(values_of(**(reader | own), engine=engine)) for own in (other, {name: value})]
        except InvalidConfig:
            continue
        # Some values take another kernel, and so another pack.
        kinds = {(config.pack_key, choose(config, "cpu")) for config in pack}
        if counts in (FREE, SWITCH) and len(kinds) == 1:
            assert weights_of(pack) == [weights_of([config])[0] for config in pack], name


def weights_of(pack: list[TrainConfig]) -> list[bytes]:
    """Train a pack for three steps; return the bits of each job's weights, the averaged ones behind."""
    members = [family(config, ROWS if isinstance(config.curve, Data) else None) for config in pack]
    training = choose(pack[0], "cpu")(pack, [State.initial(config) for config in pack], "cpu", members)
    training.run([0] * len(pack), 3, range(3))
    states = [training.state(i) for i in range(len(pack))]
    return [b"".join(array.tobytes() for array in (*s.weights.values(), *s.ema.values())) for s in states]


def refused_by(values: dict[str, Any], engine: str) -> str:
    with pytest.raises(InvalidConfig) as refused:
        TrainConfig.parse(values | {"engine": engine})
    return str(refused.value)


@each_engine
@pytest.mark.parametrize("curve", [name for name in CURVE_MODELS if name != "data"])
def test_no_engine_ignores_a_parameter_of_a_family(engine: str, curve: str) -> None:
    # Nine modes lie on a ring, on a grid, and anywhere else.
    base = {"family": curve} | ({"modes": 9} if curve == "mixture" else {})
    values = values_of(curve=curve, engine=engine)
    if CURVE_MODELS[curve].COORDINATES:
        del values["points"]
    plain = train(TrainConfig.parse(values | {"curve": base}), engine)
    for name, value in other_values(CURVE_MODELS[curve], 1.3):
        value = 10 if name == "modes" else value
        changed = TrainConfig.parse(values | {"curve": base | {name: value}})
        assert train(changed, engine) != plain, name


UNKNOWN: list[tuple[str, Any]] = [
    ("loss", "nope"),
    ("activation", "nope"),
    ("latent_noise", "nope"),
    *((key, "nope") for key in ("activation_g", "activation_d", "norm_g", "norm_d", "init", "schedule", "updates")),
    *((key, "nope") for key in ("optimiser", "optimiser_g", "optimiser_d")),
    ("curve", CURVE_MODELS["quadratic"]().model_copy(update={"family": "nope"})),
]


@each_engine
@pytest.mark.parametrize(("name", "value"), UNKNOWN, ids=str)
def test_an_unknown_name_is_never_taken_for_another(engine: str, name: str, value: Any) -> None:
    """A config cannot hold one; a table that lacks a name that a config can hold is the same to an engine."""
    config = TrainConfig.parse(SMALL | {"engine": engine}).model_copy(update={name: value})
    with pytest.raises((KeyError, CurveganError), match="nope"):
        train(config, engine)


def test_an_unknown_name_is_never_taken_for_another_when_results_are_judged() -> None:
    config = TrainConfig.parse(SMALL)
    weights, z_nl = init_weights(config), latents(config, 0, Stream.SAMPLE, 3)
    with pytest.raises(KeyError, match="nope"):
        generate(weights, z_nl, config.model_copy(update={"activation": "nope"}))
    with pytest.raises(KeyError, match="nope"):
        latents(config.model_copy(update={"latent_noise": "nope"}), 0, Stream.SAMPLE, 3)
    with pytest.raises(KeyError, match="nope"):
        equilibrium(config.model_copy(update={"loss": "nope"}))
