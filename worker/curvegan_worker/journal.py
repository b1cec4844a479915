"""What a worker says about its jobs, for their logs: numbered lines that wait to be stored. Knows no store.

A line keeps its number when it is stored again, so that a repeated write says nothing twice.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count

from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve


class Journal:
    """The lines of a claim's jobs that are not in the store yet."""

    def __init__(self) -> None:
        self._numbers: defaultdict[int, count[int]] = defaultdict(count)
        self._lines: dict[int, dict[int, tuple[str, float]]] = {}

    @property
    def jobs(self) -> tuple[int, ...]:
        """Return the ids of the jobs that have lines waiting."""
        return tuple(self._lines)

    def say(self, job: int, text: str, at: float | None = None) -> int:
        """Let a line wait, with the monotonic time at which it was true: now, unless said. Returns its number."""
        number = next(self._numbers[job])
        self._lines.setdefault(job, {})[number] = text, time.monotonic() if at is None else at
        return number

    def unsay(self, job: int, number: int) -> None:
        """Forget a line that waits."""
        del self._lines[job][number]

    def take(self, job: int) -> dict[int, tuple[str, float]]:
        """Return the lines that wait, by number; they wait no longer."""
        return self._lines.pop(job, {})


def beginning(seed: int, checkpoint: Checkpoint | None) -> str:
    """Say where a training starts from."""
    if checkpoint is None:
        return f"starts with fresh weights of seed {seed}"
    made = f"{checkpoint.engine} {checkpoint.engine_version}"
    return f"goes on from the checkpoint at step {checkpoint.step}, made by {made}"


def reached(step: int, losses: Sequence[LossCurve]) -> str:
    """Say how far the training is, with the figures of its newest record if there is one."""
    newest = next((curve for curve in reversed(losses) if len(curve)), None)
    if newest is None:
        return f"step {step}"
    rmse, g_loss, d_loss = (float(column[-1]) for column in (newest.rmse, newest.g_loss, newest.d_loss))
    return f"step {step}: RMSE {rmse:.4g}, g_loss {g_loss:.4g}, d_loss {d_loss:.4g}"


def judged(verdict: str, metrics: Metrics) -> str:
    """Say the verdict on the training, and the numbers at the end."""
    figures = {name: value for name, value in asdict(metrics).items() if isinstance(value, float)}
    return f"at the end: {verdict}, " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
