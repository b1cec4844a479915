"""Train one claim: resume its jobs from their checkpoints, advance them together, and hand over all that comes out."""

import logging
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine
from curvegan_core.engines.choice import choose
from curvegan_core.errors import CheckpointRefused, CurveganError, InvalidInput, ServiceUnavailable
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.description import Description
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve
from curvegan_core.stopping import Past, Stopped
from curvegan_core.training import PackTraining, Progress
from curvegan_db.columns import JobState
from curvegan_db.errors import LeaseLost
from curvegan_db.store import Store
from curvegan_db.values import Claim, ClaimedJob
from curvegan_worker.devices import train_on
from curvegan_worker.handed import End, Line, Part, Start
from curvegan_worker.journal import beginning
from curvegan_worker.lease import Lease
from curvegan_worker.recorder import Recorder
from curvegan_worker.stop_flag import StopFlag

_log = logging.getLogger("curvegan.run")


@dataclass(frozen=True)
class _Start:
    """A job, where it starts, and on what."""

    job: ClaimedJob
    checkpoint: Checkpoint | None
    device: str
    engine: type[Engine]


# The fused engine trains one job after the other anyhow. So few are done before a flush is due: one record each.
_MOST_TOGETHER = {"fused": 4}
# How often a worker whose engine compiles says that it does.
_PULSE_S = 1.0


def _stops(config: TrainConfig) -> bool:
    return config.stop != "none"


def _parts(pack: Sequence[_Start]) -> list[Sequence[_Start]]:
    """Return what is trained together of jobs that could be."""
    most = _MOST_TOGETHER.get(pack[0].engine.name, len(pack))
    return [pack[start : start + most] for start in range(0, len(pack), most)]


