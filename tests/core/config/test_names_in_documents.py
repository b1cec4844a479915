"""The documents say what every name means that a person can type or read: losses, metrics, verdicts, presets."""

from pathlib import Path

import pytest

from curvegan_core.config.keys import SWITCH
from curvegan_core.config.presets import PRESETS
from curvegan_core.config.train import TrainConfig
from curvegan_core.losses import LOSSES
from curvegan_core.metrics.names import METRICS, VERDICTS

_DOCS = Path(__file__).parents[3] / "docs"


def section(document: str, title: str) -> str:
    """The text below a heading of the second level."""
    return (_DOCS / document).read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_row(name: str) -> None:
    assert f"\n| `{name}` |" in section("science.md", "Losses")


@pytest.mark.parametrize("name", [name for name, key in TrainConfig.KEYS.items() if key.counts is SWITCH])
def test_every_regulariser_has_a_row(name: str) -> None:
    rows = [line.split("|") for line in section("science.md", "Losses").splitlines() if line.startswith("| `")]
    assert any(f"`{name}`" in names for _, names, *_ in rows)


@pytest.mark.parametrize("name", LOSSES)
def test_what_theory_knows_of_every_loss_has_a_row(name: str) -> None:
    assert f"\n| `{name}` | 0 |" in (_DOCS / "theory.md").read_text(), "`make theory` adds it"


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_explained(name: str) -> None:
    assert f"`{name}`" in section("science.md", "Metrics")


@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict_has_its_rule(name: str) -> None:
    assert f"**{name}" in section("science.md", "Verdicts")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_row(name: str) -> None:
    assert f"\n| `{name}` |" in section("curves.md", "Presets")
