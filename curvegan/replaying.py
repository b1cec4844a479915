"""The state of a training at any step: the nearest state before it, trained on from there, exactly.

The engine that made the job's checkpoints does it, in that version and on that kind of device, so the bits are those
that the job had. A `Replayer` remembers states on its way: who goes back and forth trains no step twice for long.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from curvegan.datasets import stored_curves
from curvegan.services import engines_installed

if TYPE_CHECKING:
    from curvegan_core.families.dataset import Dataset
    from curvegan_core.records.checkpoint import Checkpoint
    from curvegan_core.records.loss_curve import LossCurve
    from curvegan_core.training import PackTraining
    from curvegan_db.store import Store
    from curvegan_db.values import Job

# How far apart states are kept, and how many at most: some 150 kB each at the default size.
_APART, _MOST_KEPT = 250, 200
# A step that no job comes to.
_NEVER = 2**40


@dataclass(frozen=True)
class Replayed:
    """A training at a step.

    `checkpoint` is the state there, `losses` the records of the steps that were trained to get there (of a play: since
    what it gave before): those of the stored curve, bit for bit. None, where the state was at hand.
    """

    step: int
    checkpoint: "Checkpoint"
    losses: "LossCurve"

    @property
    def data(self) -> bytes:
        """The bytes of its checkpoint, as a job that stores one at this step has them."""
        return self.checkpoint.to_bytes()


def replay(store: "Store", job: "Job", step: int) -> Replayed:
    """Return the training of a job at a step. Raises what `Replayer` and its `at` do."""
    return Replayer(store, job).at(step)


class Replayer:
    """The training of one job, at any of the steps that it has done. For one thread."""

    def __init__(self, store: "Store", job: "Job") -> None:
        """Look which checkpoints there are. Raises JobNotFound, DatasetNotFound."""
        from curvegan_core.config.curve import Data

        self._store = store
        self.renew(job)
        self._kept: OrderedDict[int, Checkpoint] = OrderedDict()
        curve = job.config.curve
        self._datasets: dict[str, Dataset] = {}
        if isinstance(curve, Data):
            self._datasets[curve.hash] = stored_curves(store, curve.hash, curve.name)

    def renew(self, job: "Job") -> None:
        """Take the same job as it is now: it may have come further. What was kept on the way stays."""
        self._job = job
        self._stored = sorted(row.step for row in self._store.checkpoints(job.id) if row.step <= job.step)

    @property
    def last(self) -> int:
        """The last step that can be had: so far the job has come."""
        return self._job.step

    def nearest(self, step: int) -> int:
        """Return the step of the nearest state at a step or before it; 0 is that of fresh weights."""
        return max((known for known in (*self._stored, *self._kept) if known <= step), default=0)

    def at(self, step: int) -> Replayed:
        """Return the training at a step.

        Raises:
            InvalidInput: the job has not come so far, or its past went with the job that it was forked from.
            EngineUnavailable: the engine that made it is not here, or not in that version.
            CheckpointRefused: a stored state cannot be read.
            TrainingDiverged: no state is there, for the losses stopped being numbers before.
        """
        return next(self.play(step, step))

    def play(self, start: int = 0, stop: int | None = None, every: int = 1) -> Iterator[Replayed]:
        """Yield the training at `start`, and every so many steps after it up to `stop`, else as far as the job came.

        Raises what `at` does.
        """
        stop = self.last if stop is None else stop
        self._check(start, stop)
        state = self._before(start)
        if state is not None and state.step == start:
            yield Replayed(start, state, _none())
            start += every
        training = self._training(state) if start <= stop else None
        for step in range(start, stop + 1, every):
            assert training is not None
            losses = self._train(training, step)
            yield Replayed(step, self._keep(training), losses)

    def _check(self, *steps: int) -> None:
        from curvegan_core.errors import InvalidInput

        for step in steps:
            if not 0 <= step <= self.last:
                raise InvalidInput(f"job {self._job.id} has no step {step}; it has done {self.last}")

    def _before(self, step: int) -> "Checkpoint | None":
        """Return the nearest state at a step or before it; None for that of fresh weights."""
        from curvegan_core.records.checkpoint import Checkpoint

        nearest = [
            steps[place - 1] for steps in (self._stored, sorted(self._kept)) if (place := bisect_right(steps, step))
        ]
        if not nearest:
            return None
        nearest_step = max(nearest)
        if nearest_step not in self._kept:
            data = self._store.checkpoint(self._job.id, nearest_step).data
            self._remember(Checkpoint.from_bytes(data, self._job.config))
        return self._kept[nearest_step]

    def _training(self, state: "Checkpoint | None") -> "PackTraining":
        """Return the training from a state on, for which no snapshot, no checkpoint and no end is due."""
        from curvegan_core.training import PackTraining

        _keep_code()
        never = {"steps": _NEVER, "snapshot_every": _NEVER, "checkpoint_every": _NEVER, "stop": "none"}
        job = self._job
        training = PackTraining({0: (job.config.model_copy(update=never), state)}, self._device(state), self._datasets)
        training.advance()
        return training

    def _device(self, state: "Checkpoint | None") -> str:
        """Return where the job was trained; the fused engine trains on the CPU wherever its worker was."""
        made = state.engine if state else self._job.engine
        trained = self._job.device or "cpu"
        return "cpu" if made == "fused" else trained

    def _train(self, training: "PackTraining", step: int) -> "LossCurve":
        """Train up to a step, and return the records on the way. States on the way are kept."""
        from curvegan_core.records.loss_curve import LossCurve

        curves: list[LossCurve] = []
        reached = training.step(0)
        while reached < step:
            [progress] = training.advance(min(step - reached, _APART - reached % _APART))
            if progress.diverged:
                raise progress.diverged
            curves.append(progress.losses)
            reached = progress.step
            if reached % _APART == 0:
                self._keep(training)
        return LossCurve.concatenate(curves)

    def _keep(self, training: "PackTraining") -> "Checkpoint":
        state = training.checkpoint(0)
        self._remember(state)
        return state

    def _remember(self, state: "Checkpoint") -> None:
        """Keep a state, in place of the oldest one where there are many."""
        self._kept[state.step] = state
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


@cache
def _keep_code() -> None:
    """Take the fused engine's code from where workers keep it: to compile it takes some ten seconds."""
    if "fused" in engines_installed():
        from curvegan_worker.host.machine_code import keep

        keep()


def _none() -> "LossCurve":
    from curvegan_core.records.loss_curve import LossCurve

    return LossCurve.empty()
