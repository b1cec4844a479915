"""A worker's start: it is known while it compiles, and one that dies again and again is seen, with the reason."""

import os
import time
from pathlib import Path

import pytest

from curvegan import Lab
from curvegan.watching.checks import PROBLEM, check_workers
from curvegan.watching.reasons import explained
from curvegan_db.store import open_store
from curvegan_worker.settings import Settings

from ..fleet import run_fleet, wait_until
from ..jobs import SHORT, submit, wait_for_state
from .test_code import COMPILED


@pytest.mark.timeout(240)
def test_a_worker_that_compiles_is_starting_and_never_lost(tmp_path: Path) -> None:
    """Here the folder of the code cannot be made either, which costs a line."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "curvegan").write_text("")
    settings = Settings.resolve(str(tmp_path / "home"))
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "CURVEGAN_LEASE_SECONDS": "2"}
    seen: set[str] = set()
    lab = Lab(home=str(settings.home))
    with open_store(settings.database_url, lease_s=2) as store:
        (job,) = submit(store, SHORT)
        with run_fleet(settings, "--device", "cpu", environment=environment) as fleet:
            wait_until(lambda: [worker.state for worker in store.workers()] == ["starting"], 60, fleet.log)
            _, why = explained(lab, job)
            assert (why.reason, "compiles" in why.text) == ("worker_starts", True)
            started = time.monotonic()
            while store.job(job).state == "queued" and time.monotonic() - started < 180:
                seen |= {worker.state for worker in store.workers()}
                time.sleep(0.1)
            wait_for_state(store, job, "succeeded", fleet, 120)
            assert time.monotonic() - started > 2  # longer than the lease, or this test says nothing
        assert "the fused engine's code cannot be kept (" in fleet.log()
        assert COMPILED in fleet.log()
        assert "lost" not in seen
        assert store.job(job).attempt == 1
    lab.close()


@pytest.mark.timeout(240)
def test_workers_that_die_at_their_start_are_seen_and_back_off(tmp_path: Path) -> None:
    """Here matplotlib is broken: no job is claimed, so that none pays for it. Once it is mended the job is trained."""
    settings = Settings.resolve(str(tmp_path / "home"))
    broken = tmp_path / "path" / "matplotlib"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('no ink is left')\n")
    lab = Lab(home=str(settings.home))
    with (
        open_store(settings.database_url) as store,
        run_fleet(settings, "--device", "cpu", environment={"PYTHONPATH": str(broken.parent)}) as fleet,
    ):
        (job,) = submit(store, SHORT)
        wait_until(lambda: fleet.log().count("another starts in") >= 3, 120, fleet.log)
        assert [line.rpartition(" in ")[2] for line in fleet.log().splitlines() if "another starts" in line][:3] == [
            "1 s",
            "2 s",
            "4 s",
        ]
        failing = [worker for worker in store.workers() if worker.state == "failing"]
        assert [worker.error for worker in failing] == ["RuntimeError: no ink is left"]
        assert failing[0].host == os.uname().nodename
        _, why = explained(lab, job)
        assert (why.reason, why.text.rpartition(": ")[2]) == ("workers_fail", "no ink is left")
        finding = check_workers(store, embedded=True)
        assert finding.level == PROBLEM
        assert "die at their start" in finding.text
        assert finding.text.endswith("RuntimeError: no ink is left")
        assert (store.job(job).attempt, store.job(job).lost) == (0, 0)
        broken.rename(tmp_path / "mended")
        wait_for_state(store, job, "succeeded", fleet, 60)
        assert "failing" not in {worker.state for worker in store.workers()}
    lab.close()
