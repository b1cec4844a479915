"""Real curves of real people: `make curves`. Trains on public sets as `submit --data` does, writes docs/real-curves.md.

    python -m benchmarks.real_curves [SET ...]

Each set is added and its config made as the command makes it; the training is what a worker runs, here in one process
whose CPU seconds are counted. Three splits are three seeds: the seed says which fifth of the rows is held out. The
recipe was chosen on seeds 10 to 12. Two minutes on one core.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import pdist

import curvegan as cg
from benchmarks.real_sets import PACKAGES, SETS
from curvegan.comparing.baselines import FEWEST
from curvegan.submitting.layers import job_layers, layered
from curvegan_core.families.data import Data
from curvegan_core.families.dataset import MOST_POINTS
from curvegan_core.plotting.own_plots import DRAWN, OwnData, own_picture
from curvegan_core.sampling import samples
from curvegan_core.training import PackTraining, Progress

PAGE = Path(__file__).parent.parent / "docs" / "real-curves.md"
SPLITS = (0, 1, 2)


class Split(NamedTuple):
    """One training's numbers: energies in parts of the Gaussian's, ratios to rows held out, CPU seconds."""

    energy: float
    floor: float
    perfect: float
    kde: float
    roughness: float
    memorisation: float
    seconds: float


Measured = Mapping[str, tuple[int, Sequence[Split]]]
"""Of each set how many rows it has, and its splits."""


def add(lab: cg.Lab, name: str) -> int:
    """Store a set, of which every column is a point. Return how many rows it has."""
    rows = SETS[name].rows()
    many = {"resample": MOST_POINTS} if rows.shape[1] > MOST_POINTS else {}
    return lab.data.add(
        rows, name, header=False, index_column="none", label_column="none", transpose=False, **many
    ).rows


def trained(lab: cg.Lab, name: str, seed: int) -> Progress:
    """Return the end of a training."""
    config, dataset = layered(job_layers(lab, {"seed": seed}, data=name)), lab.data[name]
    training = PackTraining({0: (config, None)}, "cpu", {dataset.hash: dataset})
    while training.jobs:
        [report] = training.advance()
    return report


def draw(lab: cg.Lab, name: str) -> None:
    """Write the picture of the page, as `curvegan fetch-plot --kind quantiles` draws it."""
    config, end = layered(job_layers(lab, {"seed": 0}, data=name)), trained(lab, name, 0)
    assert end.checkpoint is not None
    curves = samples(end.checkpoint, config, DRAWN, 0).astype(float)
    data = OwnData(f"{name}, seed 0", config, lab.data[name], curves, end.step)
    (PAGE.parent / "images" / "quantiles.png").write_bytes(own_picture("quantiles", data).to_bytes())


def split(lab: cg.Lab, name: str, seed: int) -> Split:
    """Train on a stored set as `curvegan submit --data NAME --seed SEED` does."""
    before = time.process_time()
    end = trained(lab, name, seed)
    seconds = time.process_time() - before
    assert end.metrics is not None, f"{name}, seed {seed}: diverged"
    found = end.metrics.as_dict()
    of = found["energy_gaussian"]
    energy, floor, kde = (found[key] / of for key in ("ema_energy", "energy_floor", "energy_kde"))
    return Split(energy, floor, perfect(lab, name, seed) / of, kde, found["roughness"], found["memorisation"], seconds)


def perfect(lab: cg.Lab, name: str, seed: int) -> float:
    """Return how far rows held out are from curves of their own distribution, by luck: the root of the mean square.

    The square's mean is E|Y - Y'| (1/m + 1/n) for m rows and n curves: energy distances of samples are not 0.
    """
    config = layered(job_layers(lab, {"seed": seed}, data=name))
    family = Data(config, lab.data[name])
    held_mp = family.judging(family.held_mp)
    return float(np.sqrt(np.mean(pdist(held_mp)) * (1 / len(held_mp) + 1 / config.samples)))


def table(measured: Measured) -> Iterable[str]:
    """Return the lines of the table: of each set what each split came to."""
    yield "| set | rows | energy | floor | perfect | KDE | roughness | memorisation | CPU s |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, (rows, splits) in measured.items():
        columns = [" ".join(f"{value:.2f}" for value in column) for column in list(zip(*splits, strict=True))[:-1]]
        yield f"| `{name}` | {rows} | {' | '.join(columns)} | {max(one.seconds for one in splits):.1f} |"


def summary(measured: Measured) -> Iterable[str]:
    """Return what the table comes to, beside what it must."""
    every = np.array([one for _, splits in measured.values() for one in splits])
    many = np.array([one for rows, splits in measured.values() for one in splits if rows >= FEWEST] or every)
    smooth, new = (
        np.sum((low <= many[:, at]) & (many[:, at] <= high)) for at, low, high in ((4, 0.8, 1.25), (5, 0.85, 1.15))
    )
    yield "| | measured | must |"
    yield "|---|---|---|"
    yield f"| energy in parts of the Gaussian's, mean of all {len(every)} | {every[:, 0].mean():.2f} | .65 |"
    yield f"| the same of sets of {FEWEST} rows or more, {len(many)} | {many[:, 0].mean():.2f} | |"
    yield f"| the floor's, mean of all and of those | {every[:, 1].mean():.2f}, {many[:, 1].mean():.2f} | |"
    yield f"| a perfect generator's, mean of all and of those | {every[:, 2].mean():.2f}, {many[:, 2].mean():.2f} | |"
    yield f"| the floor is better than the Gaussian | {np.sum(every[:, 1] < 1)} of {len(every)} | |"
    yield f"| better than the Gaussian | {np.sum(every[:, 0] < 1)} of {len(every)} | 22 of 27 |"
    yield f"| roughness .8 to 1.25, of {FEWEST} rows or more | {smooth} of {len(many)} | all |"
    yield f"| memorisation .85 to 1.15, of {FEWEST} rows or more | {new} of {len(many)} | all |"
    yield f"| CPU seconds of the longest training | {every[:, 6].max():.1f} | 5 |"


def write(measured: Measured) -> None:
    """Put the tables between the comments of the page that name them."""
    text = PAGE.read_text()
    sets = ["| set | what | package |", "|---|---|---|"]
    sets += [f"| `{name}` | {one.subject} | {one.package} |" for name, one in SETS.items()]
    for name, lines in {"sets": sets, "splits": table(measured), "summary": summary(measured)}.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        text = "\n".join([before + start, *lines, rest[rest.index("<!-- end -->") :]])
    PAGE.write_text(text)


def main(names: Sequence[str]) -> None:
    """Measure the sets; all of them write the page, some are printed."""
    if not PACKAGES.is_dir():
        raise SystemExit(f"{PACKAGES.name} is not there: `make curves` installs the packages into it")
    measured: dict[str, tuple[int, Sequence[Split]]] = {}
    with tempfile.TemporaryDirectory() as home, cg.connect(home=home) as lab:
        for name in names or SETS:
            rows = add(lab, name)
            if not measured:
                split(lab, name, 0)  # a machine compiles the engine once
            measured[name] = rows, [split(lab, name, seed) for seed in SPLITS]
            print(*list(table({name: measured[name]}))[2:], flush=True)
        if not names:
            write(measured)
            draw(lab, "power")
    print(*summary(measured), sep="\n")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(sys.argv[1:])
