"""A job's data, to be drawn."""

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import target
from curvegan_core.metrics.evaluation import Evaluation, Metrics
from curvegan_core.networks import init_weights
from curvegan_core.plotting.axes import Axes, Marks
from curvegan_core.plotting.job_plots import titled
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.records.loss_curve import LossCurve, Snapshot

CONFIG = TrainConfig()
METRICS = Metrics(0.0873, 0.06, 0.69, 1.38, 0.5, 0.5)


def a_loss_curve(count: int = 1001) -> LossCurve:
    random = np.random.default_rng(0)
    columns = (np.abs(random.normal(size=count)).astype(np.float32) + 0.1 for _ in range(5))
    return LossCurve(10 * np.arange(count), *columns)


def a_snapshot(step: int) -> Snapshot:
    noise = np.random.default_rng(step).normal(size=(32, CONFIG.points))
    return Snapshot(step, (target(CONFIG) + noise / (1 + step / 1000)).astype(np.float32))


def the_data(metrics: Metrics | None = METRICS) -> PlotData:
    return PlotData(
        titled(17, "a name"),
        CONFIG,
        a_loss_curve(),
        [a_snapshot(step) for step in (*range(0, 10001, 1000), 10001)],
        metrics,
    )


def named(axes: Axes, name: str) -> Marks:
    (marks,) = [marks for marks in axes.marks if marks.name == name]
    return marks


def of(curve: object, **values: object) -> PlotData:
    config = TrainConfig.parse({"curve": curve, "steps": 1000, **values})
    shown = [Evaluation(config).snapshot(step, init_weights(config)) for step in (0, 1000)]
    return PlotData("job 17", config, a_loss_curve(101), shown, verdict="collapsed 1/2")
