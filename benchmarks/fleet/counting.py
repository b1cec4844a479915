"""What of a simulated fleet is counted: its jobs and claims in a window of time, and what they cost."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil
from sqlalchemy import text

from benchmarks.service import cpu_of
from curvegan_db.store import Store

_COUNTS = "SELECT xact_commit, pg_current_wal_lsn() - '0/0' FROM pg_stat_database WHERE datname = current_database()"
_WAITS = "SELECT wait_event, count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' GROUP BY wait_event"
Notes = dict[str, list[tuple[float, float]]]
"""When each call of a kind began, and the seconds that it took."""


def figures(
    notes: Notes,
    probe: Notes,
    window: tuple[float, float],
    before: dict[str, float],
    after: dict[str, float],
) -> dict[str, object]:
    """What was noted within the window."""
    lasted = window[1] - window[0]

    def inside(of: Notes, what: str) -> list[float]:
        return [1000 * took for at, took in of.get(what, ()) if window[0] <= at <= window[1]]

    jobs = len(inside(notes, "job")) + len(inside(probe, "job"))
    spent = {what: after[what] - before[what] for what in before}
    claims = inside(probe, "claim")
    p50, p99 = np.percentile(claims or [float("nan")], [50, 99]).tolist()
    found: dict[str, object] = {"jobs/s": jobs / lasted, "claim p50, ms": p50, "p99, ms": p99, "claims": len(claims)}
    found |= {f"{what}s/s": len(inside(notes, what)) / lasted for what in ("beat", "record")}
    found["cores of the database"] = spent["database"] / lasted
    found |= {f"{what}, CPU ms/job": 1000 * spent[what] / max(jobs, 1) for what in ("database", "workers")}
    if spent["transactions"]:
        found |= {"transactions/s": spent["transactions"] / lasted, "WAL, kB/job": spent["wal"] / 1000 / max(jobs, 1)}
    return found


def look(store: Store, running: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    """What database and workers have spent so far."""
    workers = [psutil.Process(process.pid) for process, _ in running]
    servers = [p for p in psutil.Process().children(recursive=True) if p.name() == "postgres"]
    found = {"workers": cpu_of(workers), "database": cpu_of(servers), "transactions": 0.0, "wal": 0.0}
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect() as connection:
            found["transactions"], found["wal"] = map(float, connection.execute(text(_COUNTS)).one())
    return found


class Waits:
    """How many connections waited for a lock, look by look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: list[Counter[str]] = []

    def look(self) -> None:
        """Look once."""
        with self._store.engine.connect() as connection:
            self._seen.append(Counter({str(event): int(n) for event, n in connection.execute(text(_WAITS))}))

    def figures(self) -> dict[str, object]:
        """Rows' locks, and others."""
        others = [each.pop("extend", 0) for each in self._seen]
        rows = [sum(each.values()) for each in self._seen]
        return {
            "waiting for rows, mean": float(np.mean(rows)),
            "most": max(rows),
            "to extend, mean": float(np.mean(others)),
            "to extend, most": max(others),
        }