class Run:
    """One claim from its checkpoints to its ends."""

    def __init__(self, store: Store, claim: Claim, lease: Lease, device: str, draining: StopFlag) -> None:
        self._store = store
        self._claim = claim
        self._jobs = {job.id: job for job in claim.jobs}
        self._device = device
        self._datasets: dict[Data, Dataset] = {}
        self._began_at: dict[int, int] = {}
        self._stepped: set[int] = set()
        self._cpu: dict[int, float] = {}
        self._fault: Exception | None = None
        self._draining = draining
        self._lease = lease
        self._recorder = Recorder(store, claim, lease, draining)

    def train(self) -> Exception | None:
        """Return when every job of the claim has ended, is released, or is no longer ours.

        Returns:
            Why a job could not be begun, where one could not: then something is wrong with this worker.
        """
        with self._recorder:
            self._train(self._claim.jobs)
        return self._fault

    def _train(self, jobs: Sequence[ClaimedJob]) -> None:
        """Train jobs, as one pack if one engine does. Where that raises, each goes on alone: only the guilty one fails.

        Checkpoints of several engines make several packs, one after the other; their jobs wait under the lease.
        """
        left = {job.id for job in jobs}
        try:
            for pack in self._packs(jobs, left):
                self._train_pack([start for start in pack if start.job.id in left], left)
        except LeaseLost:
            _log.warning("the lease is lost: %s", sorted(left))
        except ServiceUnavailable as error:
            for job_id in left:
                self._end(job_id, JobState.QUEUED, reason=str(error))
        except Exception as error:  # noqa: BLE001  whatever a job's training raises belongs in that job's record
            self._fail(jobs, left, error)

    def _packs(self, jobs: Sequence[ClaimedJob], left: set[int]) -> list[Sequence[_Start]]:
        """Sort the jobs by device and engine; one that nothing here can train, or go on with, fails and says why."""
        packs: dict[tuple[str, type[Engine]], list[_Start]] = {}
        for job in jobs:
            try:
                start = self._start(job)
            except InvalidInput as error:
                left.discard(job.id)
                text = f"{error}; `curvegan retry {job.id}` trains it from step 0"
                self._end(job.id, JobState.FAILED, text, "refused")
            else:
                packs.setdefault((start.device, start.engine), []).append(start)
        return [part for pack in packs.values() for part in _parts(pack)]

    def _start(self, job: ClaimedJob) -> _Start:
        """Return where a job starts. Raises InvalidInput where its engine, its version, or its data set is not here."""
        checkpoint = self._resume_point(job)
        if checkpoint is None and job.config.fork_of:
            raise InvalidInput("none of its checkpoints can be read, not even the one that it was forked at")
        device = train_on(job.config, checkpoint.engine if checkpoint else None, self._device)
        curve = job.config.curve
        if isinstance(curve, Data) and curve not in self._datasets:
            data = self._lease.patiently(job.id, partial(self._store.dataset, curve.hash))
            said = partial(self._store.dataset_description, curve.hash, curve.name)
            described = self._lease.patiently(job.id, said)
            self._datasets[curve] = Dataset.from_bytes(data, Description.from_dict(described))
        return _Start(job, checkpoint, device, choose(job.config, device, checkpoint))

    def _train_pack(self, pack: Sequence[_Start], left: set[int]) -> None:
        if self._draining.is_set():
            for start in pack:
                left.discard(start.job.id)
                self._end(start.job.id, JobState.QUEUED, reason="drained")
        elif pack:
            self._train_together(pack, left)

    def _train_together(self, pack: Sequence[_Start], left: set[int]) -> None:
        training = self._begin(pack)
        self._lease.expect(training.slowest_advance_s)
        while training.jobs and not self._draining.is_set():
            self._let_go(training, left)
            started = time.monotonic()
            for progress in self._advance(training):
                self._hand_over(progress, left)
            self._lease.expect(time.monotonic() - started)
            self._lease.advanced()
        for job in training.jobs:
            left.discard(job)
            self._release(training, job)

    def _advance(self, training: PackTraining) -> Sequence[Progress]:
        """Train all jobs of a pack on for a while; what that took of the processor is shared by them."""
        jobs, before = list(training.jobs), time.thread_time()
        progress = list(training.advance()) if jobs else []
        share = (time.thread_time() - before) / max(1, len(jobs))
        self._cpu |= {job: self._cpu.get(job, 0.0) + share for job in jobs}
        return progress

    def _begin(self, pack: Sequence[_Start]) -> PackTraining:
        device = pack[0].device
        self._prepare(pack[0].engine)
        starts = {start.job.id: (start.job.config, start.checkpoint) for start in pack}
        pasts = {job: self._past(job) for job, (config, checkpoint) in starts.items() if checkpoint and _stops(config)}
        training = PackTraining(starts, device, {curve.hash: own for curve, own in self._datasets.items()}, pasts)
        facts = (device, training.engine, training.engine_version)
        steps = {job: checkpoint.step if checkpoint else 0 for job, (_, checkpoint) in starts.items()}
        self._began_at |= steps
        for job in self._lease.patiently(steps, partial(self._store.begin, self._lease.token, steps, *facts)):
            self._lease.lose(job)
        for job, (config, checkpoint) in starts.items():
            self._recorder.put(Start(job, steps[job]))
            self._recorder.put(Line(job, beginning(config.seed, checkpoint)))
        return training

    def _past(self, job: int) -> Past:
        losses = self._lease.patiently(job, partial(self._store.losses, job))
        return Past(losses, self._lease.patiently(job, partial(self._store.snapshots, job)))

    def _prepare(self, engine: type[Engine]) -> None:
        """Wait until the engine is ready. Where it compiles code first, which may take a minute, that is no hang."""
        preparing = threading.Thread(target=engine.prepare, daemon=True)
        preparing.start()
        preparing.join(_PULSE_S)
        while preparing.is_alive():
            self._lease.advanced()
            preparing.join(_PULSE_S)

    def _resume_point(self, job: ClaimedJob) -> Checkpoint | None:
        """Return the newest checkpoint that can be read; each one that is refused leaves an event."""
        if job.step == 0:
            return None
        for row in self._lease.patiently(job.id, partial(self._store.checkpoints, job.id)):
            stored = self._lease.patiently(job.id, partial(self._store.checkpoint, job.id, row.step))
            try:
                return Checkpoint.from_bytes(stored.data, job.config)
            except CheckpointRefused as error:
                _log.error("job %d, step %d: %s", job.id, row.step, error)
                note = partial(self._store.note, job.id, self._lease.token, "checkpoint_refused")
                self._lease.patiently(job.id, partial(note, f"at step {row.step}: {error}"))
        return None

    def _let_go(self, training: PackTraining, left: set[int]) -> None:
        """Take out the jobs that are cancelled or no longer ours, also of those that wait for their pack."""
        for job in sorted(left):
            if job in self._lease.held and job not in self._lease.cancelled:
                continue
            left.discard(job)
            if job in self._lease.held:
                if job in training.jobs:
                    self._checkpoint(training, job)
                self._end(job, JobState.CANCELLED, reason=self._lease.cancelled[job])
            if job in training.jobs:
                training.remove(job)

    def _hand_over(self, progress: Progress, left: set[int]) -> None:
        if progress.step > self._began_at[progress.job]:
            self._stepped.add(progress.job)
        self._recorder.put(Part(progress.job, progress.step, progress.losses, progress.snapshot, progress.checkpoint))
        if progress.diverged:
            left.discard(progress.job)
            self._end(progress.job, JobState.FAILED, error=str(progress.diverged), reason="diverged")
        elif progress.finished:
            left.discard(progress.job)
            self._end(progress.job, JobState.SUCCEEDED, metrics=progress.metrics, stopped=progress.stopped)

    def _release(self, training: PackTraining, job: int) -> None:
        """Give a job back where it stands: any worker resumes it at this very step."""
        self._checkpoint(training, job)
        self._end(job, JobState.QUEUED, reason="drained")

    def _checkpoint(self, training: PackTraining, job: int) -> None:
        checkpoint = training.checkpoint(job)
        self._recorder.put(Part(job, checkpoint.step, LossCurve.empty(), checkpoint=checkpoint))

    def _end(
        self,
        job: int,
        state: JobState,
        error: str | None = None,
        reason: str | None = None,
        metrics: Metrics | None = None,
        stopped: Stopped | None = None,
    ) -> None:
        config = self._jobs[job].config
        dataset = self._datasets.get(config.curve) if isinstance(config.curve, Data) else None
        reason = str(stopped) if stopped else reason
        self._recorder.put(End(job, config, state, metrics, error, reason, stopped, dataset, self._cpu.get(job)))

    def _blame(self, job: int, error: Exception) -> None:
        """End a job that raised; one that has not done a step is given back, for the fault is this worker's."""
        text = "".join(traceback.format_exception(error))
        if job in self._stepped or isinstance(error, CurveganError):
            self._end(job, JobState.FAILED, text, "error")
        else:
            self._fault = error
            self._end(job, JobState.QUEUED, text)

    def _fail(self, jobs: Sequence[ClaimedJob], left: set[int], error: Exception) -> None:
        _log.error("training of %s", sorted(left), exc_info=error)
        if len(jobs) == 1:
            self._blame(jobs[0].id, error)
            return
        self._recorder.settle()  # what is still on its way to the store would overlap with what comes again
        for job in jobs:
            if job.id in left and job.id in self._lease.held:
                self._recorder.put(Line(job.id, f"its pack of {len(jobs)} failed ({error!r:.200}): it goes on alone"))
                self._train([job])
