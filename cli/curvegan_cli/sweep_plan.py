"""Which jobs a sweep has: every point of its axes as a job that is valid. Opens no store."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curvegan.submitting.axes import Axis, Point, check_axes, describe, drawn_points, grid_points, parse_axis, seed_axis
from curvegan_cli.commands.config import layer_of, layered, merged
from curvegan_cli.shown.output import console

if TYPE_CHECKING:
    from curvegan_db.values import JobRequest

# So many jobs take seconds, and a bar shows it.
MANY = 5_000
_MOST_NAME = 200
# An axis that stands for several keys lies below the axes of those keys, in whatever order they are typed.
_WIDE = ("lr", "curve", "curve.family")


@dataclass
class Plan:
    """The axes, and of each point that makes a valid job the point and the request; how many did not, and why first."""

    axes: Sequence[Axis]
    points: list[Point] = field(default_factory=list)
    requests: "list[JobRequest]" = field(default_factory=list)
    invalid: int = 0
    problem: str = ""

    @property
    def described(self) -> dict[str, Any]:
        """The axes as JSON."""
        return {axis.key: axis.described for axis in self.axes}

    @property
    def steps(self) -> dict[str, int]:
        """The steps of all jobs, by pack key."""
        steps: Counter[str] = Counter()
        for request in self.requests:
            steps[request.config.pack_key] += request.config.steps
        return steps


def planned(layers: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> Plan:
    """The sweep that the options of the command ask for, over the layers of the config below its axes.

    Raises InvalidInput: a bad axis, too many points, a point that makes no valid job (unless those are to be skipped).
    """
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.errors import InvalidConfig, InvalidInput
    from curvegan_db.columns import MOST_NAME
    from curvegan_db.values import check_text

    if given["name"] is not None:
        check_text("name", given["name"], MOST_NAME)
    base = merged(layers, TrainConfig().curve.family)
    plan, count, points = _spanned(base, given)
    for point in _watched(points, count):
        try:
            request = _request(base, plan.axes, point, given)
        except InvalidConfig as error:
            plan.problem = plan.problem or f"{describe(plan.axes, point)}: {error}"
            plan.invalid += 1
            if not given["skip_invalid"]:
                raise InvalidInput(f"{plan.problem}; --skip-invalid leaves such points out") from None
        else:
            plan.points.append(point)
            plan.requests.append(request)
    if not plan.requests:
        raise InvalidInput(f"none of the {count} points makes a valid job; the first is {plan.problem}")
    return plan


def _spanned(base: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Plan, int, Iterator[Point]]:
    """The axes that were typed, how many points they have, and those."""
    from curvegan_core.errors import InvalidInput

    chosen = [parse_axis(text) for text in given["grids"]]
    seeds = seed_axis(given["seeds"], _first_seed(base)) if given["seeds"] is not None else None
    everyone = [*chosen, seeds] if seeds else chosen
    check_axes(everyone, drawn=given["draws"] is not None)
    if not everyone or (given["draws"] and not chosen):
        raise InvalidInput("there is nothing to sweep; give an axis, as in --grid lr=1e-4,1e-3, or --seeds 16")
    if given["draws"] is None:
        return Plan(everyone), *grid_points(everyone)
    return Plan(everyone), *drawn_points(chosen, given["draws"], given["sweep_seed"], seeds)


def _first_seed(base: Mapping[str, Any]) -> int:
    """The seed below the axes, checked alone: without its axes the rest need not be a valid job."""
    return layered([{"seed": base["seed"]}] if "seed" in base else []).seed


def _request(base: Mapping[str, Any], chosen: Sequence[Axis], point: Point, given: Mapping[str, Any]) -> "JobRequest":
    """The job of a point. Raises InvalidConfig, and InvalidInput for what is wrong with every job."""
    from curvegan_db.values import JobRequest

    pairs = sorted(zip(chosen, point, strict=True), key=lambda pair: pair[0].key not in _WIDE)
    config = layered([base, *(layer_of(axis.key, value) for axis, value in pairs)])
    name = describe(chosen, point)
    name = name if len(name) <= _MOST_NAME else name[: _MOST_NAME - 1] + "…"
    return JobRequest(config, name=name, tags=given["tags"], priority=given["priority"])


def _watched(points: Iterable[Point], count: int) -> Iterable[Point]:
    if count < MANY or not sys.stderr.isatty():
        return points
    from rich.progress import track

    return track(points, "Checking the jobs", total=count, console=console(sys.stderr), transient=True)
