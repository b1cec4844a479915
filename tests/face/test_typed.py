"""The face as it was asked for, line by line, typed as a person types it: from a job to a search over many."""

import ast
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curvegan_db.store import open_store

from ..worker.inline import train_all

TYPED = """
import curvegan as cg
lab = cg.connect()                       # the settings the commands use; or cg.connect(database_url=..., home=...)
job = lab.submit(lr=1e-4, seed=7)        # starts the embedded worker as the command does; returns at once
job.wait()                               # a progress bar in a notebook and in a terminal; Ctrl-C detaches
job.state, job.config, job.metrics, job.verdict, job.error, job.log()
job.losses()                             # a table, columns by name, every record, never sampled down; len() is their number
sweep = lab.sweep({"lr": cg.log(1e-5, 1e-2, 7), "loss": ["ns", "rpgan"]}, seeds=16, curve="updown")
lab[17], lab.jobs()[-1]                  # a job by id, the newest one
job.snapshots()                          # (snapshots, 32, points) with their steps
job.sample(100, seed=7)                  # numpy, no torch; z=..., step=... too
job.generator(step=None), job.discriminator(step=None)   # callables on numpy arrays; .walk(z0, z1, n)
job.plot("curve")                        # a picture with PNG and SVG for the notebook
sweep.wait()
sweep.summary(by=["lr", "loss"]); sweep.best("rmse", n=5); sweep.losses()   # long table over all jobs
lab.jobs(where="loss=ns and rmse<0.1")   # lazy; len, slices, iteration, .table(), .cancel(), .retry(), .delete()
lab.data.add(array_or_frame, name="loads")
"""  # noqa: E501 - the lines are those that were asked for
# A sweep of 224 jobs is no test's: fewer points, and the project's own file says how long a job is.
SHORTER = {"1e-2, 7)": "1e-2, 2)", "seeds=16": "seeds=2", "lab[17]": "lab[9]"}


@pytest.fixture
def project(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to type in, whose settings name the database; where that is a server, somebody trains for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURVEGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CURVEGAN_DATABASE_URL", database_url)
    monkeypatch.setenv("CURVEGAN_BROKER_URL", "memory://")
    (tmp_path / "curvegan.toml").write_text("[config]\nsteps = 200\nsnapshot_every = 100\n")
    over = threading.Event()
    training = threading.Thread(target=trained, args=(database_url, over))
    if not database_url.startswith("sqlite"):
        training.start()
    yield tmp_path
    over.set()
    if training.ident:
        training.join()
    with open_store(database_url) as store:
        for worker in store.workers():
            if worker.pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGTERM)


def trained(database_url: str, over: threading.Event) -> None:
    with open_store(database_url) as store:
        while not over.wait(0.5):
            train_all(store)


def typed(text: str, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a prompt would show for each line of a text; `names` gets what the lines name."""
    shown: list[Any] = []
    monkeypatch.setattr(sys, "displayhook", shown.append)
    for node in ast.parse(text).body:
        exec(compile(ast.Interactive([node]), "typed", "single"), names)
    return shown


@pytest.mark.filterwarnings("ignore:.* waits? for a worker")
def test_the_face_is_as_it_was_asked_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TYPED
    for long, short in SHORTER.items():
        assert text.count(long) == 1
        text = text.replace(long, short)
    names: dict[str, Any] = {"array_or_frame": pd.DataFrame(np.random.default_rng(0).normal(size=(40, 24)))}
    waited, facts, losses, listed, snapshots, sample, networks, plot, swept, *more = typed(text, names, monkeypatch)
    lab, job, sweep = names["lab"], names["job"], names["sweep"]
    summary, best, all_losses, some, _ = more

    assert (waited, waited.state, facts[0], facts[4]) == (job, "succeeded", "succeeded", None)
    assert (facts[1].lr_g, facts[1].seed, facts[1].steps) == (1e-4, 7, 200)
    assert (facts[2]["rmse"], facts[3]) == (job.record.metrics["rmse"], job.record.verdict)
    assert "succeeded" in facts[5]["kind"]
    assert len(losses) == len(lab.store.losses(job.id)) == 20
    assert [one.id for one in listed] == [9, 9]
    assert snapshots.curves.shape == (3, 32, 15)
    assert list(snapshots.steps) == [0, 100, 200]
    generator, discriminator = networks
    z = generator.latents(100, seed=7)
    np.testing.assert_array_equal(sample, generator(z))
    np.testing.assert_array_equal(generator(z[:2]), job.sample(z=z[:2], step=200))
    assert (discriminator(sample).shape, generator.walk(z[0], z[1], 9).shape) == ((100,), (9, 15))
    assert (plot.png[:4], "<svg" in plot.svg) == (b"\x89PNG", True)
    assert (len(sweep), len(summary), len(best), len(all_losses)) == (8, 4, 5, 8 * 20)
    assert swept.states["succeeded"] == 8
    assert [one.metrics["rmse"] for one in best] == sorted(one.metrics["rmse"] for one in sweep)[:5]
    assert set(some.ids) == {one.id for one in lab.jobs() if one.config.loss == "ns" and one.metrics["rmse"] < 0.1}
    assert lab.submit(data="loads", worker=False).config.points == 24
    for value in (job, lab.jobs(), sweep, summary, best, all_losses, losses):
        assert value._repr_html_().startswith("<")
        assert repr(value)
    assert sweep.where("loss=rpgan").delete() == 4
    lab.close()
