"""Which jobs a sweep has: every point of its axes as a job that is valid. Stores nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from curvegan.submitting.axes import Axis, Point, check_axes, describe, drawn_points, grid_points, seed_axis
from curvegan.submitting.layers import layer_of, layered, merged

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.store import Store
    from curvegan_db.values import JobRequest
    from curvegan_db.verbs.paces import Kind

_MOST_NAME = 200
# An axis that stands for several keys lies below the axes of those keys, in whatever order they are typed.
_WIDE = ("lr", "curve", "curve.family", "data")

Progress = Callable[[Iterable[Point], int], Iterable[Point]]


@dataclass(frozen=True)
class Draw:
    """So many points drawn at random by a seed, in place of all points of a grid."""

    count: int
    seed: int = 0


@dataclass
class Plan:
    """A sweep to be: axes, name, each point that makes a valid job, its request; how many do not, and why the first."""

    axes: Sequence[Axis]
    name: str | None = None
    points: list[Point] = field(default_factory=list)
    requests: "list[JobRequest]" = field(default_factory=list)
    invalid: int = 0
    problem: str = ""

    @property
    def described(self) -> dict[str, Any]:
        """The axes as JSON."""
        return {axis.key: axis.described for axis in self.axes}

    @property
    def steps(self) -> "dict[Kind, int]":
        """The steps of all jobs, by kind."""
        from curvegan_db.verbs.paces import Kind

        steps: Counter[Kind] = Counter()
        for request in self.requests:
            steps[Kind.of(request.config)] += request.config.steps
        return steps

    def leave_out(self, point: Point, error: Exception, allowed: bool) -> None:
        """Count a point that makes no valid job. Raises InvalidInput unless that is allowed."""
        from curvegan_core.errors import InvalidInput

        self.problem = self.problem or f"{describe(self.axes, point)}: {error}"
        self.invalid += 1
        if not allowed:
            raise InvalidInput(f"{self.problem}; --skip-invalid leaves such points out") from None

    def leave_out_done(self, store: "Store") -> int:
        """Drop the jobs that have succeeded before, with as many steps. Return how many these are."""
        needed = {id(request) for request in store.needed(self.requests)}
        kept = [pair for pair in zip(self.points, self.requests, strict=True) if id(pair[1]) in needed]
        skipped = len(self.requests) - len(kept)
        self.points, self.requests = [point for point, _ in kept], [request for _, request in kept]
        return skipped


def planned(
    layers: Sequence[Mapping[str, Any]],
    axes: Sequence[Axis],
    seeds: str | None = None,
    draw: Draw | None = None,
    *,
    name: str | None = None,
    tags: tuple[str, ...] = (),
    priority: int = 0,
    skip_invalid: bool = False,
    progress: Progress = lambda points, _: points,
    datasets: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Plan:
    """Return the sweep of the axes over the layers of a config; `progress` is handed the points and their number.

    Args:
        datasets: the layers of the data sets that an axis `data` has, by name.
        seeds: seeds for every point, as `seed_axis` reads them; the first is that of the layers.

    Raises InvalidInput: a bad name, too many points, a point that makes no valid job (unless those are to be skipped).
    """
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.errors import InvalidConfig, InvalidInput
    from curvegan_db.columns import MOST_NAME
    from curvegan_db.values import JobRequest, check_text

    if name is not None:
        check_text("name", name, MOST_NAME)
    # One checkpoint where one serves: any other is replayed. Who wants more says so.
    base = {"keep_checkpoints": "final"} | merged(layers, TrainConfig().curve.family)
    plan, count, points = _spanned(base, axes, seeds, draw)
    plan.name = name
    for point in progress(points, count):
        try:
            config = _config(base, plan.axes, point, datasets)
        except InvalidConfig as error:
            plan.leave_out(point, error, skip_invalid)
        else:
            plan.points.append(point)
            plan.requests.append(JobRequest(config, _name(plan.axes, point), tags, priority))
    if not plan.requests:
        raise InvalidInput(f"none of the {count} points makes a valid job; the first is {plan.problem}")
    return plan


def _spanned(
    base: Mapping[str, Any], axes: Sequence[Axis], seeds: str | None, draw: Draw | None
) -> tuple[Plan, int, Iterator[Point]]:
    """Return the plan with all its axes, how many points they have, and those."""
    from curvegan_core.errors import InvalidInput

    # Checked alone: without its axes the rest need not be a valid job.
    first = layered([{"seed": base["seed"]}] if "seed" in base else []).seed if seeds is not None else 0
    repeated = seed_axis(seeds, first) if seeds is not None else None
    all_axes = [*axes, repeated] if repeated else [*axes]
    check_axes(all_axes, drawn=draw is not None)
    if not all_axes or (draw and not axes):
        layered([base])  # What is wrong in it is told first.
        raise InvalidInput("there is nothing to sweep; give an axis, as in --grid lr=1e-4,1e-3, or --seeds 16")
    if draw is None:
        return Plan(all_axes), *grid_points(all_axes)
    return Plan(all_axes), *drawn_points(axes, draw.count, draw.seed, repeated)


def _config(
    base: Mapping[str, Any], axes: Sequence[Axis], point: Point, datasets: Mapping[str, Mapping[str, Any]]
) -> "TrainConfig":
    """Return the config of a point. Raises InvalidConfig."""
    pairs = sorted(zip(axes, point, strict=True), key=lambda pair: pair[0].key not in _WIDE)
    layers = (
        datasets[str(value)] if axis.key == "data" and str(value) in datasets else layer_of(axis.key, value)
        for axis, value in pairs
    )
    return layered([base, *layers])


def _name(axes: Sequence[Axis], point: Point) -> str:
    name = describe(axes, point)
    return name if len(name) <= _MOST_NAME else name[: _MOST_NAME - 1] + "…"
