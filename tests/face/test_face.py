"""The face as a person imports it: light, quiet, and without a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

import curvegan
from curvegan import Lab
from curvegan.submitting.axes import parse_axis
from curvegan.submitting.layers import job_layers, layered
from curvegan.submitting.plan import Draw, planned
from curvegan.submitting.starting import call_workers
from curvegan.watching.job_fields import job_fields
from curvegan.watching.reasons import explained
from curvegan_core.errors import InvalidInput
from curvegan_db.values import JobRequest

HEAVY = {"torch", "numba", "sqlalchemy", "matplotlib", "numpy", "pydantic", "click", "rich", "celery"}


def test_importing_the_face_loads_nothing_heavy() -> None:
    program = "import curvegan, sys; curvegan.Lab; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "curvegan.lab" in loaded
    assert set(loaded) & HEAVY == set()


def test_every_public_name_is_there() -> None:
    assert [name for name in curvegan.__all__ if getattr(curvegan, name).__name__ != name] == []
    with pytest.raises(AttributeError, match="has no attribute 'Laboratory'"):
        curvegan.Laboratory  # noqa: B018


def test_a_script_submits_a_job_without_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(home=str(tmp_path))
    config = layered(job_layers(lab, {"lr": 1e-3, "curve": "sine"}, preset="tuned", assigned={"curve": {"a": 2.0}}))
    [job] = lab.store.submit([JobRequest(config)])
    [remark] = call_workers(lab, [job], start=False)
    assert remark == f"Job {job} waits for a worker; `curvegan worker` starts one."
    assert job_fields(lab.store, lab.store.job(job))["config"]["curve"]["family"] == "sine"
    assert explained(lab, job)[1].reason == "no_worker"
    lab.close()
    assert capsys.readouterr() == ("", "")


def test_a_script_plans_a_sweep_from_plain_values() -> None:
    axes = [parse_axis("lr=1e-4,1e-3"), parse_axis("loss=ns,wgan")]
    plan = planned([{"steps": 100}], axes, "2", tags=("night",), skip_invalid=True)
    assert (len(plan.points), plan.invalid) == (4, 4)
    assert plan.described == {"lr": [1e-4, 1e-3], "loss": ["ns", "wgan"], "seed": [0, 1]}
    assert plan.requests[0].name == "lr=0.0001 loss=ns seed=0"
    drawn = planned([], [parse_axis("lr=1e-5..1e-2")], draw=Draw(5))
    assert len({request.config.lr_g for request in drawn.requests}) == 5
    with pytest.raises(InvalidInput, match="gp or clip"):
        planned([], axes)
