"""curvegan curves, presets and the drawings."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from curvegan_cli.options.job import PRESETS
from curvegan_cli.shown.drawing import WIDTH, drawing
from curvegan_core.config import presets
from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.train import TrainConfig

from ..client import Client

MODES = {"updown": 2, "sine_modes": 8, "ring8": 8, "grid25": 25, "mixture": 8}


def test_every_family_is_listed_with_what_it_is(client: Client) -> None:
    listed = client.done("curves")
    for entry, (name, model) in zip(listed.split("\n\n"), CURVE_MODELS.items(), strict=True):
        assert entry.startswith(f"{name}\n")
        words = " ".join(entry.split())
        assert model.__doc__ is not None
        assert model.__doc__.split("\n")[0] in words
        assert model.distance() in words
        assert (f"modes: {MODES.get(name)}" in entry) is (name in MODES)
        # Of a point one dot is all there is, of an upright line one column.
        least = {"data": 0, "dirac": 1, "line": 6}.get(name, 41)
        assert len(re.findall(r"[\u2801-\u28ff]", entry)) >= least
    assert max(map(len, listed.splitlines())) <= WIDTH
    assert client.done("curves", "-q").split() == list(CURVE_MODELS)
    assert list(client.home.parent.rglob("curvegan.db")) == []


@pytest.mark.parametrize("name", CURVE_MODELS)
def test_one_family_and_how_its_parameters_are_set(client: Client, name: str) -> None:
    shown, facts = client.done("curves", name), client.json("curves", name)
    assert (facts["family"], facts["modes"]) == (name, MODES.get(name))
    for each in facts["parameters"]:
        assert re.search(rf"^{each['name']} ", shown, re.M)
        if name != "data":
            assert each["valid"] or isinstance(each["default"], bool)
            text = {"modes": "3", "layout": "random", "box": "true", "ratio": "0.9"}.get(each["name"], "1.5")
            job = client.json("submit", "--dry-run", "--curve", name, "--set", f"curve.{each['name']}={text}")
            set_to = job["curve"][each["name"]]
            assert (str(set_to).lower() if isinstance(set_to, bool) else str(set_to)) == text
    typed = "--data NAME" if name == "data" else f"--curve {name}"
    assert shown.endswith(f"  curvegan submit {typed}\n")
    assert [each for each in client.json("curves") if each["family"] == name] == [facts]


def test_an_unknown_family_and_the_nearest_name(client: Client) -> None:
    assert "did you mean 'updown'?" in client.refused("curves", "upduwn")
    assert "the families are quadratic, cubic" in client.refused("curves", "x")
    assert "did you mean 'updown'?" in client.refused("submit", "--curve", "upduwn")


def test_a_drawing_has_its_ends_where_the_curve_has(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        x = np.linspace(-2.0, 2.0, 9)
        lines = drawing([np.stack([x, 3 * x], axis=1)], rows=4)
    assert [line.split()[0] for line in (lines[0], lines[3], lines[4])] == ["6", "-6", "-2"]
    assert lines[4].endswith("2")
    assert all(len(line) <= WIDTH for line in lines)
    first, last = (re.sub(r"^ *-?6 ", "", lines[row]) for row in (3, 0))
    assert len(first.rstrip()) < len(last)


def test_a_flat_line_and_a_single_point_can_be_drawn() -> None:
    for joined in (True, False):
        assert len(drawing([np.array([[0.0, 1.0], [1.0, 1.0]])], rows=3, joined=joined)) == 4
        assert len(drawing([np.array([[5.0, 5.0]])], rows=3, joined=joined)) == 4


def test_the_presets_on_the_command_line_are_the_cores() -> None:
    assert tuple(presets.PRESETS) == PRESETS


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "data"])
def test_a_preset_prints_and_submits_the_same(client: Client, name: str) -> None:
    printed = client.done("config", "--preset", name)
    assert printed.startswith(f"# preset {name}: {presets.PRESETS[name].purpose}\n")
    assert TrainConfig.parse(tomllib.loads(printed)) == presets.preset(name).config
    assert client.json("submit", "--dry-run", "--preset", name) == client.json("config", "--preset", name)


def test_a_preset_lies_over_the_projects_file_and_under_the_rest(client: Client) -> None:
    Path("curvegan.toml").write_text("[config]\nhidden_g = 7\nbeta1 = 0.25\nloss = 'rpgan'\n")
    Path("job.toml").write_text("beta2 = 0.75\n")
    job = client.json("submit", "--dry-run", "--preset", "sine8", "--config", "job.toml", "--curve", "sine")
    assert (job["hidden_g"], job["beta1"], job["beta2"], job["loss"]) == (7, 0.5, 0.75, "ns")
    assert job["curve"] == {"family": "sine", "a": 1.0}
    tutorial = TrainConfig.parse(client.json("submit", "--dry-run", "--preset", "tutorial"))
    assert tutorial == TrainConfig(hidden_g=7)


@pytest.mark.parametrize("words", ["submit", "config", "sweep --seeds 2"])
def test_an_unknown_preset_says_which_there_are(client: Client, words: str) -> None:
    assert "no preset 'tune', did you mean 'tuned'?" in client.refused(*words.split(), "--preset", "tune")
    said = client.refused(*words.split(), "--preset", "wgan")
    assert "no preset 'wgan'; there are tutorial, tuned, collapse-demo, collapse-fix, sine8" in said
