"""A replay has the bits that the job had, at any step."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from curvegan import Lab
from curvegan.replaying import Replayed, Replayer, replay
from curvegan_core.errors import InvalidInput

from ..worker.inline import train_all
from .conftest import SMALL

ROUGH = np.random.default_rng(3).normal(size=(40, 6))


@pytest.mark.parametrize("kind", ["fused", "torch", "deep", "drawn", "own"])
def test_a_replay_has_the_bits_that_were_stored(kind: str, one_lab: Lab) -> None:
    lab = one_lab
    lab.data.add(ROUGH, name="own")
    kinds: dict[str, dict[str, Any]] = {
        "fused": {"ema": 0.9},
        "torch": {"engine": "torch", "norm_g": "batch"},
        "deep": {"layers_g": 2, "schedule": "cosine", "optimiser": "oadam"},
        "drawn": {"curve": "updown", "instance_noise": 0.1},
        "own": {"data": "own"},
    }
    keys = kinds[kind]
    job = lab.submit(worker=False, **{**SMALL, "keep_checkpoints": "all", "checkpoint_every": 20, **keys})
    train_all(lab.store)
    store, stored = lab.store, lab.store.losses(job.id)
    job = lab[job.id]
    assert job.checkpoints == [20, 40, 60, 80, 100]
    for step in (40, 100):
        begun = replay_from_fresh_weights(lab, job.id, step)
        assert begun.data == store.checkpoint(job.id, step).data
        assert begun.losses == stored.rows(0, step // 10)
    middle = replay(store, job.record, 73)
    assert (middle.step, middle.checkpoint.step, middle.losses.steps.tolist()) == (73, 73, [60, 70])
    played = list(Replayer(store, job.record).play(30, 100, 35))
    assert [part.step for part in played] == [30, 65, 100]
    assert played[-1].data == store.checkpoint(job.id, 100).data
    assert played[2].losses == stored.rows(7, 10)


def replay_from_fresh_weights(lab: Lab, job: int, step: int) -> Replayed:
    replayer = Replayer(lab.store, lab[job].record)
    replayer._stored = []
    return replayer.at(step)


def test_states_on_the_way_are_kept(one_lab: Lab) -> None:
    job = one_lab.submit(worker=False, **{**SMALL, "steps": 600, "checkpoint_every": 600})
    train_all(one_lab.store)
    replayer = Replayer(one_lab.store, one_lab[job.id].record)
    assert len(replayer.at(520).losses) == 52
    assert replayer.at(510).losses.steps.tolist() == [500]
    assert len(replayer.at(600).losses) == 0


def test_a_step_that_was_not_trained_is_refused(trained: Lab) -> None:
    with pytest.raises(InvalidInput, match="job 1 has no step 101; it has done 100"):
        replay(trained.store, trained[1].record, 101)


_REPLAYS = """
import sys
from curvegan import Lab
from curvegan.replaying import replay
lab = Lab(home=sys.argv[1])
replay(lab.store, lab.store.job(int(sys.argv[2])), 30)
from curvegan_core.engines.fused.engine import CODE
print(CODE.was_kept)
"""


def test_who_replays_finds_the_code_that_was_compiled_here(one_lab: Lab) -> None:
    job = one_lab.submit(worker=False, **SMALL)
    train_all(one_lab.store)
    command = [sys.executable, "-c", _REPLAYS, str(one_lab.settings.home), str(job.id)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"
