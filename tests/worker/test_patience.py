"""How long a training may be silent: as long as it should need, or needed before, and never less than the limit."""

import time

import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.training import PackTraining
from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store
from curvegan_worker.lease import PATIENCE, Lease
from curvegan_worker.options import HANG_S
from curvegan_worker.outage import Outage

from ..db.trainings import DEVICES, a_worker
from .jobs import SHORT, submit


@pytest.mark.parametrize(("expected_s", "held"), [(0.0, False), (1.0, True)])
def test_a_step_longer_than_the_limit_keeps_its_lease_if_such_a_step_is_expected(
    database_url: str, expected_s: float, held: bool
) -> None:
    with Store(make_engine(database_url), lease_s=1.0) as store:
        (job,) = submit(store, SHORT)
        claim = store.claim(a_worker(store), DEVICES, 1)
        assert claim is not None
        with Lease(store, claim, Outage("the database"), 0.5, lambda: None) as lease:
            lease.expect(expected_s)
            time.sleep(3)
            assert (store.reap() == []) == held
        assert (store.job(job).state != "queued" or store.job(job).lost == 0) == held


def test_the_largest_step_may_take_longer_than_the_limit_and_a_small_one_not() -> None:
    large = TrainConfig(batch_size=4096, hidden_g=1024, hidden_d=1024, points=256, latent=256, d_steps=20)
    assert PackTraining({1: (large, None)}, "cpu").slowest_advance_s * PATIENCE > HANG_S
    assert PackTraining({1: (TrainConfig(), None)}, "cpu").slowest_advance_s * PATIENCE < HANG_S
