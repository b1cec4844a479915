"""Jobs that go into another store: from a laptop's file to PostgreSQL, and back."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from curvegan.services import Services

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter
    from curvegan_db.verbs.upkeep.copying import Copied

# Jobs that go in one transaction: some 25 MB of results.
_BATCH = 25
Batches = Iterable[Sequence[int]]


def copied_to(
    services: Services, url: str, where: "Filter | None", progress: Callable[[Batches, int], Batches] = lambda b, _: b
) -> "Copied":
    """Copy the jobs that a filter means, and that have ended, to the store of a URL; what is there stays as it is.

    A batch is a transaction there: after an interruption the same again brings the rest. `progress` is handed the
    batches of ids and their number.

    Raises InvalidInput, DatabaseUnreachable, SchemaOutdated.
    """
    from curvegan_db.verbs.upkeep.copying import Copied

    other = Services(home=str(services.settings.home), database_url=url)
    copied = Copied()
    try:
        ids, target = services.store.ended(where), other.store
        batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
        for batch in progress(batches, len(batches)):
            copied |= target.unbundle(services.store.bundle(batch))
    finally:
        other.close()
    return copied
