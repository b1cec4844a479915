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
from scipy.spatial.distance import cdist, pdist

import curvegan as cg
from benchmarks.real_sets import PACKAGES, SETS
from curvegan.comparing.baselines import FEWEST
from curvegan.submitting.layers import job_layers, layered
from curvegan_core.families.data import Data
from curvegan_core.families.dataset import MOST_POINTS
from curvegan_core.families.family import Reals
from curvegan_core.metrics.baselines import baselines
from curvegan_core.metrics.evaluation import evaluation_latents
from curvegan_core.networks import generate
from curvegan_core.plotting.own_plots import DRAWN, OwnData, own_picture
from curvegan_core.sampling import samples
from curvegan_core.training import PackTraining, Progress

PAGE = Path(__file__).parent.parent / "docs" / "real-curves.md"
SPLITS = (0, 1, 2)


class Squares(NamedTuple):
    """Squared energy distances to the rows held out, without what samples of one distribution are apart by luck."""

    generator: float
    gaussian: float
    floor: float


class Split(NamedTuple):
    """One training's numbers: energies in parts of the Gaussian's, ratios to real rows, CPU seconds."""

    energy: float
    floor: float
    perfect: float
    kde: float
    roughness: float
    memorisation: float
    seconds: float
    squares: Squares


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
    family = Data(layered(job_layers(lab, {"seed": seed}, data=name)), lab.data[name])
    ratios = found["roughness"], found["memorisation"]
    return Split(energy, floor, perfect(family) / of, kde, *ratios, seconds, squares(family, end))


def perfect(family: Data) -> float:
    """Return how far rows held out are from curves of their own distribution, by luck: the root of the mean square.

    The square's mean is E|Y - Y'| (1/m + 1/n) for m rows and n curves: energy distances of samples are not 0.
    """
    held_mp = family.judging(family.held_mp)
    return float(np.sqrt(np.mean(pdist(held_mp)) * (1 / len(held_mp) + 1 / family.config.samples)))


def squares(family: Data, end: Progress) -> Squares:
    """Return the energies of a training and of two baselines, by estimates whose mean is that of the distributions."""
    held_mp, others = family.judging(family.held_mp), baselines(family, family.config)
    assert end.checkpoint is not None
    drawn = generate(end.checkpoint.ema, evaluation_latents(family.config), family.config)
    samples = family.judged(drawn), others["gaussian"], others["floor"]
    return Squares(*(unbiased(sample_np, held_mp) for sample_np in samples))


def unbiased(a_np: Reals, b_mp: Reals) -> float:
    """Return the squared energy distance as a U-statistic: a row's distance to itself, 0, is no part of the means.

    As Binkowski et al., "Demystifying MMD GANs" (2018), of the kernel -|x - y|; of one distribution its mean is 0.
    """
    return float(2 * np.mean(cdist(a_np, b_mp)) - np.mean(pdist(a_np)) - np.mean(pdist(b_mp)))


def table(measured: Measured) -> Iterable[str]:
    """Return the lines of the table: of each set what each split came to."""
    yield "| set | rows | energy | floor | perfect | KDE | roughness | memorisation | CPU s |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, (rows, splits) in measured.items():
        columns = [" ".join(f"{value:.2f}" for value in column) for column in list(zip(*splits, strict=True))[:-2]]
        yield f"| `{name}` | {rows} | {' | '.join(columns)} | {max(one.seconds for one in splits):.1f} |"


def unlucky(measured: Measured) -> Iterable[str]:
    """Return the lines of the table of squared energies without luck, in thousandths: means over the splits."""
    yield "| set | rows | generator | Gaussian | rows trained on | in parts of the Gaussian's |"
    yield "|---|---|---|---|---|---|"
    for name, (rows, splits) in measured.items():
        own, gaussian, floor = 1000 * np.mean([one.squares for one in splits], axis=0)
        part = f"{share(splits):.2f}" if gaussian > 0 else "nothing to win"
        yield f"| `{name}` | {rows} | {own:.0f} | {gaussian:.0f} | {floor:.0f} | {part} |"


def share(splits: Sequence[Split]) -> float:
    """Return the root of the generator's mean square in parts of the Gaussian's: 1 where that is not above 0."""
    own, gaussian, _ = np.mean([one.squares for one in splits], axis=0)
    return float(np.sqrt(max(own, 0.0) / gaussian)) if gaussian > 0 else 1.0


def summary(measured: Measured) -> Iterable[str]:
    """Return what the table comes to, beside what it must."""
    every = [one for _, splits in measured.values() for one in splits]
    many = [one for rows, splits in measured.values() for one in splits if rows >= FEWEST] or every
    shares = [(rows, share(splits)) for rows, splits in measured.values()]
    enough = [part for rows, part in shares if rows >= FEWEST] or [part for _, part in shares]
    smooth = sum(0.8 <= one.roughness <= 1.25 for one in many)
    new = sum(0.85 <= one.memorisation <= 1.15 for one in many)
    yield "| | measured | must |"
    yield "|---|---|---|"
    yield f"| energy in parts of the Gaussian's, mean of all {len(every)} | {_mean(every, 'energy')} | .65 |"
    yield f"| the same of sets of {FEWEST} rows or more, {len(many)} | {_mean(many, 'energy')} | |"
    others = {"the floor's": "floor", "a perfect generator's": "perfect", "the kernel estimate's": "kde"}
    for word, name in others.items():
        yield f"| {word}, mean of all and of those | {_mean(every, name)}, {_mean(many, name)} | |"
    for word, name in {"the generator's": "energy", **others}.items():
        yield f"| {word}, means of squares | {_mean(every, name, 2)}, {_mean(many, name, 2)} | |"
    yield f"| without luck, mean of all {len(shares)} sets | {np.mean([part for _, part in shares]):.2f} | |"
    yield f"| the same of those {len(enough)} | {np.mean(enough):.2f} | |"
    yield f"| the floor is better than the Gaussian | {sum(one.floor < 1 for one in every)} of {len(every)} | |"
    yield f"| better than the Gaussian | {sum(one.energy < 1 for one in every)} of {len(every)} | 22 of 27 |"
    yield f"| roughness .8 to 1.25, of {FEWEST} rows or more | {smooth} of {len(many)} | all |"
    yield f"| memorisation .85 to 1.15, of {FEWEST} rows or more | {new} of {len(many)} | all |"
    yield f"| CPU seconds of the longest training | {max(one.seconds for one in every):.1f} | 5 |"


def _mean(splits: Sequence[Split], name: str, power: int = 1) -> str:
    return f"{np.mean([getattr(one, name) ** power for one in splits]):.2f}"


def write(measured: Measured) -> None:
    """Put the tables between the comments of the page that name them."""
    text = PAGE.read_text()
    sets = ["| set | what | package |", "|---|---|---|"]
    sets += [f"| `{name}` | {one.subject} | {one.package} |" for name, one in SETS.items()]
    for name, lines in {
        "sets": sets,
        "splits": table(measured),
        "unlucky": unlucky(measured),
        "summary": summary(measured),
    }.items():
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
