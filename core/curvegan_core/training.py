"""Training of a pack of jobs, a few steps at a time, so that the caller can record, beat and stop.

A step is one generator update. The state at step s has done s updates; a record at step s holds what update s saw.
Records lie at multiples of `record_every` below `steps`; snapshots at 0, multiples of `snapshot_every` and the end;
checkpoints at multiples of `checkpoint_every` and the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from curvegan_core.config.curve import Data
from curvegan_core.config.keys import numbers
from curvegan_core.config.train import TrainConfig
from curvegan_core.config.work import multiply_adds
from curvegan_core.engines import Engine, State, Trace
from curvegan_core.engines.choice import choose
from curvegan_core.errors import CheckpointRefused, TrainingDiverged
from curvegan_core.families import curves
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.family import Family
from curvegan_core.families.front import Front
from curvegan_core.metrics.evaluation import Evaluation, Metrics
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_core.stopping import Past, Stopped, Watch

# Multiply-adds of an advance. A slow core does 1e9 a second, so that somebody can look in every ten.
_MOST_WORK = {"cpu": 10**10, "cuda": 10**12}


@dataclass(frozen=True)
class Progress:
    """What happened to a job since the last advance. `step` counts the steps done.

    `snapshot` and `checkpoint` are there when `step` is on their grid or the end, `metrics` at the end alone. A job
    that is `finished` or `diverged` has left the pack; a diverged one has no new snapshot and no new checkpoint. One
    that is finished before its steps are done says why it `stopped`.
    """

    job: int
    step: int
    losses: LossCurve
    snapshot: Snapshot | None = None
    checkpoint: Checkpoint | None = None
    metrics: Metrics | None = None
    finished: bool = False
    stopped: Stopped | None = None
    diverged: TrainingDiverged | None = None


@dataclass
class _Job:
    config: TrainConfig
    step: int
    record: LossCurve
    family: Family
    keys: Mapping[str, Any] | None
    watch: Watch | None = None

    @cached_property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.config, self.family)

    def is_stop(self) -> bool:
        """Return whether a snapshot, a checkpoint or the end is due at this step."""
        return self.on_grid(self.config.snapshot_every) or self.on_grid(self.config.checkpoint_every)

    def on_grid(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def steps_to_stop(self) -> int:
        """Count the steps to the next snapshot, checkpoint or end."""
        grids = (self.config.snapshot_every, self.config.checkpoint_every)
        return min(self.config.steps - self.step, *(every - self.step % every for every in grids))

    def offsets(self, count: int) -> range:
        """Return which of the next `count` steps are recorded."""
        return range(-self.step % self.config.record_every, count, self.config.record_every)


class PackTraining:
    """Jobs of equal `pack_key` and one engine in training together.

    Bit for bit, no job notices another, nor a stop and resume.
    """

    def __init__(
        self,
        jobs: Mapping[int, tuple[TrainConfig, Checkpoint | None]],
        device: str,
        datasets: Mapping[str, Dataset] | None = None,
        pasts: Mapping[int, Past] | None = None,
    ) -> None:
        """Take jobs by id, each from its checkpoint or, with None, from step 0.

        Args:
            jobs: at least one; all have one shape and one loss, as equal `TrainConfig.pack_key` promises, and
                `engines.choice.choose` chooses one engine for them.
            device: "cpu", "cuda" or "cuda:N".
            datasets: by its hash, every data set that a job's curve names.
            pasts: what is stored of jobs with a `stop` that are resumed; without it snapshots count from there on.

        Raises:
            InvalidConfig: a job's data set is not among them, or has other points than the job.
            CheckpointRefused: a checkpoint belongs to another config, or lies behind the job's last step.
            DeviceUnavailable: this machine has no such device.
            EngineUnavailable: it does not have the engine, or not the version that made a checkpoint.
        """
        families = {job_id: _family(*start, datasets or {}) for job_id, start in jobs.items()}
        self._jobs = {job_id: _resume(*start, families[job_id]) for job_id, start in jobs.items()}
        for job_id, job in self._jobs.items():
            if job.config.stop != "none":
                job.watch = Watch(job.config, job.step, (pasts or {}).get(job_id))
        states = [_state(config, checkpoint) for config, checkpoint in jobs.values()]
        configs = [config for config, _ in jobs.values()]
        engines = {choose(config, device, checkpoint) for config, checkpoint in jobs.values()}
        if len(engines) > 1:
            raise ValueError("jobs of several engines are no pack")
        self._engine: Engine = engines.pop()(configs, states, device, list(families.values()))
        self._most_work = _MOST_WORK[device.partition(":")[0]]
        self._started = False

    @property
    def jobs(self) -> tuple[int, ...]:
        """Ids of the jobs still training."""
        return tuple(self._jobs)

    @property
    def engine(self) -> str:
        """Name of the engine, as a checkpoint bears it."""
        return self._engine.name

    @property
    def engine_version(self) -> str:
        """Version of the engine, as a checkpoint bears it."""
        return self._engine.version

    def advance(self, most_steps: int | None = None) -> list[Progress]:
        """Train every job by the same number of steps: at most `most_steps`, and not past any job's next stop.

        Without a number it is what suits the engine, but takes no more than some seconds. A stop is a snapshot, a
        checkpoint or the end. The first call trains nothing: it gives a fresh job's snapshot at step 0, tells where
        the others resume (giving once more what is due at that step), and finishes those that were resumed at their
        end.
        """
        if not self._started:
            self._started = True
            return self._settle([self._arrive(job_id, LossCurve.empty()) for job_id in self._jobs])
        if not self._jobs:
            return []
        count = min(most_steps or self._pace(), *(job.steps_to_stop() for job in self._jobs.values()))
        offsets = sorted({offset for job in self._jobs.values() for offset in job.offsets(count)})
        trace = self._engine.run([job.step for job in self._jobs.values()], count, offsets)
        return self._settle([self._follow(job_id, index, count, trace) for index, job_id in enumerate(self._jobs)])

    def step(self, job_id: int) -> int:
        """Return how many steps a job has done. Raises KeyError if it is not in the pack."""
        return self._jobs[job_id].step

    def remove(self, job_id: int) -> None:
        """Let a job leave the pack. Raises KeyError if it is not in it."""
        if job_id not in self._jobs:
            raise KeyError(job_id)
        self._leave({job_id})

    def checkpoint(self, job_id: int) -> Checkpoint:
        """Return a job's whole state now. Raises KeyError if it is not in the pack."""
        job, state = self._jobs[job_id], self._engine.state(self.jobs.index(job_id))
        return Checkpoint(
            job.config.hash,
            job.step,
            self.engine,
            self.engine_version,
            state.weights,
            record=job.record,
            ema=state.ema,
            front=job.family.tensors,
            keys=job.keys,
            **state.kept,
        )

    @property
    def slowest_advance_s(self) -> float:
        """Seconds that an advance takes on a slow machine: of a large training a single step may take minutes."""
        return 10.0 * self._pace() * self._work() / self._most_work

    def _pace(self) -> int:
        return max(1, min(self._engine.steps_a_call, self._most_work // self._work()))

    def _work(self) -> int:
        return sum(multiply_adds(job.config) for job in self._jobs.values())

    def _follow(self, job_id: int, index: int, count: int, trace: Trace) -> Progress:
        """Bring a job to where the engine left it, or to the step at which its losses stopped being numbers."""
        job = self._jobs[job_id]
        losses, broken = _read(trace, index, job)
        if broken is not None:
            return Progress(job_id, broken, losses, diverged=TrainingDiverged(broken))
        job.step += count
        job.record = losses.rows(len(losses) - 1, len(losses)) if len(losses) else job.record
        if job.watch:
            job.watch.add(losses)
        return self._arrive(job_id, losses)

    def _arrive(self, job_id: int, losses: LossCurve) -> Progress:
        """Report a job at its step, with the state that is due there."""
        job = self._jobs[job_id]
        if not job.is_stop():
            return Progress(job_id, job.step, losses)
        state = self.checkpoint(job_id)
        if not state.finite:
            return Progress(job_id, job.step, losses, diverged=TrainingDiverged(job.step))
        snapshot = None
        if job.on_grid(job.config.snapshot_every):
            snapshot = job.evaluation.snapshot(job.step, state.weights, state.ema)
        at_end = job.step == job.config.steps
        stopped = job.watch.stops(snapshot) if job.watch and snapshot and not at_end else None
        finished = at_end or stopped is not None
        metrics = job.evaluation.final(state.weights, job.record, state.ema) if finished else None
        if metrics is not None and not metrics.finite:
            return Progress(job_id, job.step, losses, diverged=TrainingDiverged(job.step))
        is_due = finished or (job.step > 0 and job.on_grid(job.config.checkpoint_every))
        return Progress(job_id, job.step, losses, snapshot, state if is_due else None, metrics, finished, stopped)

    def _settle(self, progress: list[Progress]) -> list[Progress]:
        self._leave({report.job for report in progress if report.finished or report.diverged})
        return progress

    def _leave(self, leaving: set[int]) -> None:
        if not leaving:
            return
        staying = [index for index, job_id in enumerate(self._jobs) if job_id not in leaving]
        self._jobs = {job_id: job for job_id, job in self._jobs.items() if job_id not in leaving}
        if staying:
            self._engine.keep(staying)


def _family(config: TrainConfig, checkpoint: Checkpoint | None, datasets: Mapping[str, Dataset]) -> Family:
    if not isinstance(config.curve, Data):
        return curves.family(config)
    front = Front.from_tensors(checkpoint.front) if checkpoint and checkpoint.front else None
    return curves.family(config, datasets.get(config.curve.hash), front)


def _resume(config: TrainConfig, checkpoint: Checkpoint | None, family: Family) -> _Job:
    if checkpoint is None and config.fork_of:
        raise CheckpointRefused("a fork starts from its own checkpoint, and none is there that can be read")
    if checkpoint is None:
        return _Job(config, 0, LossCurve.empty(), family, numbers(config))
    checkpoint.check(config)
    if checkpoint.step > config.steps:
        raise CheckpointRefused(f"checkpoint refused: it is of step {checkpoint.step}, the job ends at {config.steps}")
    # One that lacks its keys goes on without: it ends with the bytes that an undisturbed run of its time had.
    return _Job(config, checkpoint.step, checkpoint.record, family, checkpoint.keys)


def _state(config: TrainConfig, checkpoint: Checkpoint | None) -> State:
    if checkpoint is None:
        return State.initial(config)
    return State(checkpoint.weights, ema=checkpoint.ema, **checkpoint.kept)


def _read(trace: Trace, index: int, job: _Job) -> tuple[LossCurve, int | None]:
    """Return a job's records, and the first step at which something it saw was not finite."""
    recorded = set(job.offsets(len(trace.g_loss)))
    rows = [row for row, offset in enumerate(trace.offsets) if offset in recorded]
    offsets = np.array(trace.offsets, np.int64)[rows]
    losses = LossCurve(
        job.step + offsets,
        trace.g_loss[offsets, index],
        trace.d_loss[offsets, index],
        trace.d_real[rows, index],
        trace.d_fake[rows, index],
        trace.rmse[rows, index],
    )
    every_step = np.isfinite(trace.g_loss[:, index]) & np.isfinite(trace.d_loss[:, index])
    every_step[offsets] &= np.isfinite(losses.rmse)
    if every_step.all():
        return losses, None
    broken = job.step + int(np.argmin(every_step))
    return losses.rows(0, int(np.searchsorted(losses.steps, broken))), broken
