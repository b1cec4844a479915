"""`curvegan worker`: a command that becomes a supervisor. The process stays; all that the command imported goes."""

import os
import sys
from typing import NoReturn

from curvegan_db.store import open_store
from curvegan_worker.host.environment import worker_environment
from curvegan_worker.options import options
from curvegan_worker.settings import Settings


def become_supervisor(
    settings: Settings, concurrency: int, device: str, exit_when_idle: float | None, hang_after: float
) -> NoReturn:
    """Run worker processes until a signal, or until all were idle for `exit_when_idle` seconds.

    A process whose training does not get on for `hang_after` seconds is killed and replaced.

    Raises:
        DatabaseUnreachable, DatabaseRefuses, SchemaOutdated: before any process starts.
    """
    with open_store(settings.database_url, options.lease_s) as store:
        store.check_writable()
    told = {"DEVICE": device} | ({} if exit_when_idle is None else {"IDLE": str(exit_when_idle)})
    environment = worker_environment(os.environ) | settings.environment()
    environment |= {f"CURVEGAN_WORKER_{name}": value for name, value in told.items()}
    environment |= {"CURVEGAN_HANG_SECONDS": str(hang_after), "CURVEGAN_WORKERS": str(concurrency)}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "curvegan_worker"], environment)
