"""Which points are tried next: a function of the plan and of the trials told, and of nothing else.

Every question begins anew, with a study in memory that is made from the trials: no sampler's state is kept anywhere.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn

from curvegan.submitting.axes import Axis
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
    study = optuna.create_study(sampler=sampler, direction="maximize" if plan.largest else "minimize")
    study.add_trials([_optuna_trial(optuna, plan, trial) for trial in told])
    while True:
        trial = study.ask()
        point = {dimension.key: _suggested(trial, dimension) for dimension in plan.dimensions}
        if accept(point):
            yield point
        else:
            study.tell(trial, _worst(plan))


def _suggested(trial: Any, dimension: "Dimension") -> "Value":
    """Return a value that a sampler suggests: which option first, and of a range how far up it lies."""
    options, place = dimension.options, 0
    if len(options) > 1:
        place = trial.suggest_categorical(dimension.key, list(range(len(options))))
    option = options[place]
    return option.at(trial.suggest_float(f"{dimension.key} {place}", 0.0, 1.0)) if isinstance(option, Axis) else option


def _optuna_trial(optuna: Any, plan: "Plan", trial: Trial) -> Any:
    """Return a trial as Optuna would have it, had it made the same suggestions."""
    params, distributions = dict[str, Any](), dict[str, Any]()
    for dimension in plan.dimensions:
        options, value = dimension.options, trial.point[dimension.key]
        place = dimension.option(value) or 0
        if len(options) > 1:
            params[dimension.key] = place
            distributions[dimension.key] = optuna.distributions.CategoricalDistribution(list(range(len(options))))
        if isinstance(option := options[place], Axis):
            params[f"{dimension.key} {place}"] = option.share(float(value))
            distributions[f"{dimension.key} {place}"] = optuna.distributions.FloatDistribution(0.0, 1.0)
    state = optuna.trial.TrialState.COMPLETE if trial.ended else optuna.trial.TrialState.RUNNING
    value_told = _told(plan, trial) if trial.ended else None
    return optuna.trial.create_trial(state=state, params=params, distributions=distributions, value=value_told)


def _evolved(plan: "Plan", told: Sequence[Trial], seed: str) -> Iterator[Point]:
    """Yield points by CMA-ES, a generation of which is a batch, or what suits the number of ranges if that is more."""
    import numpy as np

    axes = [dimension.ranges[0] for dimension in plan.dimensions]
    size = max(4 + int(3 * math.log(len(axes))), plan.batch or 0)
    optimiser = _imported("cmaes", "cmaes").CMA(
        np.full(len(axes), 0.5), _SIGMA, np.array([[0.0, 1.0]] * len(axes)), seed=_number(seed), population_size=size
    )
    sign, ended = -1.0 if plan.largest else 1.0, [trial for trial in told if trial.ended]
    for start in range(0, len(ended) - size + 1, size):
        generation = ended[start : start + size]
        shares = [
            np.array([a.share(float(v)) for a, v in zip(axes, t.point.values(), strict=True)]) for t in generation
        ]
        optimiser.tell([(x, sign * _told(plan, trial)) for x, trial in zip(shares, generation, strict=True)])
    while True:
        asked = optimiser.ask()
        yield {key: axis.at(float(share)) for key, axis, share in zip(plan.space, axes, asked, strict=True)}


def _told(plan: "Plan", trial: Trial) -> float:
    """Return a value, that of a failed trial as worse than any other: a sampler shall keep away from there."""
    return _worst(plan) if trial.value is None else trial.value


def _worst(plan: "Plan") -> float:
    return -math.inf if plan.largest else math.inf


def _number(seed: str) -> int:
    return random.Random(seed).getrandbits(32)


def _imported(module: str, sampler: str) -> Any:
    try:
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
