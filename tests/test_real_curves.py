"""The page of real curves: how `make curves` trains and counts, on curves made here. Nothing is downloaded."""

from pathlib import Path

import numpy as np
import pytest

import curvegan as cg
from benchmarks import real_curves
from benchmarks.real_sets import SETS, RealSet

PAGE = (Path(__file__).parent.parent / "docs" / "real-curves.md").read_text()


def waves() -> np.ndarray:
    random = np.random.default_rng(2)
    rows: np.ndarray = np.sin(np.arange(300) / 40 + random.normal(size=(150, 1))) * random.choice([1, 3], (150, 1))
    return rows


def test_a_split_is_the_plain_submit_and_the_tables_count_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETS, "waves", RealSet("waves", "none", waves))
    with cg.connect(home=tmp_path) as lab:
        assert real_curves.add(lab, "waves") == 150
        assert lab.data["waves"].points == 256
        found = real_curves.split(lab, "waves", 0)
    assert found.energy < 1
    assert 0.5 < found.roughness < 1.5
    [*_, row] = real_curves.table({"waves": (150, [found, found])})
    assert row.startswith(f"| `waves` | 150 | {found.energy:.2f} {found.energy:.2f} |")
    lines = [*real_curves.summary({"waves": (150, [found]), "few": (20, [found._replace(energy=2.0)])})]
    assert "| better than the Gaussian | 1 of 2 | 22 of 27 |" in lines
    assert found.squares.generator < found.squares.gaussian
    luck = found._replace(squares=found.squares._replace(gaussian=-0.01))
    assert [*real_curves.unlucky({"few": (20, [luck])})][-1].endswith("nothing to win |")
    assert real_curves.share([luck]) == 1


def test_samples_of_one_distribution_are_not_apart_without_luck() -> None:
    random = np.random.default_rng(5)
    near = [real_curves.unbiased(random.normal(size=(40, 3)), random.normal(size=(10, 3))) for _ in range(200)]
    assert abs(np.mean(near)) < 3 * np.std(near) / np.sqrt(len(near)) < 0.05
    assert real_curves.unbiased(random.normal(size=(40, 3)), random.normal(3, 1, size=(10, 3))) > 1


def test_the_page_has_every_set_with_three_splits() -> None:
    for name, one in SETS.items():
        assert f"| `{name}` | {one.subject} | {one.package} |" in PAGE
        [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` | ") and line.count("|") == 10]
        assert len(row.split("|")[3].split()) == len(real_curves.SPLITS)
