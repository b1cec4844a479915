"""From a file on one machine to a plot and samples in its units, through worker processes that never see the file."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np

from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ..fleet import CURVEGAN, Fleet

HOURS = np.arange(24)
LOADS = np.array([500 + amplitude * np.sin((HOURS - 8) / 24 * 2 * np.pi) for amplitude in np.linspace(50, 150, 40)])


def test_from_a_file_to_samples_in_its_units(store: Store, service: Settings, fleet: Fleet, tmp_path: Path) -> None:
    def typed(*words: str) -> str:
        elsewhere = {} if service.embedded else {"CURVEGAN_HOME": str(tmp_path / "elsewhere")}
        settings = service.environment() | elsewhere
        done = subprocess.run(
            [CURVEGAN, *words], cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + fleet.log()
        return done.stdout

    np.savetxt(tmp_path / "loads.csv", LOADS, delimiter=",", fmt="%.6f")
    typed("data", "add", "loads.csv", "--name", "loads")
    (tmp_path / "loads.csv").unlink()
    words = "--data loads --lr 1e-3 --set beta1 0.5 --set beta2 0.9 --steps 3000 --wait -o json"
    job = json.loads(typed("submit", "--no-worker", *words.split()))
    assert job["state"] == "succeeded"
    assert job["verdict"]
    curves = store.snapshots(job["id"])[-1].curves
    assert np.abs(curves.mean(axis=0) - LOADS.mean(axis=0)).max() < 50
    header, *rows = csv.reader(io.StringIO(typed("sample", str(job["id"]), "-n", "200", "-o", "csv")))
    drawn = np.array(rows, float)
    assert (len(header), drawn.shape) == (24, (200, 24))
    assert np.abs(drawn.mean(axis=0) - LOADS.mean(axis=0)).max() < 50
    assert typed("fetch-plot", str(job["id"])) == f"job-{job['id']}-curve.png\n"
    assert (tmp_path / f"job-{job['id']}-curve.png").read_bytes().startswith(b"\x89PNG")
    assert f"jobs       {job['id']}" in typed("data", "show", "loads")
    typed("data", "remove", "loads", "--yes")
