"""The known answers: `make theory`. Measures what theory says in closed form, and writes docs/theory.md.

    python -m benchmarks.theory

The Jacobians are the torch engine's own, in float64; the trajectories are trainings. Tables stand between comments that
name them, pictures in docs/images. Some minutes on one core, most of them the fifteen dimensions.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from curvegan_core import theory
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.choice import choose
from curvegan_core.engines.stacked.jacobian import jacobian
from curvegan_core.families.curves import family
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.metrics.verdict import judge
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_core.training import PackTraining

ROOT = Path(__file__).parent.parent
PAGE, IMAGES = ROOT / "docs" / "theory.md", ROOT / "docs" / "images"
RATE, SEEDS, START = 0.1, range(8), np.array([0.0, 1e-3])
GAMMAS = (0.0, 0.5, 1.0, 2.0, 3.0)
_DIRAC = {"curve": "dirac", "latent": 0, "layers_g": 0, "layers_d": 0, "batch_size": 1, "engine": "torch", "lr": RATE}
_DESCENT = {"optimiser": "sgd"}
# Optimistic descent is optimistic Adam that remembers nothing: its step is lr g/(|g| + 1).
_OPTIMISTIC = {"optimiser": "oadam", "beta1": 0.0, "beta2": 0.0, "eps": 1.0}
_COLOURS = ("#1F77C9", "#2C9A17", "#E4572E", "#8E5BD0", "#333333", "#C98A1F", "#0E8C8C", "#B0407A")

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class Method:
    """A way to descend: its name, the keys that say it to the product, and its matrix in closed form."""

    name: str
    keys: Mapping[str, Any]
    matrix: Reals


def methods(loss: str) -> list[Method]:
    """Return the ways that the page compares, for a loss."""
    both = {"updates": "simultaneous"}
    # Of ns the closed form is another: its generator moves through D's bias as well.
    looks = (1, 5) if loss == "wgan" else ()
    return [
        Method("simultaneous", _DESCENT | both, theory.step(loss, RATE)),
        Method("alternating", _DESCENT, theory.step(loss, RATE, updates="alternating")),
        Method("simultaneous, R1 .5", _DESCENT | both | {"r1": 0.5}, theory.step(loss, RATE, 0.5)),
        Method("alternating, R1 .5", _DESCENT | {"r1": 0.5}, theory.step(loss, RATE, 0.5, "alternating")),
        Method("consensus 1", _DESCENT | both | {"consensus": 1.0}, theory.step(loss, RATE, consensus=1.0)),
        Method("optimistic", _OPTIMISTIC | both, theory.optimistic_step(loss, RATE)),
        *(Method(f"unrolled {n}", _DESCENT | both | {"unroll": n}, theory.unrolled_step(loss, RATE, n)) for n in looks),
    ]


def dirac(loss: str, keys: Mapping[str, Any]) -> TrainConfig:
    """Return the config of a Dirac-GAN. A bound that no weight of D reaches lets wgan go without a penalty."""
    unbounded = {"clip": 1e6} if loss == "wgan" else {}
    return TrainConfig.parse({**_DIRAC, "loss": loss, **unbounded, **keys})


def state_at(config: TrainConfig, p: float, t: float) -> State:
    """Return the state where D(x) = p x, plus what the loss settles at, and G = t."""
    state = State.initial(config)
    values = {"discriminator.0.weight": p, "generator.0.bias": t}
    values["discriminator.0.bias"] = 0.5 if config.loss == "lsgan" else 0.0
    for name, tensor in state.weights.items():
        tensor[...] = values.get(name, 0.0)
    return state


def measured(config: TrainConfig) -> Complexes:
    """Return the eigenvalues of the engine's step at the equilibrium."""
    values = np.linalg.eigvals(jacobian(config, state_at(config, 0, 0), 0, family(config)))
    return np.asarray(values, np.complex128)


def nearest(wanted: Sequence[complex], found: Complexes) -> Complexes:
    """Return of each wanted number the nearest one that was found."""
    return np.array([found[np.argmin(np.abs(found - value))] for value in wanted])


def path(config: TrainConfig, start: Reals, steps: int) -> Reals:
    """Train from (p, t) and return where it was, (steps + 1, 2)."""
    engine = choose(config, "cpu")([config], [state_at(config, *start)], "cpu", [family(config)])
    states = [start]
    for step in range(steps):
        engine.run([step], 1, [])
        weights = engine.state(0).weights
        states.append(np.array([weights["discriminator.0.weight"].item(), weights["generator.0.bias"].item()]))
    return np.array(states)


