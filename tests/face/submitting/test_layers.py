"""How a config comes together from layers, and TOML in and out."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curvegan import toml
from curvegan.submitting.layers import merged
from curvegan.toml import commented
from curvegan_core.config.train import TrainConfig


def test_another_family_drops_the_parameters_of_the_one_below() -> None:
    below, above = {"seed": 1, "curve": {"a": 3.0}}, {"curve": "sine"}
    assert merged([below, above], "quadratic") == {"seed": 1, "curve": {"family": "sine"}}
    assert merged([above, {"curve": {"p": 1}}], "quadratic") == {"curve": {"family": "sine", "p": 1}}
    kept = merged([below, {"curve": "quadratic"}], "quadratic")
    assert kept["curve"] == {"family": "quadratic", "a": 3.0}


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        dict,
        lr_g=st.floats(1e-300, 1),
        seed=st.integers(0, 2**64 - 1),
        eps=st.floats(1e-30, 1),
        curve=st.builds(dict, a=st.floats(-1e6, 1e6), c=st.floats(-1e6, 1e6)),
        device=st.sampled_from(["auto", "cpu", "cuda", "cuda:3"]),
    )
)
def test_a_printed_config_reads_back_as_the_same(values: dict[str, object]) -> None:
    config = TrainConfig.parse(values)
    assert TrainConfig.parse(tomllib.loads(commented(config))) == config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("true", True),
        ("'x'", "x"),
        ("[1, 2]", [1, 2]),
        ("quadratic", "quadratic"),
        ("", ""),
        ("1\nb = 2", "1\nb = 2"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_a_value_is_toml_or_a_text(text: str, value: object) -> None:
    assert toml.value(text) == value
