"""Jobs as they were a moment ago: those that were read together are read again together."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.values import Job as Record

# What is said of a job is at most so old.
FRESH_S = 0.5


class Look:
    """What was read of some jobs; however many they are, to read them again is one question."""

    def __init__(self, services: "Services", ids: Sequence[int], records: "Sequence[Record]" = ()) -> None:
        """Make it; `records` are these jobs where they have just been read."""
        self._services, self._ids = services, ids
        self._records = {record.id: record for record in records}
        self._seen = time.monotonic() if records else -FRESH_S
        self._lock = threading.Lock()

    def record(self, job_id: int) -> "Record":
        """Return a job, as it was FRESH_S ago at most. Raises JobNotFound."""
        from curvegan_db.errors import JobNotFound

        with self._lock:
            if time.monotonic() - self._seen >= FRESH_S:
                records = self._services.store.jobs(ids=self._ids)
                self._records = {record.id: record for record in records}
                self._seen = time.monotonic()
            if job_id not in self._records:
                raise JobNotFound(job_id)
            return self._records[job_id]

    def forget(self) -> None:
        """Have the jobs read again when they are looked at next."""
        with self._lock:
            self._seen = -FRESH_S
