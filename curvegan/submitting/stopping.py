"""Many jobs stopped at once."""

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store


CANCELLED = {"cancelled": "is cancelled", "requested": "will be stopped by its worker within seconds"}
"""What is said of a job, by what its cancelling came to."""
QUEUED_AGAIN = "is queued again"
"""What is said of a job that runs again."""


def stopped(
    store: "Store", where: "Filter | None", reason: str | None = None, force: bool = False
) -> tuple[list[int], Counter[str]]:
    """Cancel what is queued and ask the workers for the rest, until there is no more of either.

    With `force` the rest is taken from the workers at once.

    Returns the ids, and how many are "cancelled" by now and how many "requested". Raises InvalidInput for the reason.
    """
    from curvegan_db.errors import JobStateConflict

    done: Counter[str] = Counter()
    ids: list[int] = []
    while any(parts := store.cancel_jobs(where, reason, force)):
        cancelled, asked, left = parts
        done.update(cancelled=len(cancelled), requested=len(asked))
        ids += [*cancelled, *asked, *left]
        for job_id in left:
            with suppress(JobStateConflict):  # one that has ended by now is nobody's to cancel
                done[store.cancel(job_id, reason, force)] += 1
    return sorted(ids), done
