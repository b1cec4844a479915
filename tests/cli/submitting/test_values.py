"""Values on the command line: one way to write them, and what a wrong name or value was perhaps meant to be."""

import pytest

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.presets import PRESETS
from curvegan_core.config.synonyms import _NAMES, meant
from curvegan_core.config.train import TrainConfig

from ..client import Client


def dry_run(client: Client, *words: str) -> TrainConfig:
    return TrainConfig.parse(client.json("submit", "--dry-run", *words))


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("--set beta1=0.5", "beta1", 0.5),
        ("--set beta1 0.5", "beta1", 0.5),
        ("--set=beta1=0.5", "beta1", 0.5),
        ("--set beta1=.5", "beta1", 0.5),
        ("--set r1=1.", "r1", 1.0),
        ("--set r1=+1.e1", "r1", 10.0),
        ("--lr-g .001", "lr_g", 0.001),
        ("--lr-g 1.", "lr_g", 1.0),
        ("--steps 1e5", "steps", 100_000),
        ("--set steps=1e5", "steps", 100_000),
        ("--set steps 1.5e3", "steps", 1500),
        ("--set batch_size=32.", "batch_size", 32),
        ("--batch-size 32.", "batch_size", 32),
        ("--seed 18446744073709551615", "seed", 2**64 - 1),
        ("--set spectral_norm=True", "spectral_norm", True),
        ("--set spectral_norm true", "spectral_norm", True),
        ("--set spectral_norm=False", "spectral_norm", False),
        ("--set loss=hinge", "loss", "hinge"),
    ],
)
def test_a_value_is_read_as_people_write_it(client: Client, words: str, key: str, value: object) -> None:
    read = getattr(dry_run(client, *words.split()), key)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "words", ["--steps 1.5", "--set steps=1.5", "--set steps=1e99", "--seed 1e30", "--steps 1e400", "--steps x"]
)
def test_what_is_no_whole_number_is_refused(client: Client, words: str) -> None:
    assert words.split()[0].lstrip("-") in client.refused("submit", *words.split()) or "steps" in words


def test_whole_numbers_are_read_so_in_files_axes_and_parameters_of_a_family_too(client: Client) -> None:
    from pathlib import Path

    Path("job.toml").write_text("steps = 2e3\n[curve]\nfamily = 'sine_modes'\nmodes = 4.0\n")
    config = dry_run(client, "--config", "job.toml")
    assert (config.steps, config.curve.model_dump()["modes"]) == (2000, 4)
    plan = client.json("sweep", "--grid", "batch_size=1e1,2e1", "--dry-run")
    assert plan["jobs"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--lr 1e-3,1e-4", "`curvegan sweep --grid lr=1e-3,1e-4`"),
        ("--steps 10,20", "`curvegan sweep --grid steps=10,20`"),
        ("--loss ns,hinge", "`curvegan sweep --grid loss=ns,hinge`"),
        ("--curve sine,abs", "`curvegan sweep --grid curve=sine,abs`"),
        ("--seed 1,2,3", "`curvegan sweep --seeds 1,2,3`"),
        ("--set beta1=0.5,0.9", "`curvegan sweep --grid beta1=0.5,0.9`"),
        ("--set beta1 0.5,0.9", "`curvegan sweep --grid beta1=0.5,0.9`"),
        ("--set beta1", "write it as --set KEY=VALUE"),
        ("--set", "requires an argument"),
    ],
)
def test_several_values_point_to_a_sweep(client: Client, words: str, said: str) -> None:
    assert said in client.refused("submit", *words.split())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("--curve parabola", "quadratic"),
        ("--curve gaussians", "ring8"),
        ("--device gpu", "cuda"),
        ("--device GPU", "cuda"),
        ("--engine numba", "fused"),
        ("--engine pytorch", "torch"),
        ("--loss wasserstein", "wgan"),
        ("--loss bce", "ns"),
        ("--set activation=lrelu", "leaky_relu"),
        ("--set b1=0.5", "beta1"),
        ("--set betas=0.5", "beta1"),
        ("--set betas=0.5,0.9", "beta1"),
        ("--set gpu=1", "device"),
        ("--set adam_beta2=0.5", "beta2"),
        ("--set learning_rate=1", "lr"),
        ("--set LR=1", "lr"),
        ("--set epochs=3", "steps"),
        ("--set batch=3", "batch_size"),
        ("--set curve.sigma=3 --curve updown", "curve.noise"),
        ("--preset collapse_fix", "collapse-fix"),
        ("--epochs 5", "--steps"),
        ("--gpu", "--device"),
        ("--batch 5", "--batch-size"),
        ("--learning-rate 5", "--lr"),
        ("--beta1 0.5", "--set beta1=VALUE"),
        ("--loss nsgan", "ns"),
        ("--curve moons", "two_moons"),
        ("--set a=3", "curve.a"),
        ("--curve sine --set noise=0.1", "curve.noise"),
        ("--hidden-g 5", "--set hidden_g=VALUE"),
    ],
)
def test_what_was_meant_is_known_by_the_names_of_others(client: Client, words: str, name: str) -> None:
    said = client.refused("submit", *words.split())
    assert f"did you mean {name}" in said or f"did you mean {name!r}" in said


def test_filters_and_groups_know_the_names_of_others_too(client: Client) -> None:
    assert "'quadratic'" in client.refused("status", "--where", "curve=parabola")
    assert "'beta1'" in client.refused("summary", "--by", "b1")


def test_every_synonym_is_of_something_that_is_there() -> None:
    words = {word for field in TrainConfig.model_fields.values() for word in getattr(field.annotation, "__args__", ())}
    known = {"lr", "curve.noise", "cpu", "cuda", *TrainConfig.model_fields, *CURVE_MODELS, *words}
    assert {*_NAMES} - known == set()
    for name, synonyms in _NAMES.items():
        for synonym in synonyms.split():
            assert synonym.isalnum()
            assert meant(synonym, [name]) == name


def test_a_name_that_is_there_is_nobodys_synonym_in_its_place() -> None:
    for names in (["lr", *TrainConfig.model_fields], list(CURVE_MODELS), list(PRESETS)):
        assert all(meant(name, names) == name for name in names)
