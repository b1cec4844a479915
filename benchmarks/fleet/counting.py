"""What of a simulated fleet is counted: its jobs and claims in a window of time, and what they cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil
from sqlalchemy import text

from benchmarks.service import cpu_of
from curvegan_db.store import Store

_COUNTS = "SELECT xact_commit, pg_current_wal_lsn() - '0/0' FROM pg_stat_database WHERE datname = current_database()"
Notes = dict[str, list[tuple[float, float]]]
"""When each call of a kind began, and the seconds that it took."""


def figures(
    notes: Notes,
    probe: Notes,
    window: tuple[float, float],
    before: dict[str, float],
    after: dict[str, float],
) -> dict[str, float]:
    """What was noted within the window."""
    lasted = window[1] - window[0]

    def inside(of: Notes, what: str) -> list[float]:
        return [1000 * took for at, took in of.get(what, ()) if window[0] <= at <= window[1]]

    jobs = len(inside(notes, "job")) + len(inside(probe, "job"))
    spent = {what: after[what] - before[what] for what in before}
    found = {"jobs/s": jobs / lasted, "claim p50, ms": np.percentile(inside(probe, "claim"), 50)}
    found["claim p99, ms"] = float(np.percentile(inside(probe, "claim"), 99))
    found |= {f"{what}s/s": len(inside(notes, what)) / lasted for what in ("claim", "beat", "record", "poll")}
    found["cores of the database"] = spent["database"] / lasted
    found |= {f"{what}, CPU ms/job": 1000 * spent[what] / max(jobs, 1) for what in ("database", "workers")}
    found["transactions/s"] = spent["transactions"] / lasted
    return found | {"WAL, kB/job": spent["wal"] / 1000 / max(jobs, 1)}


def look(store: Store, running: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    """What database and workers have spent so far."""
    workers = [psutil.Process(process.pid) for process, _ in running]
    servers = [p for p in psutil.Process().children(recursive=True) if p.name() == "postgres"]
    found = {"workers": cpu_of(workers), "database": cpu_of(servers), "transactions": 0.0, "wal": 0.0}
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect() as connection:
            found["transactions"], found["wal"] = map(float, connection.execute(text(_COUNTS)).one())
    return found


def count(store: Store, condition: str) -> int:
    """How many of the server's processes are so; none on SQLite."""
    if store.engine.dialect.name != "postgresql":
        return 0
    with store.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {condition}")).scalar_one())
