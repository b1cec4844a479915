"""The results store: the verbs of the product over one SQL database."""

from types import TracebackType
from typing import Self

from curvegan_db.sql import migrate
from curvegan_db.sql.database import MOST_LOCKED_S, make_engine
from curvegan_db.sql.transactions import LEASE_S
from curvegan_db.verbs.claims import Claims
from curvegan_db.verbs.datasets import Datasets
from curvegan_db.verbs.forks import Forks
from curvegan_db.verbs.jobs import Jobs
from curvegan_db.verbs.labels import Labels
from curvegan_db.verbs.leases import Leases
from curvegan_db.verbs.logs import Logs
from curvegan_db.verbs.looking.changes import Changes
from curvegan_db.verbs.looking.comparing import Comparing
from curvegan_db.verbs.looking.details import Details
from curvegan_db.verbs.looking.gauges import Gauging
from curvegan_db.verbs.looking.standing import Standings
from curvegan_db.verbs.many import Many
from curvegan_db.verbs.paces import Paces
from curvegan_db.verbs.progress import Progress
from curvegan_db.verbs.reruns import Reruns
from curvegan_db.verbs.results import Results
from curvegan_db.verbs.studies import Studies
from curvegan_db.verbs.sweeps import Sweeps
from curvegan_db.verbs.upkeep.access import Access
from curvegan_db.verbs.upkeep.copying import Copying
from curvegan_db.verbs.upkeep.pruning import Prunes
from curvegan_db.verbs.workers import Workers

__all__ = ["Store", "make_engine", "open_store"]


class Store(
    Jobs,
    Reruns,
    Forks,
    Sweeps,
    Many,
    Studies,
    Paces,
    Standings,
    Changes,
    Gauging,
    Comparing,
    Copying,
    Datasets,
    Results,
    Logs,
    Labels,
    Details,
    Claims,
    Leases,
    Workers,
    Progress,
    Prunes,
    Access,
):
    """Jobs and what came of them. These rules hold on SQLite and on PostgreSQL:

    * Each method is one transaction: all of it happened or nothing. What it returns are plain values.
    * A job is queued, running, succeeded, failed or cancelled. Every change writes an event in the same transaction.
    * A running job has a lease: a token, an expiry by the database's clock, a worker. A job that does not run has none.
    * Whoever holds the token may write, nobody else: every write of a worker locks the job under (id, token) first
      and leaves out a job without such a row. So a worker that was given up for dead can damage nothing.
    * A lease that ran out but was not taken back yet is still the worker's: a late heartbeat renews it.
    * A job is shown as lost from the moment its lease ran out, whether or not a reaper came by.
    * A lost job goes back to the queue and keeps what was recorded. After the third time it fails with reason "lost",
      unless one of its last two attempts stored a checkpoint. Jobs that were lost are not claimed with others.
    * A job whose cancel was requested never goes back to the queue: released or lost, it is cancelled.
    * The jobs of a sweep are stored together or not at all; then each goes its own way.
    * An ended job runs again afresh (retry), from its last checkpoint (resume), or beyond its end (extend).
    * Writing the same twice does it once, so that a worker may repeat a call whose answer it did not hear.
    * Only finite metrics are stored (SQLite would turn NaN into NULL, PostgreSQL refuses it in JSON).
    * Ids are never given twice.

    A store may be used by several threads. Errors of the service are DatabaseUnreachable, with the reason in one line.
    """

    def close(self) -> None:
        """Close the connections. The store can still be used: it opens new ones."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, lease_s: float = LEASE_S, kept: int = 5) -> Store:
    """Open a store, ready to use: an embedded one is upgraded, any other is checked.

    Raises InvalidInput, DatabaseUnreachable, SchemaOutdated.

    Args:
        lease_s: how long a claim holds without a heartbeat.
        kept: how many connections to PostgreSQL stay open between transactions.
    """
    engine = make_engine(url, min(MOST_LOCKED_S, lease_s / 3) if lease_s > 0 else MOST_LOCKED_S, kept)
    try:
        migrate.prepare(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, lease_s)
