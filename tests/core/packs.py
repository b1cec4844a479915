"""Run packs for the tests: whole, or stopped and resumed, and gather what a job left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from curvegan_core.config.train import TrainConfig
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_core.training import PackTraining, Progress


@dataclass
class Kept:
    """All that one job gave, as a worker would keep it."""

    progress: list[Progress] = field(default_factory=list)

    @property
    def losses(self) -> LossCurve:
        return LossCurve.concatenate([report.losses for report in self.progress])

    @property
    def snapshots(self) -> list[Snapshot]:
        return [report.snapshot for report in self.progress if report.snapshot]

    @property
    def checkpoints(self) -> list[Checkpoint]:
        return [report.checkpoint for report in self.progress if report.checkpoint]

    @property
    def end(self) -> Progress:
        return self.progress[-1]


def train(
    jobs: Mapping[int, tuple[TrainConfig, Checkpoint | None]], most_steps: int = 64, device: str = "cpu"
) -> dict[int, Kept]:
    """Train a pack to the end of its last job."""
    pack = PackTraining(jobs, device)
    kept = {job: Kept() for job in jobs}
    while pack.jobs:
        keep(kept, pack.advance(most_steps))
    return kept


def alone(config: TrainConfig, device: str = "cpu") -> Kept:
    return train({1: (config, None)}, device=device)[1]


def until(pack: PackTraining, job: int, step: int, kept: dict[int, Kept]) -> None:
    """Advance until a job has done exactly this many steps."""
    keep(kept, pack.advance())
    reached = kept[job].end.step
    while reached < step:
        keep(kept, pack.advance(min(64, step - reached)))
        reached = kept[job].end.step


def keep(kept: dict[int, Kept], progress: Iterable[Progress]) -> None:
    for report in progress:
        kept.setdefault(report.job, Kept()).progress.append(report)
