"""Errors of the results store. Their place in the tree is drawn in curvegan_core.errors."""

from curvegan_core.errors import CurveganError, InvalidInput, ServiceUnavailable

# As sqlite3.SQLITE_BUSY, which a client of PostgreSQL need not import.
_SQLITE_BUSY = 5


class JobNotFound(InvalidInput):
    """No job has this id."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"no job {job_id}; `curvegan status` lists the jobs")
        self.job_id = job_id


class ResultNotFound(InvalidInput):
    """The job has no such result, or not yet."""


class JobStateConflict(InvalidInput):
    """The job's state does not allow this."""


class SweepNotFound(InvalidInput):
    """No sweep has this id."""

    def __init__(self, sweep_id: int) -> None:
        super().__init__(f"no sweep {sweep_id}; `curvegan sweeps` lists them, `curvegan sweep` makes one")


class DatasetNotFound(InvalidInput):
    """No data set has this name or this hash."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no data set {what}; `curvegan data list` shows what there is, `curvegan data add` adds one")


class DatasetConflict(InvalidInput):
    """A data set's name is taken, or jobs still need it, or a config says of it what is not so."""


class DatabaseUnreachable(ServiceUnavailable):
    """The database does not answer, refuses us, or is not a database."""

    def __init__(self, url: str, reason: str) -> None:
        check = "check CURVEGAN_DATABASE_URL (--database-url) or CURVEGAN_HOME"
        super().__init__(f"cannot use the database {url}: {reason}; {check}")

    @property
    def is_busy(self) -> bool:
        """Whether the file of an embedded store is only locked, by who will let it go."""
        return getattr(self.__cause__, "sqlite_errorcode", 0) & 0xFF == _SQLITE_BUSY


class DatabaseRefuses(DatabaseUnreachable):
    """The database answers, but lets us not write, or not read: a replica, or a role without the right to."""


class DatabaseTaken(ServiceUnavailable):
    """Another application has tables of our names in the database."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the database {url} has tables of another application: {reason}; give curvegan a database of its own, or "
            "on PostgreSQL a schema: ?options=-csearch_path%3DSCHEMA at the end of the URL"
        )


class SchemaOutdated(ServiceUnavailable):
    """The database was made by another version of curvegan."""

    def __init__(self, current: str | None, head: str, newer: bool) -> None:
        schema = f"at {current}" if current else "empty"
        if newer:
            super().__init__(f"the database is {schema}, newer than this curvegan ({head}): install a newer curvegan")
        else:
            super().__init__(f"the database is {schema}, this curvegan needs {head}: run `curvegan db upgrade`")


class ConfigUnreadable(ServiceUnavailable):
    """A job's config is none that this version can read: a newer one queued it."""

    def __init__(self, job_id: int, why: str) -> None:
        self.why = why
        super().__init__(
            f"job {job_id} has a config that this curvegan cannot read: {why}; install the version that queued it"
        )


class ResultDamaged(CurveganError):
    """What is stored is not what a worker wrote: nothing is read from it."""

    def __init__(self, job_id: int, what: str, why: str) -> None:
        again = f"`curvegan retry {job_id}` trains the job again"
        super().__init__(f"the stored {what} of job {job_id} is refused, for it is damaged: {why}; {again}")


class LeaseLost(CurveganError):
    """The job is no longer this worker's: its lease ran out, or it was ended. Nothing was written."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"the lease on job {job_id} is lost")
        self.job_id = job_id


class WorkerForgotten(CurveganError):
    """The worker is not registered, or was silent for so long that its row is gone: it must register again."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(f"worker {worker_id} is not registered")
