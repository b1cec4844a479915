"""What a study searches for, and how: all that is kept of it beside its jobs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from curvegan.submitting.axes import MOST_POINTS, Axis, Value, seed_axis
from curvegan.submitting.layers import merged
from curvegan.submitting.plan import planned
from curvegan.tuning.space import Dimension, check_space, parse_dimension

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.values import JobRequest

TRIALS = 60
MOST_RUNGS = 6
# How much longer each rung is than the one before, and the share of trials that goes on to it.
THIRD = 3
# How an error begins that is of a key and its value, not of what keys must agree on.
_OF_A_KEY = re.compile(r"unknown key|curve: no family|[a-z_0-9.]+: ")
SAMPLERS = ("tpe", "cmaes", "random", "grid")
# What each field is called where two plans differ; the number of trials may.
_SAID = {"by": "--by", "seeds": "--seeds", "batch": "--batch", "sampler": "--sampler", "seed": "--sampler-seed"}
_SAID |= {"halving": "--halving", "tags": "--tag", "priority": "--priority"}


@dataclass(frozen=True)
class Plan:
    """A study to be, as plain values: what it may choose from as it is typed, and the config below that.

    Where it goes by several metrics `by` and `largest` are of each; `halving` is the number of rungs.
    """

    space: Mapping[str, str]
    by: str | tuple[str, ...]
    largest: bool | tuple[bool, ...]
    seeds: str
    trials: int
    batch: int | None
    sampler: str
    seed: int
    base: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    priority: int = 0
    halving: int | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Plan":
        """Return the plan that is stored of a study."""
        values: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in stored.items()}
        return cls(**values)

    @property
    def stored(self) -> dict[str, Any]:
        """The plan as JSON. What older versions did not know is left out where it is not used."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return values if self.halving else {name: value for name, value in values.items() if name != "halving"}

    @property
    def metrics(self) -> tuple[str, ...]:
        """By what trials are judged."""
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def signs(self) -> tuple[float, ...]:
        """For each metric 1 where it is made small, -1 where large."""
        ends = (self.largest,) if isinstance(self.largest, bool) else self.largest
        return tuple(-1.0 if largest else 1.0 for largest in ends)

    @cached_property
    def rungs(self) -> tuple[int, ...]:
        """How many steps a trial has, at first and after each time that it was among the best third."""
        from curvegan_core.config.train import TrainConfig

        steps = int(self.base.get("steps", TrainConfig.DEFAULTS["steps"]))
        return tuple(steps // THIRD**left for left in reversed(range(self.halving or 1)))

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What may be chosen from, key by key."""
        return tuple(parse_dimension(f"{key}={text}") for key, text in self.space.items())

    @cached_property
    def own_seeds(self) -> tuple[Value, ...]:
        """The seeds of each trial."""
        from curvegan.submitting.layers import layered

        first = layered([{"seed": self.base["seed"]}] if "seed" in self.base else []).seed
        return seed_axis(self.seeds, first).values

    @property
    def axes(self) -> dict[str, Any]:
        """The axes of its sweep, as JSON."""
        return {dimension.key: dimension.described for dimension in self.dimensions} | {"seed": list(self.own_seeds)}

    def requests(self, point: Mapping[str, Value]) -> "list[JobRequest]":
        """Return the jobs of a trial, one for each seed. Raises InvalidInput for a point that makes no valid job."""
        axes = [Axis(key, (value,)) for key, value in point.items()]
        made = planned([self.base], axes, self.seeds, tags=self.tags, priority=self.priority, skip_invalid=True)
        return (
            [replace(one, config=self._begun(one.config)) for one in made.requests] if self.halving else made.requests
        )

    def _begun(self, config: "TrainConfig") -> "TrainConfig":
        """Return a config with the steps of the first rung, which `extend` trains on with the very same numbers."""
        steps, values = self.rungs[0], config.model_dump(mode="json")
        within = {name: min(values[name], steps) for name, declared in config.KEYS.items() if declared.most_rows}
        begun = type(config).parse(values | within | {"steps": steps})
        if (begun.hash, begun.pack_key) != (config.hash, config.pack_key):
            _refuse("with this config other steps mean other numbers from the start; leave out --halving")
        return begun

    def check(self) -> None:
        """Raise InvalidInput for what no study can be. That a point makes valid jobs is seen when one is asked for."""
        from curvegan.comparing.keys import larger_is_better, metric_field

        check_space(self.dimensions)
        self._check_values()
        for name in self.metrics:
            if larger_is_better(metric_field(name)) is None:
                _refuse(f"neither end of {name} is the better one; search by another metric, as rmse")
            if self.metrics.count(name) > 1:
                _refuse(f"--by {name} is there twice")
        if self.sampler not in SAMPLERS:
            _refuse(f"no sampler is called {self.sampler!r:.40}; there are {', '.join(SAMPLERS)}")
        if self.trials < 1 or (self.batch is not None and self.batch < 1):
            _refuse("a study has 1 trial or more, and so has a batch")
        if self.trials * len(self.own_seeds) > MOST_POINTS:
            _refuse(f"a study has at most {MOST_POINTS} jobs, this one {self.trials * len(self.own_seeds)}")
        if self.halving is not None:
            self._check_halving(self.halving)

    def _check_halving(self, rungs: int) -> None:
        """Raise InvalidInput for rungs that no study can have."""
        if not 2 <= rungs <= MOST_RUNGS or not self.rungs[0]:
            most = sum(self.rungs[-1] >= THIRD**rung for rung in range(MOST_RUNGS))
            _refuse(f"--halving has 2 to {most} rungs for {self.rungs[-1]} steps, got {rungs}")
        if "steps" in self.space:
            _refuse("--halving says how many steps a trial has: leave steps out of the space")
        if "stop" in self.space or self.base.get("stop", "none") != "none":
            _refuse("--halving ends what is not worth its steps; leave out stop, which training on would drop")
        if self.batch and self.trials % self.batch:
            low = self.trials // self.batch * self.batch
            _refuse(
                f"with --halving every batch is whole, for its best third trains on: --trials {low or self.batch} or "
                f"{low + self.batch if low else 2 * self.batch}, not {self.trials}"
            )

    def _check_values(self) -> None:
        """Raise InvalidInput for a value that no config can have; what goes together is seen at each point."""
        from curvegan.submitting.layers import layered
        from curvegan_core.errors import InvalidConfig

        tried = [{key: value} for key, value in ((d.key, value) for d in self.dimensions for value in d.all_ends)]
        for layer in [{}, *tried]:
            try:
                layered([self.base, layer])
            except InvalidConfig as error:
                if _OF_A_KEY.match(str(error)):
                    _refuse(str(error))

    def differences(self, other: "Plan") -> list[str]:
        """Return in what another plan is another study, in words; empty where its jobs would be the same."""
        keys = dict.fromkeys([*self.space, *other.space])
        differences = [
            f"--space {key}={self.space[key]}" if key in self.space else f"no --space {key}"
            for key in keys
            if self.space.get(key) != other.space.get(key)
        ]
        mine, others = asdict(self), asdict(other)
        differences += [f"{said} {_word(mine[name])}" for name, said in _SAID.items() if mine[name] != others[name]]
        if list(self.space) != list(other.space) and not differences:
            differences.append(f"its keys in the order {', '.join(self.space)}")
        return differences + [
            f"{key}={_word(self.base.get(key, 'its default'))}"
            for key in dict.fromkeys([*self.base, *other.base])
            if self.base.get(key) != other.base.get(key)
        ]


def new_plan(
    dimensions: Sequence[Dimension], layers: Iterable[Mapping[str, Any]], by: Sequence[str], **how: Any
) -> Plan:
    """Return the plan of a search over the layers of a config; `how` are its other fields. Raises InvalidInput.

    Without a metric in `by` it is the usual one.
    """
    from curvegan.comparing.keys import larger_is_better, metric_field
    from curvegan_core.config.train import TrainConfig

    check_space(dimensions)
    base = merged(layers, TrainConfig().curve.family)
    metrics = tuple(by) or (_usual(base),)
    largest = tuple(bool(larger_is_better(metric_field(name))) for name in metrics)
    judged: dict[str, Any] = {"by": metrics, "largest": largest}
    if len(metrics) == 1:
        judged = {"by": metrics[0], "largest": largest[0]}
    return Plan({dimension.key: dimension.text for dimension in dimensions}, base=base, **judged, **how)


def _usual(base: Mapping[str, Any]) -> str:
    """Return the metric where nobody says: that of `best`, which is not pleased by own curves that collapse."""
    if not base.get("holdout"):
        return "rmse"
    return "ema_energy" if base.get("ema") else "energy"


def _word(value: Any) -> str:
    return "none" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text)
