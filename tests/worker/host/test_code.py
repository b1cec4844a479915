"""The fused engine's machine code in real workers: compiled once, before anything is claimed, by one of many."""

import subprocess
import sys
from pathlib import Path

import pytest

from curvegan_db.store import open_store
from curvegan_worker.settings import Settings

from ..fleet import run_fleet
from ..jobs import SHORT, submit, wait_for_state
from ..undisturbed import assert_ended_once

COMPILED = "the fused engine is compiled"
_ENGINES = """
import logging, sys
from curvegan_worker.host.machine_code import engines
logging.basicConfig(level=logging.INFO, format="%(message)s")
print(engines("cpu"), file=sys.stderr)
"""
_WITHOUT = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if {} else found(name, package)
"""


@pytest.mark.timeout(180)
def test_of_three_processes_that_start_together_one_compiles_and_no_job_is_lost(tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path / "home"))
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "CURVEGAN_LEASE_SECONDS": "2"}
    with open_store(settings.database_url) as store:
        jobs = submit(store, SHORT, 6)
        with run_fleet(settings, "--concurrency", "3", "--device", "cpu", environment=environment) as fleet:
            for job in jobs:
                wait_for_state(store, job, "succeeded", fleet, 120)
                assert_ended_once(store, job)
                assert store.job(job).attempt == 1
        assert fleet.log().count(COMPILED) == 1
        with run_fleet(settings, "--concurrency", "2", "--device", "cpu", environment=environment) as fleet:
            (job,) = submit(store, SHORT)
            wait_for_state(store, job, "succeeded", fleet)
        assert COMPILED not in fleet.log()


def test_without_numba_a_worker_says_what_that_means() -> None:
    said = engines("import sys; sys.modules['numba'] = None\n")
    assert said.startswith("numba cannot be used (")
    assert said.endswith("jobs train with torch, which takes far longer\n('torch',)\n")


def test_without_torch_a_worker_says_what_that_means() -> None:
    said = engines(_WITHOUT.format("name == 'torch'"))
    assert said == "torch is not installed: jobs that need it wait for a worker that has it\n('fused',)\n"


def test_without_either_there_is_no_worker() -> None:
    said = engines("import sys; sys.modules['numba'] = None\n" + _WITHOUT.format("name == 'torch'"))
    assert "NoEngine: no engine can train here: numba cannot be used (" in said.splitlines()[-1]


def engines(first: str) -> str:
    """What a process says of the engines it has."""
    command = [sys.executable, "-c", first + _ENGINES]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
