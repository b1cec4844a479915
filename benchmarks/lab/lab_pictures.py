"""The laboratory's two pictures, from what its sweeps found. Trains nothing and knows no page."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest

from benchmarks.lab.experiments import RATES, SINE_MODES, UPDOWN
from benchmarks.lab.findings import Found, Training, at_rate
from curvegan_core.families import curves

REAL, GENERATED, LOST, OTHER = "#74BCFF", "#4AD631", "#E4572E", "#BBBBBB"
_SEEN = ("updown-ns", "updown-rpgan-bare", "updown-rpgan", "updown-wgan")
_AT = ("1e-4", "1e-3", "1e-2")


def collapse(found: Found) -> Figure:
    """Generated curves of `updown` under four recipes, and how many seeds of each recipe kept both modes."""
    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[1, 1.15])[:, 0]
    labels = {experiment.name: _plain(experiment.label) for experiment in UPDOWN}
    for axes, name in zip(above.subplots(1, len(_SEEN), sharey=True), _SEEN, strict=True):
        _draw_curves(axes, _typical(found[name]), labels[name].replace(", likewise", ""))
    _draw_shares(below.subplots(), found, labels)
    return figure


def learning_rate(found: Found) -> Figure:
    """Share of good curves of `sine_modes` over the learning rate, and curves at three of them."""
    figure = Figure(figsize=(9.6, 6.0), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.25, 1])[:, 0]
    axes = above.subplots()
    for experiment, colour in zip(SINE_MODES, ("#1F77C9", "#2C9A17"), strict=True):
        _draw_rates(axes, found[experiment.name], _plain(experiment.label), colour)
    axes.set(xscale="log", xlabel="learning rate", ylabel="hq: share of curves on a mode", ylim=(-0.03, 1))
    axes.legend(frameon=False)
    axes.set_title("sine_modes: every dot is a training, the line their median", fontsize=11)
    for axes, rate in zip(below.subplots(1, len(_AT), sharey=True), _AT, strict=True):
        _draw_curves(axes, _typical(at_rate(found["sine-modes-ns"], rate)), f"ns, lr {rate}")
    return figure


def _plain(label: str) -> str:
    return label.replace("`", "")


def _typical(trainings: Sequence[Training]) -> Training:
    """The training whose share of good curves is the median."""
    ordered = sorted(trainings, key=lambda each: (each.metric("hq"), each.metric("modes")))
    return ordered[len(ordered) // 2]


def _draw_curves(axes: Axes, training: Training, title: str) -> None:
    config, newest = training.job.config, training.snapshots[-1]
    modes = curves.family(config).modes_kp
    assert modes is not None
    x = curves.points_x(config)
    axes.plot(x, modes.T, color=REAL, linewidth=5, alpha=0.7, solid_capstyle="round")
    axes.plot(x, newest.curves.T, color="#2C9A17", linewidth=0.8, alpha=0.7)
    axes.set_title(f"{title}\nseed {config.seed}: {training.job.verdict}", fontsize=9)
    axes.set_xticks([-1, 0, 1])


def _draw_shares(axes: Axes, found: Found, labels: dict[str, str]) -> None:
    for row, (name, label) in enumerate(reversed(labels.items())):
        trainings = found[name]
        verdicts = [each.job.verdict or "" for each in trainings]
        kept, lost = verdicts.count("converged"), sum(verdict.startswith("collapsed") for verdict in verdicts)
        axes.barh(row, kept, color=GENERATED)
        axes.barh(row, lost, left=kept, color=LOST)
        axes.barh(row, len(trainings) - kept - lost, left=kept + lost, color=OTHER)
        interval = binomtest(kept, len(trainings)).proportion_ci(method="wilson")
        axes.plot(np.array(interval) * len(trainings), [row, row], color="black", linewidth=1.5, marker="|")
        axes.text(len(trainings) + 0.2, row, label, va="center", fontsize=9)
    axes.set(yticks=[], xlim=(0, 1.75 * len(trainings)), xticks=range(0, len(trainings) + 1, 4))
    axes.set_title(
        "updown: of how many seeds both modes were kept (green) or one was lost (red); lines: 95 % intervals of green",
        fontsize=10,
        loc="left",
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_bounds(0, len(trainings))


def _draw_rates(axes: Axes, trainings: Sequence[Training], label: str, colour: str) -> None:
    groups = [at_rate(trainings, rate) for rate in RATES]
    dots = [(float(rate), each.metric("hq")) for rate, group in zip(RATES, groups, strict=True) for each in group]
    axes.plot(*zip(*dots, strict=True), ".", color=colour, alpha=0.4, markersize=5)
    medians = [np.median([each.metric("hq") for each in group]) for group in groups]
    axes.plot([float(rate) for rate in RATES], medians, color=colour, label=label)
