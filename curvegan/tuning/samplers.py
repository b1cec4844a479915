"""Which points are tried next: a function of the plan and of the trials told, and of nothing else.

Every question begins anew, with a study in memory that is made from the trials: no sampler's state is kept anywhere.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn
from warnings import catch_warnings, simplefilter

from curvegan.submitting.axes import Axis
from curvegan.tuning.ranking import places
from curvegan.tuning.trials import Trial

if TYPE_CHECKING:
    from curvegan.submitting.axes import Value
    from curvegan.tuning.plan import Plan
    from curvegan.tuning.space import Dimension

Point = dict[str, "Value"]
Accept = Callable[[Point], bool]
# Half as wide as TPE's own start would reach: the middle half of the space first.
_SIGMA = 0.25


def check_sampler(plan: "Plan") -> None:
    """Raise InvalidInput where the sampler cannot search this space, or is not installed."""
    ranges = [d.key for d in plan.dimensions if d.ranges]
    listed = [d.key for d in plan.dimensions if d.values]
    if plan.sampler == "grid" and ranges:
        _refuse(f"a grid takes values, and {ranges[0]:.60} has a range: write it as {ranges[0]:.60}=log:1e-5:1e-2:7")
    if plan.sampler == "cmaes" and (listed or len(ranges) < 2 or any(len(d.ranges) > 1 for d in plan.dimensions)):
        _refuse("cmaes searches two ranges or more and no lists of values; --sampler tpe searches any space")
    if plan.sampler == "cmaes" and len(plan.metrics) > 1:
        _refuse(f"cmaes goes by one metric, got {', '.join(plan.metrics)}; --sampler tpe takes several")
    needed = {"tpe": "optuna", "cmaes": "cmaes"}.get(plan.sampler)
    if needed:
        _imported(needed, plan.sampler)


def points(plan: "Plan", told: Sequence[Trial], seed: str, accept: Accept) -> Iterator[Point]:
    """Yield points to try, those that `accept` does; a grid has an end."""
    match plan.sampler:
        case "grid":
            keys, values = list(plan.space), [d.values for d in plan.dimensions]
            return filter(accept, (dict(zip(keys, point, strict=True)) for point in product(*values)))
        case "random":
            return filter(accept, _drawn(plan, seed))
        case "cmaes":
            return filter(accept, _evolved(plan, told, seed))
    return _estimated(plan, told, seed, accept)


def _drawn(plan: "Plan", seed: str) -> Iterator[Point]:
    generator = random.Random(seed)
    while True:
        yield {dimension.key: dimension.draw(generator) for dimension in plan.dimensions}


def _estimated(plan: "Plan", told: Sequence[Trial], seed: str, accept: Accept) -> Iterator[Point]:
    """Yield points by the tree-structured Parzen estimator; what it asked for and was refused is told as the worst."""
    optuna = _imported("optuna", "tpe")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=_number(seed), constant_liar=True)
    study = optuna.create_study(sampler=sampler, directions=["minimize"] * len(plan.metrics))
    study.add_trials([_optuna_trial(optuna, plan, *pair) for pair in zip(told, _told(plan, told), strict=True)])
    worst = [math.inf if len(plan.metrics) == 1 else float(len(told))] * len(plan.metrics)
    while True:
        trial = study.ask()
        point = {dimension.key: _suggested(trial, dimension) for dimension in plan.dimensions}
        if accept(point):
            yield point
        else:
            study.tell(trial, worst)


def _suggested(trial: Any, dimension: "Dimension") -> "Value":
    """Return a value that a sampler suggests: which option first, and of a range how far up it lies."""
    options, number = dimension.options, 0
    if len(options) > 1:
        number = trial.suggest_categorical(dimension.key, list(range(len(options))))
    option = options[number]
    return option.at(trial.suggest_float(f"{dimension.key} {number}", 0.0, 1.0)) if isinstance(option, Axis) else option


def _optuna_trial(optuna: Any, plan: "Plan", trial: Trial, values: Sequence[float] | None) -> Any:
    """Return a trial as Optuna would have it, had it made the same suggestions."""
    params, distributions = dict[str, Any](), dict[str, Any]()
    for dimension in plan.dimensions:
        options, value = dimension.options, trial.point[dimension.key]
        number = dimension.option(value) or 0
        if len(options) > 1:
            params[dimension.key] = number
            distributions[dimension.key] = optuna.distributions.CategoricalDistribution(list(range(len(options))))
        if isinstance(option := options[number], Axis):
            params[f"{dimension.key} {number}"] = option.share(float(value))
            distributions[f"{dimension.key} {number}"] = optuna.distributions.FloatDistribution(0.0, 1.0)
    state = optuna.trial.TrialState.COMPLETE if values else optuna.trial.TrialState.RUNNING
    return optuna.trial.create_trial(state=state, params=params, distributions=distributions, values=values)


def _evolved(plan: "Plan", told: Sequence[Trial], seed: str) -> Iterator[Point]:
    """Yield points by CMA-ES, a generation of which is a batch, or what suits the number of ranges if that is more."""
    import numpy as np

    axes = [dimension.ranges[0] for dimension in plan.dimensions]
    size = max(4 + int(3 * math.log(len(axes))), plan.batch or 0)
    optimiser = _imported("cmaes", "cmaes").CMA(
        np.full(len(axes), 0.5), _SIGMA, np.array([[0.0, 1.0]] * len(axes)), seed=_number(seed), population_size=size
    )
    known = [
        (
            np.array([axis.share(float(value)) for axis, value in zip(axes, trial.point.values(), strict=True)]),
            values[0],
        )
        for trial, values in zip(told, _told(plan, told), strict=True)
        if values
    ]
    for start in range(0, len(known) - size + 1, size):
        optimiser.tell(known[start : start + size])
    while True:
        asked = optimiser.ask()
        yield {key: axis.at(float(share)) for key, axis, share in zip(plan.space, axes, asked, strict=True)}


def _told(plan: "Plan", trials: Sequence[Trial]) -> list[tuple[float, ...] | None]:
    """Return what a sampler is told of each trial, the smaller the better; None of one of which nothing is known.

    A failed trial is worse than any other, so that a sampler keeps away from there. Values by several metrics, or after
    other numbers of steps, are told by their places: those have one scale, and an end.
    """
    if plan.halving or len(plan.metrics) > 1:
        return places(plan, trials)
    [sign] = plan.signs
    return [(math.inf if t.value is None else sign * t.value,) if t.ended else None for t in trials]


def _number(seed: str) -> int:
    return random.Random(seed).getrandbits(32)


def _imported(module: str, sampler: str) -> Any:
    try:
        with catch_warnings():
            simplefilter("ignore")  # what Optuna's bars would need in a notebook: ours are shown
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        _refuse(
            f"the sampler {sampler} needs {module}, which is not installed: `pip install 'curvegan[tune]'` brings it, "
            "and --sampler random and grid need nothing"
        )


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text) from None
