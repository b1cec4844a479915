"""How a key counts is declared in its own line, and what a config is called by follows from that line alone."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.family_parameters import FamilyParameters, named, parameter
from curvegan_core.config.keys import CHOICE, FREE, NEWEST, SHAPE, SWITCH, Keyed, key, numbers
from curvegan_core.config.train import TrainConfig

_NAMES = json.loads(Path(__file__).with_name("config_names.json").read_text())


class Wider(TrainConfig):
    """A config with a newer key of each kind."""

    toy_size: int = key(1, SHAPE, "a number that sizes tensors", ge=1, le=3)
    toy_word: Literal["one", "two"] = key("one", CHOICE, "a word that chooses", fused=("one",))
    toy_weight: float = key(0.0, SWITCH, "a weight that is off at 0", ge=0, lt=1)
    toy_rate: float = key(0.5, FREE, "a number of its own", ge=0, le=1)
    toy_note: str = key("", FREE, "a word that changes no number", numbers=False)


@pytest.mark.parametrize(("values", "name", "pack_key"), _NAMES, ids=lambda value: str(value)[:40])
def test_the_names_of_a_config_stay_what_they_are(values: dict[str, Any], name: str, pack_key: str) -> None:
    config = TrainConfig.parse(values)
    assert (config.hash, config.pack_key) == (name, pack_key)
    wider = Wider.parse(values)
    assert (wider.hash, wider.pack_key) == (name, pack_key)


def test_every_family_has_a_name_that_stays() -> None:
    assert {TrainConfig.parse(values).curve.family for values, _, _ in _NAMES} == set(CURVE_MODELS)


@pytest.mark.parametrize("model", [TrainConfig, *CURVE_MODELS.values()], ids=lambda model: model.__name__)
def test_every_field_declares_how_it_counts(model: type[Keyed]) -> None:
    assert model.KEYS.keys() == model.model_fields.keys()
    assert all(field.description for name, field in model.model_fields.items() if name != "family")


def test_a_field_without_the_declaration_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match=r"Silent\.toy_size does not say how it counts"):

        class Silent(TrainConfig):
            toy_size: int = Field(default=1, ge=1, le=3, description="a number")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"toy_size": 2}, "toy_size=2"),
        ({"toy_word": "two"}, "toy_word=two"),
        ({"toy_weight": 0.1}, "toy_weight"),
        ({"toy_rate": 0.6}, None),
        ({"toy_note": "blue"}, None),
    ],
    ids=str,
)
def test_a_newer_key_is_in_both_names_as_it_says(values: dict[str, Any], word: str | None) -> None:
    plain, changed = Wider.parse({"r1": 1.0}), Wider.parse({"r1": 1.0, **values})
    assert (changed.hash == plain.hash) == ("toy_note" in values)
    assert changed.pack_key == (f"{plain.pack_key}/{word}" if word else plain.pack_key)


def test_the_fused_engine_refuses_what_a_key_does_not_name() -> None:
    assert Wider.parse({"toy_size": 2}).unfused is None
    assert Wider.parse({"toy_word": "two"}).unfused == "toy_word two"


def test_a_newer_parameter_of_a_family_is_left_out_of_the_hash_at_its_default() -> None:
    class Line(FamilyParameters):
        family: Literal["line"] = named("line")
        slope: float = parameter(1.0, "rise over run")
        bend: float = parameter(0.0, "of its middle", since=NEWEST)

    assert numbers(Line()) == {"family": "line", "slope": 1.0}
    assert numbers(Line(bend=0.5)) == {"family": "line", "slope": 1.0, "bend": 0.5}
