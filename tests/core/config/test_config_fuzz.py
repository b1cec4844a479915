"""Whatever is given to the config's parser, it makes a config or one line; at once, and with no traceback."""

import datetime
import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from curvegan_core.config.limits import MOST_CHARACTERS, MOST_DEPTH, MOST_ENTRIES, check_size
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig

KEYS = [*TrainConfig.model_fields, "lr", "family", "a", "c"]
HUGE = [2**63, 2**64, -(2**64) - 1, 10**40, 10**4000, -(10**4000)]
ODD = [math.nan, math.inf, -math.inf, 0, -1, -0.0, 5e-324, 1.7e308, 2**31, True, None]
TEXTS = ["", "nan", "\x00", "\udc80", "ns", "data", "cuda"]
DATA = {"family": "data", "hash": "0" * 64, "mean": 0.0, "scale": 1.0}
TIMES = [datetime.date(2020, 1, 1), datetime.time(1), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)]

scalars = st.sampled_from([*HUGE, *ODD, *TEXTS, *TIMES]) | st.floats() | st.integers() | st.text(max_size=30)
keys = st.sampled_from(KEYS) | st.text(max_size=12)
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@settings(max_examples=1000, deadline=None)
@given(st.dictionaries(keys, junk, max_size=6))
def test_junk_is_one_line(values: dict[str, Any]) -> None:
    said = problem_of(values)
    assume(said is not None)
    assert said
    assert len(said) < 5000


def problem_of(values: dict[str, Any]) -> str | None:
    """What the parser says against the values; None when it makes a config, which it must read back as the same."""
    try:
        config = TrainConfig.parse(values)
    except InvalidConfig as error:
        return str(error)
    assert TrainConfig.parse(config.model_dump(mode="json")) == config
    return None


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def listed(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("key", ["steps", "curve", "lr", "device", "unknown", "seed"])
@pytest.mark.parametrize(
    "value",
    [
        *(16**5000, -(16**5000), nested(50_000), listed(50_000), "x" * 10_000_000, list(range(1_000_000))),
        *({str(n): n for n in range(100_000)}, {"family": nested(9)}, {"family": 16**5000}, {"a": 16**5000}),
    ],
    ids=["int", "-int", "tables", "lists", "text", "items", "keys", "family", "family-int", "curve-int"],
)
def test_what_is_far_too_large_is_refused_in_a_short_line(key: str, value: Any) -> None:
    with pytest.raises(InvalidConfig) as refused:
        TrainConfig.parse({key: value})
    assert len(str(refused.value)) < 500


def test_many_wrong_keys_are_told_in_a_line_that_can_be_read() -> None:
    with pytest.raises(InvalidConfig, match=r"; and 895 more$") as refused:
        TrainConfig.parse({f"key{n}": n for n in range(900)})
    assert len(str(refused.value)) < 500


def test_sizes_at_their_bounds_pass() -> None:
    check_size({"x" * MOST_CHARACTERS: "y" * MOST_CHARACTERS, "n": 2**64, "list": [0] * MOST_ENTRIES})
    check_size(nested(MOST_DEPTH))
    with pytest.raises(InvalidConfig, match="nested"):
        check_size(nested(MOST_DEPTH + 1))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"steps": 10_000_001}, "steps"),
        ({"points": 257}, "points"),
        ({"latent": 257}, "latent"),
        ({"hidden_g": 1025}, "hidden_g"),
        ({"hidden_d": 1025}, "hidden_d"),
        ({"batch_size": 4097}, "batch_size"),
        ({"seed": 2**64}, "seed"),
        ({"x_max": 1e7}, "x_max"),
        ({"curve": {"a": 1e7}}, "curve.a"),
        ({"curve": DATA | {"mean": 2e15}}, "curve.mean"),
        ({"curve": DATA | {"mean": float("nan")}}, "curve.mean"),
        ({"curve": DATA | {"scale": 2e15}}, "curve.scale"),
        ({"curve": DATA | {"scale": 0.0}}, "curve.scale"),
        ({"record_every": 1, "steps": 10_000_000}, "record_every must be at least 100"),
        ({"snapshot_every": 1, "steps": 10_000}, "snapshot_every must be at least 10"),
        ({"checkpoint_every": 1, "steps": 10_000}, "checkpoint_every must be at least 10"),
        (
            {"steps": 2_000_000},
            "record_every must be at least 20, snapshot_every must be at least 2000, "
            "checkpoint_every must be at least 2000 for 2000000 steps",
        ),
    ],
)
def test_every_size_of_a_config_has_a_bound(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        TrainConfig.parse(values)


def test_every_number_of_a_config_has_two_bounds() -> None:
    schema = TrainConfig.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    numbers = {
        name: field
        for model in models
        for name, field in model["properties"].items()
        if field.get("type") in ("integer", "number")
    }
    open_ended = {name for name, field in numbers.items() if not _bounded(field)}
    assert numbers
    # Intervals are at most `steps`.
    assert open_ended <= {"record_every", "snapshot_every", "checkpoint_every"}


def _bounded(field: dict[str, Any]) -> bool:
    return bool({"minimum", "exclusiveMinimum"} & field.keys() and {"maximum", "exclusiveMaximum"} & field.keys())
