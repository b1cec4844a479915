"""A worker's environment is of our own making: what is meant for other programs breaks no worker and no job."""

import os
from pathlib import Path

from curvegan_db.store import open_store
from curvegan_worker.host.environment import worker_environment
from curvegan_worker.settings import Settings

from ..fleet import run_fleet
from ..jobs import SHORT, submit, wait_for_state
from ..undisturbed import assert_undisturbed

STRANGER = "raise SystemExit('a stranger is executed')\n"
HOSTILE = {
    "MPLBACKEND": "module://no.such.backend",
    "MATPLOTLIBRC": "/nonexistent/matplotlibrc",
    "NUMBA_DISABLE_JIT": "1",
    "NUMBA_CPU_NAME": "no-such-processor",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONSTARTUP": "/nonexistent.py",
    "CELERY_BROKER_URL": "redis://foreign.example/0",
    "CELERY_WORKER_POOL": "gevent",
    "DJANGO_SETTINGS_MODULE": "strangers_settings",
}


def test_what_is_meant_for_others_is_not_handed_on() -> None:
    ours = {"CURVEGAN_HOME": "h", "PATH": "p", "LD_LIBRARY_PATH": "l", "CUDA_VISIBLE_DEVICES": "1", "PGSSLMODE": "s"}
    assert worker_environment(ours | HOSTILE) == ours


def test_of_the_module_path_what_is_meant_from_anywhere_is_handed_on(tmp_path: Path) -> None:
    kept, shadow, missing = (tmp_path / name for name in ("kept", "shadow", "missing"))
    for folder in (kept, shadow):
        folder.mkdir()
    (kept / "own_module.py").touch()
    (shadow / "queue.py").touch()
    path = os.pathsep.join(["", ".", "below", str(shadow), str(missing), str(kept)])
    assert worker_environment({"PYTHONPATH": path}) == {"PYTHONPATH": str(kept)}


def test_a_worker_trains_in_the_middle_of_all_that(tmp_path: Path) -> None:
    """In a folder with files that Python, Celery and matplotlib would take for theirs."""
    for name in ("queue.py", "celery.py", "strangers_settings.py"):
        (tmp_path / name).write_text(STRANGER)
    (tmp_path / "matplotlibrc").write_text("axes.unicode_minus: no such value\n")
    settings = Settings.resolve(str(tmp_path / "home"))
    # The supervisor itself is the user's own process: what of it Python reads before us is Python's.
    environment = {name: value for name, value in HOSTILE.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONOPTIMIZE": "2"}
    with (
        open_store(settings.database_url) as store,
        run_fleet(settings, "--device", "cpu", environment=environment, folder=tmp_path) as fleet,
    ):
        (job,) = submit(store, SHORT)
        wait_for_state(store, job, "succeeded", fleet, 120)
        assert_undisturbed(store, job)
        assert (store.job(job).attempt, store.job(job).lost) == (1, 0)
        assert "matplotlibrc" not in fleet.log()
