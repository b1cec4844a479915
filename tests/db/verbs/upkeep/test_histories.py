"""Any sequence of verbs: the store agrees with a model of ten lines, and the events tell the same story as the rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from curvegan_db.errors import JobStateConflict, LeaseLost
from curvegan_db.store import Store, open_store
from curvegan_db.tables import models

from ...one_job import finish, record, release
from ...trainings import a_worker, begun, claim, losses, request, short

STATE_AFTER = {
    "submitted": "queued",
    "claimed": "running",
    "began": "running",
    "cancel_requested": "running",
    "released": "queued",
    "lost": "queued",
    "retried": "queued",
    "resumed": "queued",
    "extended": "queued",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Histories(RuleBasedStateMachine):
    """One job, two workers of which one is frozen from time to time; the model is the job's state and its holder."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store: Store = open_store(f"sqlite:///{Path(self.folder.name)}/c.db")
        self.worker = a_worker(self.store)
        self.tokens: list[str] = []
        self.state, self.holder, self.wanted, self.lost = "queued", "", True, 0

    @initialize()
    def submit(self) -> None:
        [self.job] = self.store.submit([request()])

    @precondition(lambda self: self.state == "queued")
    @rule(frozen=st.booleans())
    def claim(self, frozen: bool) -> None:
        self.holder = begun(self.store, claim(short(self.store) if frozen else self.store, self.worker)).token
        self.tokens.append(self.holder)
        self.state = "lost" if frozen else "running"

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def heartbeat(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        held = self.store.heartbeat(token).held
        assert held == ({self.job} if token == self.holder else set())
        if held:
            self.state = "running"

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), first=st.integers(0, 9))
    def record(self, data: st.DataObject, first: int) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        with self._fenced(token):
            record(self.store, token, self.job, first + 1, losses(first))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), state=st.sampled_from(["succeeded", "failed", "cancelled"]))
    def finish(self, data: st.DataObject, state: str) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        if token != self.holder and self._outcome(token) == state:
            finish(self.store, token, self.job, state)
            return
        with self._fenced(token):
            finish(self.store, token, self.job, state)
            self.state, self.holder = state, ""

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        if token != self.holder and self._outcome(token) == "released":
            release(self.store, token, self.job)
            return
        with self._fenced(token):
            release(self.store, token, self.job)
            self.state, self.holder = "queued" if self.wanted else "cancelled", ""

    @rule()
    def reap(self) -> None:
        assert self.store.reap() == ([self.job] if self.state == "lost" else [])
        if self.state == "lost":
            self._lose()

    @rule()
    def cancel(self) -> None:
        if self.state in ("succeeded", "failed", "cancelled"):
            with pytest.raises(JobStateConflict):
                self.store.cancel(self.job)
            return
        self.wanted = False
        answer = self.store.cancel(self.job)
        assert answer == ("requested" if self.state == "running" else "cancelled")
        if self.state == "lost":
            self._lose()
        elif self.state == "queued":
            self.state = "cancelled"

    @rule()
    def retry(self) -> None:
        if self.state in ("queued", "running", "lost"):
            with pytest.raises(JobStateConflict):
                self.store.retry(self.job)
            return
        self.store.retry(self.job)
        self.state, self.wanted, self.lost = "queued", True, 0

    @rule()
    def resume(self) -> None:
        if self.state not in ("failed", "cancelled"):
            with pytest.raises(JobStateConflict):
                self.store.resume(self.job)
            return
        self.store.resume(self.job)
        self.state, self.wanted, self.lost = "queued", True, 0

    @rule()
    def extend(self) -> None:
        steps = self.store.job(self.job).steps + 1
        if self.state != "succeeded":
            with pytest.raises(JobStateConflict):
                self.store.extend(self.job, steps)
            return
        self.store.extend(self.job, steps)
        assert self.store.job(self.job).steps == steps
        self.state, self.wanted, self.lost = "queued", True, 0

    @invariant()
    def rows_and_events_agree_with_the_model(self) -> None:
        assert self.store.job(self.job).state == self.state
        with self.store.engine.connect() as connection:
            row = connection.execute(select(models.Job.__table__)).mappings().one()
        assert STATE_AFTER[self.store.events(self.job)[-1].kind] == row["state"]
        assert (row["lease_token"] or "") == self.holder
        leased = [row[name] is not None for name in ("lease_token", "lease_expires_at", "worker_id")]
        assert leased == [row["state"] == "running"] * 3
        assert (row["finished_at"] is None) == (row["state"] in ("queued", "running"))
        assert row["lost"] == self.lost

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def _lose(self) -> None:
        self.lost, self.holder = self.lost + 1, ""
        self.state = "cancelled" if not self.wanted else "failed" if self.lost == 3 else "queued"

    @contextmanager
    def _fenced(self, token: str) -> Iterator[None]:
        """Expect LeaseLost, and nothing after it, unless the token is the holder's."""
        if token == self.holder:
            yield
            return
        with pytest.raises(LeaseLost):
            yield

    def _outcome(self, token: str) -> str | None:
        with self.store.engine.connect() as connection:
            query = select(models.Attempt.outcome).where(models.Attempt.token == token)
            return connection.execute(query).scalar_one()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
