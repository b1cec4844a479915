"""A search on a real worker whose command is killed again and again: it ends with the trials of an undisturbed one."""

import os
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

from curvegan import Lab

from ...cli.client import Client
from ...worker.fleet import wait_until
from ...worker.inline import train_all

KILLS, BATCH = 10, 2
SPACE = {"lr": "1e-4..1e-1", "loss": "ns,rpgan"}
TINY: dict[str, Any] = {
    "steps": 20,
    "hidden_g": 8,
    "hidden_d": 8,
    "batch_size": 8,
    "snapshot_every": 20,
    "checkpoint_every": 20,
}


def grown(lab: Lab, most: int) -> bool:
    return len(lab.jobs()) > most


def test_a_study_killed_ten_times_ends_with_the_same_trials(tmp_path: Path) -> None:
    trials = BATCH * (KILLS + 2)
    with Lab(home=str(tmp_path / "undisturbed")) as lab:
        study = lab.tune(SPACE, trials=trials, batch=BATCH, seeds=1, worker=False, **TINY)
        while study.advance():
            train_all(lab.store)
        expected = [(trial.point, trial.value) for trial in study.look()]
    words = [f"--space={key}={text}" for key, text in SPACE.items()]
    words += [f"--set={key}={value}" for key, value in TINY.items()]
    client = Client(tmp_path / "home")
    command = client.command("tune", "--name", "s", "--seeds=1", f"--trials={trials}", f"--batch={BATCH}", *words)
    with Lab(home=str(tmp_path / "home")) as lab:
        try:
            for kill in range(KILLS):
                with subprocess.Popen(**command, stderr=subprocess.PIPE) as process:
                    wait_until(partial(grown, lab, BATCH * kill), 60, "the study stands still")
                    process.kill()
            # Killed once is the command, all the others are `tune --name`.
            ended = client.json("tune", "--name", "s")
        finally:
            for worker in lab.store.workers():
                os.kill(worker.pid, signal.SIGTERM)
    assert [(trial["point"], trial["value"]) for trial in ended["found"]] == expected
    assert len(expected) == trials
    assert ended["found"][ended["best"]]["value"] == min(value for _, value in expected if value is not None)
