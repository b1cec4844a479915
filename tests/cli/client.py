"""The `curvegan` command as a person types it, and a worker played by the store's own verbs."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from curvegan_cli.main import main
from curvegan_core.config.curve import Data
from curvegan_core.families.dataset import Dataset
from curvegan_core.metrics.verdict import judge
from curvegan_core.plotting.job_plots import KINDS, render
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.training import PackTraining, Progress
from curvegan_db.columns import JobState
from curvegan_db.store import Store, open_store
from curvegan_db.values import Plot

from ..db.one_job import add_plots, begin, finish, record

RUN = "from curvegan_cli.main import main; main(prog_name='curvegan')"
SMALL = (
    *("--steps", "200", "--set", "snapshot_every", "100", "--set", "checkpoint_every", "100"),
    *("--batch-size", "8", "--set", "hidden_g", "16", "--set", "hidden_d", "16"),
)


@dataclass
class Client:
    """Runs commands in this process against one embedded store, or against `database_url`."""

    home: Path
    database_url: str | None = None
    environment: dict[str, str | None] = field(default_factory=dict)

    def __call__(self, *words: str) -> Result:
        """Type `curvegan WORDS`. An unexpected error is raised, as it would be a traceback."""
        runner = CliRunner(env=self._environment())
        return runner.invoke(main, words, prog_name="curvegan", catch_exceptions=False)

    def command(self, *words: str, code: str = RUN) -> dict[str, Any]:
        """What `subprocess` needs for the same command in a process of its own."""
        environment = os.environ | {key: value for key, value in self._environment().items() if value is not None}
        return {"args": [sys.executable, "-c", code, *words], "env": environment, "text": True}

    def alone(self, *words: str, code: str = RUN) -> subprocess.CompletedProcess[str]:
        """The same command in a process of its own, ended."""
        return subprocess.run(**self.command(*words, code=code), capture_output=True, check=False, timeout=120)

    def _environment(self) -> dict[str, str | None]:
        own = {
            "CURVEGAN_HOME": str(self.home),
            "CURVEGAN_DATABASE_URL": self.database_url,
            "CURVEGAN_BROKER_URL": None,
            "XDG_CONFIG_HOME": str(self.home / "config"),
        }
        return own | self.environment

    def done(self, *words: str) -> str:
        """The stdout of a command that must succeed."""
        result = self(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        """The value that a command prints with `-o json`."""
        return json.loads(self.done(*words, "-o", "json"))

    def refused(self, *words: str, exit_code: int = 2) -> str:
        """The one line of a command that must refuse."""
        result = self(*words)
        assert result.exit_code == exit_code, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.strip()

    def submit(self, *words: str) -> int:
        """The id of a new job that no background worker will take."""
        return int(self.done("submit", "--no-worker", "-q", *words))

    def store(self) -> Store:
        """The store that the commands use."""
        return open_store(self.database_url or f"sqlite:///{self.home}/curvegan.db")


class PlayedWorker:
    """Claims one job at a time and trains it with the real engine, as far as a test wants it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id = store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0")

    def claim(self) -> None:
        claim = self.store.claim(self.id, ("auto", "cpu"), 1)
        assert claim is not None
        self.token, [self.job] = claim.token, claim.jobs
        self.training = PackTraining({self.job.id: (self.job.config, None)}, "cpu", self._datasets())
        engine = self.training.engine, self.training.engine_version
        begin(self.store, self.token, self.job.id, 0, "cpu", *engine)

    def _datasets(self) -> dict[str, Dataset]:
        curve = self.job.config.curve
        if not isinstance(curve, Data):
            return {}
        return {curve.hash: Dataset.from_bytes(self.store.dataset(curve.hash))}

    def train(self, until: int | None = None) -> None:
        """Train the claimed job to its end, or to the first stop at or past step `until`."""
        while self.training.jobs:
            for progress in self.training.advance():
                self._record(progress)
                if until is not None and progress.step >= until:
                    return

    def fail(self, error: str) -> None:
        finish(self.store, self.token, self.job.id, JobState.FAILED, error=error, reason="error")

    def _record(self, progress: Progress) -> None:
        checkpoint = (progress.step, progress.checkpoint.to_bytes()) if progress.checkpoint else None
        snapshots = [progress.snapshot] if progress.snapshot else []
        record(self.store, self.token, self.job.id, progress.step, progress.losses, snapshots, checkpoint)
        if progress.metrics:
            self._add_plots(progress)
            losses, stored = self.store.losses(self.job.id), self.store.snapshots(self.job.id)
            verdict = judge(losses, stored, progress.metrics).text
            metrics = progress.metrics.as_dict()
            finish(self.store, self.token, self.job.id, JobState.SUCCEEDED, metrics=metrics, verdict=verdict)

    def _add_plots(self, progress: Progress) -> None:
        losses, snapshots = self.store.losses(self.job.id), self.store.snapshots(self.job.id)
        data = PlotData(f"job {self.job.id}", self.job.config, losses, snapshots, progress.metrics)
        plots = [Plot(self.job.id, kind, progress.step, render(kind, data)) for kind in KINDS]
        add_plots(self.store, self.token, self.job.id, plots)
