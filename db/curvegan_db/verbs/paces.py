"""How fast jobs go, by what was trained lately, and how many steps are left to do: what an estimate needs."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, Self

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import JobState
from curvegan_db.sql.transactions import Transactions
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.values import ANY, ENGINES
from curvegan_db.verbs.claims import needed_engine

_RECENT = 1_000


class Kind(NamedTuple):
    """What the pace of a job follows from: its pack key, and the engine that it needs, ANY where either will do."""

    pack_key: str
    engine: str

    @classmethod
    def of(cls, config: TrainConfig) -> Self:
        """Return that of a config's jobs."""
        return cls(config.pack_key, config.wanted_engine)


class _Pack(NamedTuple):
    """What the jobs of a claim took that have one pack key."""

    key: str
    engine: str | None
    seconds: float
    steps: int


class Paces(Transactions):
    """The part of the store that knows how fast jobs go."""

    def paces(self, kinds: Collection[Kind]) -> dict[Kind, float]:
        """Return seconds that one worker took for a step of a job, by kind, among the jobs that succeeded last.

        A pack counts from its claim to its last end: what the steps of all its jobs cost one worker, results included.
        A pack key that none of them has goes like the others that are asked for of its engine, else like all that its
        engine trained; where that trained nothing the kind is missing.
        """
        packs = self._recent_packs()
        own = {kind: _pace(pack for pack in packs if pack.key == kind.pack_key) for kind in kinds}
        usual = {}
        for engine in {kind.engine for kind in kinds}:
            alike = [pace for kind, pace in own.items() if pace and kind.engine == engine]
            usual[engine] = sum(alike) / len(alike) if alike else _pace(_trained(packs, engine))
        return {kind: pace for kind in kinds if (pace := own[kind] or usual[kind.engine])}

    def _recent_packs(self) -> list[_Pack]:
        job, attempt = models.Job, models.Attempt
        newest = select(job.id).where(in_state(JobState.SUCCEEDED)).order_by(job.id.desc()).limit(_RECENT)
        packs = (
            select(
                job.pack_key,
                job.engine,
                func.min(attempt.claimed_at),
                func.max(attempt.ended_at),
                func.sum(job.step - attempt.began_step),
            )
            .join(attempt, (attempt.job_id == job.id) & (attempt.attempt == job.attempt))
            .where(job.id.in_(newest.scalar_subquery()), attempt.ended_at.is_not(None), attempt.began_step < job.step)
            .group_by(job.pack_key, job.engine, attempt.token)
        )
        with self._read() as session:
            return [
                _Pack(key, engine, (ended_at - claimed_at).total_seconds(), int(steps))
                for key, engine, claimed_at, ended_at, steps in session.execute(packs)
                if ended_at and claimed_at
            ]


def _trained(packs: Collection[_Pack], engine: str) -> Collection[_Pack]:
    """Return what an engine trained; for jobs that either can train that of the first of ENGINES, else all."""
    if engine != ANY:
        return [pack for pack in packs if pack.engine == engine]
    return _trained(packs, ENGINES[0]) or packs


def _pace(packs: Iterable[_Pack]) -> float | None:
    """Return the seconds that a step took; None where nothing was trained."""
    known = [*packs]
    return sum(pack.seconds for pack in known) / sum(pack.steps for pack in known) if known else None


def steps_by_kind(session: Session, unfinished: Select[Any]) -> dict[Kind, int]:
    """Return the steps that the jobs of a query have before them, by kind."""
    job, kind = models.Job, (models.Job.pack_key, needed_engine())
    left = unfinished.with_only_columns(*kind, func.sum(job.steps - job.step)).group_by(*kind)
    return {Kind(key, engine): int(steps) for key, engine, steps in session.execute(left)}
