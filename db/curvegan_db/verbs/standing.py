"""How many jobs stand as a whole, and which of them a person wants to see first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, case, cast, func

from curvegan_db.columns import MOST_ID, JobState
from curvegan_db.filters.language import Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.tables.states import displayed_as
from curvegan_db.values import LOST, Job
from curvegan_db.verbs.jobs import filtered, job_values

# Bound parameters of one statement, for jobs that are named one by one.
_MOST_NAMED = 10_000


@dataclass(frozen=True)
class Standing:
    """Jobs counted by displayed state, the steps that are left by pack key, and the first to look at."""

    states: dict[str, int]
    steps_left: dict[str, int]
    jobs: list[Job]


class Standings(Transactions):
    """The part of the store that sums up any jobs."""

    def standing(
        self,
        limit: int,
        ids: Collection[int] | None = None,
        states: Sequence[str] = (),
        tags: Sequence[str] = (),
        sweep: int | None = None,
        where: Filter | None = None,
    ) -> Standing:
        """Return how jobs stand, chosen as `Jobs.jobs` does, and the first few of them.

        The running ones come first, then those that have ended, the newest end first, then the queued ones in their
        order. Of more ids than a statement takes the newest are looked at.
        """
        job = models.Job
        with self._read() as session:
            moment = now(session)
            chosen: Select[Any] = filtered(states, tags, sweep, moment)
            if where is not None:
                chosen = chosen.where(where.condition(moment))
            if ids is not None:
                known = sorted(job_id for job_id in ids if 0 < job_id <= MOST_ID)[-_MOST_NAMED:]
                chosen = chosen.where(job.id.in_(known))
            lost, queued = displayed_as(LOST, moment), displayed_as(JobState.QUEUED, moment)
            # The condition in the group by once more would be another parameter for PostgreSQL: by its name.
            shown = case((lost, LOST), (queued, JobState.QUEUED.value), else_=cast(job.state, String)).label("shown")
            per_state = chosen.with_only_columns(shown, func.count()).group_by("shown")
            counts = {str(state): count for state, count in session.execute(per_state)}
            unfinished = chosen.where(job.state.in_((JobState.QUEUED, JobState.RUNNING)))
            left = unfinished.with_only_columns(job.pack_key, func.sum(job.steps - job.step)).group_by(job.pack_key)
            steps = {key: int(count) for key, count in session.execute(left)}
            rank = case((queued, 2), (in_state(JobState.RUNNING), 0), else_=1)
            order = (rank, job.finished_at.desc(), job.priority.desc(), job.id)
            first = session.scalars(chosen.order_by(*order).limit(limit)).all()
            return Standing(counts, steps, job_values(session, first, moment))