def eigenvalues_table() -> str:
    """Eigenvalues of the field of each loss under R1: closed form, and the engine's."""
    rows = []
    for loss in theory.TURN:
        for gamma in GAMMAS:
            known = theory.eigenvalues(loss, gamma)
            config = dirac(loss, _DESCENT | {"updates": "simultaneous", "r1": gamma})
            found = (nearest([1 + RATE * value for value in known], measured(config)) - 1) / RATE
            far = f"{np.abs(found - np.array(known)).max():.0e}"
            rows.append([f"`{loss}`", f"{gamma:g}", *map(_complex, known), *map(_complex, found), far])
    head = ["loss", "gamma", "closed form", "", "engine", "", "difference"]
    return _table(head, rows)


def methods_table() -> str:
    """Largest absolute eigenvalue of a step: closed form, and the engine's; and what 200 steps make of it."""
    rows = []
    for loss in ("ns", "wgan"):
        for method in methods(loss):
            config, radius = dirac(loss, method.keys), theory.radius(method.matrix)
            values = np.linalg.eigvals(method.matrix)
            found = np.abs(nearest(list(values), measured(config))).max()
            far = np.linalg.norm(path(config, START, 200)[-1]) / np.linalg.norm(START)
            rows.append([f"`{loss}`", method.name, f"{radius:.6f}", f"{found:.6f}", f"{radius**200:.3g}", f"{far:.3g}"])
    return _table(["loss", "step", "closed form", "engine", "to the 200th", "trained 200 steps"], rows)


def draw_eigenvalues() -> Figure:
    """The paths of the eigenvalues as gamma grows, and the engine's on them."""
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    gammas = np.linspace(0, 3, 301)
    for axes, loss in zip(figure.subplots(1, 2), ("ns", "wgan"), strict=True):
        known = np.array([theory.eigenvalues(loss, gamma) for gamma in gammas])
        for branch, colour in zip(known.T, _COLOURS, strict=False):
            axes.plot(branch.real, branch.imag, color=colour, linewidth=1.2)
        for index, gamma in enumerate(GAMMAS):
            config = dirac(loss, _DESCENT | {"updates": "simultaneous", "r1": gamma})
            wanted = [1 + RATE * value for value in theory.eigenvalues(loss, gamma)]
            found = (nearest(wanted, measured(config)) - 1) / RATE
            axes.plot(found.real, found.imag, "o", color="#333333", markersize=4)
            axes.annotate(
                f"{gamma:g}",
                (found[0].real, found[0].imag),
                (4, -11 if index % 2 else 4),
                textcoords="offset points",
                fontsize=8,
            )
        alike = [other for other, turn in theory.TURN.items() if turn == theory.TURN[loss]]
        axes.axvline(0, color="#999999", linewidth=0.8)
        axes.set(title=", ".join(alike), xlabel="real", ylabel="imaginary")
    figure.suptitle(
        "Eigenvalues of the field as R1's gamma grows: lines in closed form, dots from the engine", fontsize=11
    )
    return figure


def draw_trajectories() -> Figure:
    """Where trainings of wgan go, on the paths of their matrices."""
    figure = Figure(figsize=(12.0, 6.2), layout="constrained")
    steps = 150
    for axes, method, colour in zip(figure.subplots(2, 4).ravel(), methods("wgan"), _COLOURS, strict=True):
        start = START if len(method.matrix) == 2 else np.concatenate((START, START))
        known = 1e3 * theory.trajectory(method.matrix, start, steps)
        trained = 1e3 * path(dirac("wgan", method.keys), START, steps)
        axes.plot(known[:, 0], known[:, 1], color="#BBBBBB", linewidth=2.5)
        axes.plot(trained[:, 0], trained[:, 1], ".", color=colour, markersize=3)
        axes.plot(0, 0, "+", color="#000000", markersize=9)
        axes.set_title(f"{method.name}: {theory.radius(method.matrix):.5f} a step", fontsize=10)
        axes.set_aspect("equal", "datalim")
    figure.supxlabel("1000 p, the slope of D", fontsize=10)
    figure.supylabel("1000 t, where G is", fontsize=10)
    return figure


@dataclass(frozen=True)
class Curves:
    """One way to train the default job, over seeds."""

    label: str
    steps: int
    losses: Sequence[LossCurve]
    metrics: Sequence[Metrics]
    verdicts: Sequence[str]


