"""When a training stops before its steps are done: what it is has been clear for long enough.

The verdict's rules are asked at every snapshot after step 0. They read stored numbers alone, so a training that is
resumed stops where an undisturbed one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.metrics.verdict import Along, Verdict, standing
from curvegan_core.records.loss_curve import LossCurve, Snapshot


@dataclass(frozen=True)
class Past:
    """What is stored of a training that is resumed."""

    losses: LossCurve
    snapshots: Sequence[Snapshot]


@dataclass(frozen=True)
class Stopped:
    """Where and why a training stopped: this verdict held for so many snapshots in a row."""

    step: int
    verdict: Verdict
    snapshots: int

    def __str__(self) -> str:
        held = f"{self.snapshots} snapshots" if self.snapshots > 1 else "a snapshot"
        return f"stopped at step {self.step}: {self.verdict.name} for {held}"


class Watch:
    """Looks at the snapshots of a training for the verdicts of `stop`."""

    def __init__(self, config: TrainConfig, start: int, past: Past | None) -> None:
        """Take up the count where the training is resumed; a fork counts from its own start."""
        self._wanted, self._patience, self._fork_step = config.stop.split(","), config.stop_patience, config.fork_step
        self._losses = LossCurve.empty()
        self._along: list[tuple[int, dict[str, float]]] = []
        self._held, self._count = "", 0
        if past is not None:
            self.add(past.losses.rows(0, int(np.searchsorted(past.losses.steps, start))))
            for snapshot in past.snapshots:
                if snapshot.step < start:  # one at the start comes again
                    self.stops(snapshot)

    def add(self, losses: LossCurve) -> None:
        """Take the records since the last call."""
        self._losses = LossCurve.concatenate([self._losses, losses])

    def stops(self, snapshot: Snapshot) -> Stopped | None:
        """Take the next snapshot; say whether the training stops there."""
        self._along.append((snapshot.step, dict(snapshot.metrics)))
        if snapshot.step <= self._fork_step:  # 0 for a job that is no fork
            return None
        verdict = self._verdict(snapshot.step, self._along)
        name = verdict.name if verdict and verdict.name in self._wanted else ""
        self._count = self._count + 1 if name == self._held else 1
        self._held = name
        if verdict is None or not name or self._count < self._patience:
            return None
        return Stopped(snapshot.step, verdict, self._count)

    def _verdict(self, step: int, along: Along) -> Verdict | None:
        return standing(self._losses.rows(0, int(np.searchsorted(self._losses.steps, step))), along)
