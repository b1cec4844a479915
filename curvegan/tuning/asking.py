"""The next trials of a study, as jobs that are valid. Stores nothing."""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from curvegan.tuning.ranking import promotions
from curvegan.tuning.samplers import Point, points
from curvegan.tuning.trials import Trial

if TYPE_CHECKING:
    from curvegan.tuning.plan import Plan
    from curvegan_db.values import JobRequest

# So many points in a row that are there already, or make no valid job, are the end of the search.
_MISSES = 300


class Asked(NamedTuple):
    """A point to try, and its jobs."""

    point: Point
    requests: "list[JobRequest]"


def asked(plan: "Plan", trials: Sequence[Trial], count: int = 1) -> list[Asked]:
    """Return the trials to add to those that are there, at most up to the plan's number; none where none is left.

    With batches they are the rest of the present batch, which depends on the trials of the batches before alone, in
    the order of their ids: whoever asks, and however often the asking was cut off, they are the same. Without them
    they are `count`, and depend on all that has ended by now.

    Raises InvalidInput where no point of the space makes a valid job.
    """
    there = len(trials)
    begun = there % plan.batch if plan.batch else 0
    told, size = trials[: there - begun], min(plan.batch or count, plan.trials - there + begun)
    batch = list(islice(_valid(plan, told, f"{plan.seed}/{len(told)}"), size))[begun:]
    known = [trial.point for trial in trials[len(told) :]]
    return [one for one in batch if one.point not in known]


def is_due(plan: "Plan", trials: Sequence[Trial]) -> bool:
    """Return whether the study has room for another trial, and the batches before the next one have ended."""
    begun = len(trials) % plan.batch if plan.batch else 0
    needed = trials[: len(trials) - begun] if plan.batch else ()
    before = all(trial.ended for trial in needed) and not (plan.batch and promotions(plan, needed))
    return len(trials) < plan.trials and before


def _valid(plan: "Plan", told: Sequence[Trial], seed: str) -> Iterator[Asked]:
    """Yield points that were not tried and make valid jobs."""
    sieve = _Sieve(plan, told)
    for point in points(plan, told, seed, sieve.accepts):
        if sieve.requests is None:
            break
        yield Asked(point, sieve.requests)
    if sieve.problem and not sieve.accepted and not told:
        sieve.refuse()


class _Sieve:
    """Lets through what is new and makes valid jobs, and, to end a search that finds no more, what comes at last."""

    def __init__(self, plan: "Plan", told: Sequence[Trial]) -> None:
        self.plan = plan
        self.seen = {_key(trial.point) for trial in told}
        self.room = math.prod(math.inf if d.ranges else len(d.values) for d in plan.dimensions)
        self.requests: list[JobRequest] | None = None
        self.problem, self.accepted, self._misses = "", 0, 0

    def accepts(self, point: Point) -> bool:
        """Return whether to try the point; also where it is time to give up, without `requests`."""
        self.requests = None if _key(point) in self.seen else self._made(point)
        self.seen.add(_key(point))
        if self.requests is None:
            self._misses += 1
            return self._misses >= _MISSES or len(self.seen) >= self.room
        self.accepted, self._misses = self.accepted + 1, 0
        return True

    def refuse(self) -> None:
        """Say why no point makes a job. Raises InvalidInput."""
        from curvegan_core.errors import InvalidInput

        raise InvalidInput(f"no point of the space makes a valid job: {self.problem}")

    def _made(self, point: Point) -> "list[JobRequest] | None":
        from curvegan_core.errors import InvalidInput

        try:
            return self.plan.requests(point)
        except InvalidInput as error:
            self.problem = str(error).rpartition("; the first is ")[2]
            return None


def _key(point: object) -> str:
    return repr(point)