_NO_MEMORY = {"beta1": 0.0, "beta2": 0.0, "eps": 1.0, "lr": 0.1, "steps": 50_000, "snapshot_every": 5000}
FIFTEEN = {
    "Adam, betas (.9, .999), lr 1e-3": {"lr": 1e-3},
    "Adam, betas (.9, .999), lr 1e-3, R1 1": {"lr": 1e-3, "r1": 1.0},
    "Adam, betas (0, .9), lr 1e-3": {"lr": 1e-3, "beta1": 0.0, "beta2": 0.9},
    "gradient descent, lr .1": _NO_MEMORY,
    "gradient descent, lr .1, R1 .1": _NO_MEMORY | {"r1": 0.1},
    "gradient descent, lr .1, R1 1": _NO_MEMORY | {"r1": 1.0},
}


def train_fifteen() -> list[Curves]:
    """Train the default job, a point in fifteen dimensions, in each way and with each seed."""
    return [_train(label, keys) for label, keys in FIFTEEN.items()]


def _train(label: str, keys: Mapping[str, Any]) -> Curves:
    configs = {seed: TrainConfig.parse({**keys, "seed": seed, "record_every": 50}) for seed in SEEDS}
    pack = PackTraining({seed: (config, None) for seed, config in configs.items()}, "cpu")
    losses: dict[int, list[LossCurve]] = {seed: [] for seed in SEEDS}
    shots: dict[int, list[Snapshot]] = {seed: [] for seed in SEEDS}
    metrics: dict[int, Metrics] = {}
    while pack.jobs:
        for progress in pack.advance():
            losses[progress.job].append(progress.losses)
            shots[progress.job] += [progress.snapshot] if progress.snapshot else []
            metrics |= {progress.job: progress.metrics} if progress.metrics else {}
    curves = {seed: LossCurve.concatenate(parts) for seed, parts in losses.items()}
    verdicts = [judge(curves[seed], shots[seed], metrics[seed]).text for seed in SEEDS]
    return Curves(label, configs[0].steps, list(curves.values()), list(metrics.values()), verdicts)


def fifteen_table(trained: Sequence[Curves]) -> str:
    """RMSE at the end and verdicts."""
    rows = []
    for curves in trained:
        rmse = [metrics.rmse for metrics in curves.metrics]
        verdicts = ", ".join(f"{verdict} {count}" for verdict, count in Counter(curves.verdicts).most_common())
        rows.append(
            [curves.label, f"{curves.steps:,}", f"{np.median(rmse):.3f} ({min(rmse):.3f} to {max(rmse):.3f})", verdicts]
        )
    return _table(["trained with", "steps", "RMSE, median (smallest to largest)", "verdicts"], rows)


def draw_fifteen(trained: Sequence[Curves]) -> Figure:
    """RMSE over the steps: the median of the seeds."""
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    for axes, part in zip(figure.subplots(1, 2, sharey=True), (trained[:3], trained[3:]), strict=True):
        for curves, colour in zip(part, _COLOURS, strict=False):
            rmse = np.median([curve.rmse for curve in curves.losses], axis=0)
            axes.plot(curves.losses[0].steps, rmse, color=colour, linewidth=1, label=curves.label)
        axes.set(yscale="log", xlabel="step")
        axes.legend(frameon=False, fontsize=8)
    figure.supylabel("RMSE, median of 8 seeds", fontsize=10)
    return figure


def _complex(value: complex) -> str:
    if abs(value.imag) < 5e-7:
        return f"{value.real:.4f}"
    return f"{value.real + 0.0:.4f} {'+' if value.imag > 0 else '-'} {abs(value.imag):.4f}i"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _filled(text: str, tables: Mapping[str, str]) -> str:
    """Replace what stands between `<!-- theory NAME -->` and `<!-- end -->`."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- theory {match[1]} -->\n\n{tables[match[1]]}\n\n<!-- end -->"

    return re.sub(r"<!-- theory (\S+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def main() -> None:
    """Measure all and write the page."""
    trained = train_fifteen()
    tables = {"eigenvalues": eigenvalues_table(), "methods": methods_table(), "fifteen": fifteen_table(trained)}
    PAGE.write_text(_filled(PAGE.read_text(), tables))
    draw_eigenvalues().savefig(IMAGES / "theory-eigenvalues.png", dpi=100)
    draw_trajectories().savefig(IMAGES / "theory-trajectories.png", dpi=100)
    draw_fifteen(trained).savefig(IMAGES / "theory-fifteen.png", dpi=100)


if __name__ == "__main__":
    main()
